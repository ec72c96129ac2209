use super::patterns::{PATTERNS_MAX, Rows, Wildcards, row_weights, segment_columns, segments, threshold};
use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "basket",
    usage: "basket([Threshold], [WeightColumn], [MaxDimensions], [CustomWildcard, ...])",
    summary: "Finds the frequent patterns of a table: values of columns that at least a share Threshold (0.05) of the rows have \
              together. A pattern holds every value that all of its rows share; values that come of themselves do not count \
              towards MaxDimensions (5). Rows weigh as WeightColumn says. The most frequent pattern comes first; a column \
              that is not part of it is null, or the CustomWildcard of its type. `~` stands for an argument's default.",
    examples: &[(
        "datatable(a:string, b:string) ['x', 'y', 'x', 'y', 'z', ''] | evaluate basket(0.5) | project Count",
        "2",
    )],
    arity: (0, usize::MAX),
    columns: |shape| segment_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["Threshold", "WeightColumn", "MaxDimensions"];

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let table = input(call)?;
    let threshold = threshold(&args, 0)?;
    let weight_column = args.opt_column(1)?;
    let depth = args.opt_long(2)?.map_or(5, |n| usize::try_from(n).unwrap_or(0));
    let wildcards = Wildcards::read(&args.rest)?;
    let weights = row_weights(table, weight_column)?;

    let shown = visible(&table.columns);
    let dimensions = shown.iter().copied().filter(|column| Some(*column) != weight_column).collect();
    let weight = |row: usize| [weights.get(row).copied().unwrap_or(0.0), 0.0];
    let rows = Rows::read(table, dimensions, threshold, weight)?;
    let mut patterns = rows.closed(threshold, depth)?;
    if patterns.len() > PATTERNS_MAX {
        return Err(EvalError::new("there are too many patterns: raise the threshold, or keep fewer columns"));
    }
    patterns.sort_by(|a, b| b.weights[0].total_cmp(&a.weights[0]).then(a.items.cmp(&b.items)));
    segments(call, &rows, table, &patterns, &wildcards)
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    fn storms() -> Table {
        table(
            "State:string EventType:string Damage:string DamageCrops:int n:long",
            &[
                ["TEXAS", "Hail", "NO", "0", "30"],
                ["OHIO", "Hail", "NO", "0", "15"],
                ["OHIO", "Wind", "YES", "0", "10"],
                ["TEXAS", "Wind", "YES", "7", "5"],
                ["IOWA", "Flood", "NO", "0", "40"],
            ],
        )
    }

    #[test]
    fn what_follows_of_itself_is_part_of_a_pattern() {
        let args = [constant(KqlType::Real, "0.3"), PluginArg::Column(4)];
        let (heading, found) = result(&PLUGIN, &[storms()], &args);
        assert_eq!(
            heading,
            "SegmentId:long Count:long Percent:real State:string EventType:string Damage:string DamageCrops:int n:long"
        );
        let expected = "0|95|95.0||||0|null
                        1|85|85.0|||NO|0|null
                        2|45|45.0||Hail|NO|0|null
                        3|40|40.0|IOWA|Flood|NO|0|null
                        4|35|35.0|TEXAS||||null
                        5|30|30.0|TEXAS|Hail|NO|0|null";
        assert_eq!(found, rows(&expected.replace("TEXAS||||", "TEXAS|||null|")));
    }

    #[test]
    fn wildcards_and_defaults() {
        let args = [text("~"), text("~"), constant(KqlType::Long, "1"), text("*"), constant(KqlType::Int, "-1")];
        let (_, found) = result(&PLUGIN, &[storms()], &args);
        assert_eq!(found[0], ["0", "4", "80.0", "*", "*", "*", "0", "null"]);
        // With one dimension TEXAS and Hail are found, but not together, as neither implies the other.
        assert!(
            found.iter().any(|row| row[3] == "TEXAS" && row[4] == "*")
                && !found.iter().any(|row| row[3] == "TEXAS" && row[4] == "Hail")
        );
        assert_ne!(failure(&PLUGIN, &[storms()], &[constant(KqlType::Real, "0.01")]), "");
        assert_ne!(failure(&PLUGIN, &[storms()], &[text("~"), PluginArg::Column(0)]), "");
    }
}
