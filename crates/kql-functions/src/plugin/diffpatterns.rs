use super::patterns::{Pattern, Rows, Wildcards, overlap, percent, row_weights, threshold};
use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "diffpatterns",
    usage: "diffpatterns(SplitColumn, SplitValueA, SplitValueB, [WeightColumn], [Threshold], [MaxDimensions], [CustomWildcard, ...])",
    summary: "Tells two sets of rows apart, those whose SplitColumn has the text SplitValueA and those with SplitValueB: finds \
              patterns, values of columns that rows have together, whose shares of the two sets differ by at least Threshold \
              (0.05). The greatest difference comes first; a pattern that mostly has the rows of one before is left out. \
              MaxDimensions bounds the values of a pattern, those that come of themselves not counted. Rows weigh as \
              WeightColumn says. A column that is not part of a pattern is null, or the CustomWildcard of its type. `~` \
              stands for an argument's default.",
    examples: &[(
        "datatable(s:string, a:string) ['A', 'x', 'A', 'x', 'B', 'y'] | evaluate diffpatterns(s, 'A', 'B') | summarize max(PercentDiffAB)",
        "100.0",
    )],
    arity: (3, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["SplitColumn", "SplitValueA", "SplitValueB", "WeightColumn", "Threshold", "MaxDimensions"];
/// Two patterns with more of their rows in common say the same.
const OVERLAP_MAX: f64 = 0.5;
const PATTERNS_MAX: usize = 100;

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let input = input_columns(shape)?;
    let mut columns: Vec<Column> =
        ["SegmentId", "CountA", "CountB"].into_iter().map(|name| Column::new(name, KqlType::Long)).collect();
    columns.extend(["PercentA", "PercentB", "PercentDiffAB"].map(|name| Column::new(name, KqlType::Real)));
    columns.extend(visible(input).into_iter().filter_map(|i| input.get(i).cloned()));
    Ok(columns)
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let table = input(call)?;
    let split = args.column(0)?;
    let (a, b) = (args.value(1)?.to_text(), args.value(2)?.to_text());
    let weight_column = args.opt_column(3)?;
    let threshold = threshold(&args, 4)?;
    let depth = args.opt_long(5)?.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(0));
    let wildcards = Wildcards::read(&args.rest)?;
    let weights = row_weights(table, weight_column)?;
    let sides =
        (0..table.rows).map(|row| Ok(table.cell(split, row)?.to_text())).collect::<Result<Vec<_>, EvalError>>()?;

    let shown = visible(&table.columns);
    let dimensions =
        shown.iter().copied().filter(|column| *column != split && Some(*column) != weight_column).collect();
    let weight = |row: usize| {
        let weight = weights.get(row).copied().unwrap_or(0.0);
        let is = |side: &str| sides.get(row).is_some_and(|text| text == side);
        [if is(&a) { weight } else { 0.0 }, if is(&b) { weight } else { 0.0 }]
    };
    let rows = Rows::read(table, dimensions, threshold, weight)?;
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    for (i, pattern) in differing(&rows, threshold, depth)?.iter().enumerate() {
        let [in_a, in_b] = pattern.weights;
        let counts = [Value::Long(i as i64), Value::Long(in_a.round() as i64), Value::Long(in_b.round() as i64)];
        let [of_a, of_b] = [percent(in_a, rows.totals[0], 2), percent(in_b, rows.totals[1], 2)];
        let difference = (100.0 * difference(&rows, pattern) * 100.0).round() / 100.0;
        let shares = [of_a, of_b, difference].map(Value::Real);
        let cells = rows.cells(table, &shown, &pattern.items, &wildcards)?;
        result.push(counts.into_iter().chain(shares).chain(cells))?;
    }
    Ok(result.finish())
}

/// Returns the distance between a pattern's shares of the two sets.
fn difference(rows: &Rows, pattern: &Pattern) -> f64 {
    let share = |i: usize| if rows.totals[i] > 0.0 { pattern.weights[i] / rows.totals[i] } else { 0.0 };
    (share(0) - share(1)).abs()
}

/// Returns the patterns that tell the sets apart, most different first, without those that repeat another.
fn differing(rows: &Rows, threshold: f64, depth: usize) -> Result<Vec<Pattern>, EvalError> {
    let mut patterns = rows.closed(threshold, depth)?;
    patterns.retain(|pattern| difference(rows, pattern) >= threshold);
    patterns.sort_by(|a, b| difference(rows, b).total_cmp(&difference(rows, a)).then(a.items.cmp(&b.items)));
    let mut kept: Vec<Pattern> = Vec::new();
    for pattern in patterns {
        if kept.len() == PATTERNS_MAX {
            break;
        }
        if kept.iter().all(|known| overlap(rows, known, &pattern) <= OVERLAP_MAX) {
            kept.push(pattern);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn hail_does_no_damage() {
        let storms = table(
            "Damage:int EventType:string Source:string n:long",
            &[
                ["0", "Hail", "Spotter", "40"],
                ["0", "Hail", "Police", "10"],
                ["0", "Wind", "Spotter", "50"],
                ["1", "Hail", "Spotter", "2"],
                ["1", "Flood", "Press", "18"],
                ["2", "Flood", "Press", "900"],
            ],
        );
        let args = [PluginArg::Column(0), text("0"), text("1"), PluginArg::Column(3), text("~"), text("~"), text("*")];
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&storms), &args);
        assert_eq!(
            heading,
            "SegmentId:long CountA:long CountB:long PercentA:real PercentB:real PercentDiffAB:real Damage:int \
             EventType:string Source:string n:long"
        );
        let expected = "0|0|18|0.0|90.0|90.0|null|Flood|Press|null
                        1|90|2|90.0|10.0|80.0|null|*|Spotter|null
                        2|50|2|50.0|10.0|40.0|null|Hail|*|null
                        3|10|0|10.0|0.0|10.0|null|Hail|Police|null";
        assert_eq!(found, rows(expected));
        assert_ne!(failure(&PLUGIN, &[storms], &[text("0"), text("0"), text("1")]), "");
    }
}
