use super::input::sort_keys;
use super::prelude::*;
use super::timeline::{BINS_MAX, Bins, Step, Timeline, cells, distance};
use std::collections::BTreeMap;

pub static PLUGIN: Plugin = Plugin {
    name: "rolling_percentile",
    usage: "rolling_percentile(ValueColumn, Percentile, IndexColumn, BinSize, BinsPerWindow, dimension, ...)",
    summary: "Gives, per bin and dimensions, the percentile of the values in the window of BinsPerWindow bins that ends with \
              the bin: the smallest value that at least Percentile percent of the values do not exceed. Bins are those of \
              `bin()`, from the first with a value to the last; windows without a value have no row.",
    examples: &[(
        "range x from 1 to 6 step 1 | evaluate rolling_percentile(x, 50, x, 2, 2) | where x == 4 | project rolling_2_percentile_x_50",
        "3",
    )],
    arity: (5, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["ValueColumn", "Percentile", "IndexColumn", "BinSize", "BinsPerWindow"];

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, shape.args)?;
    let input = input_columns(shape)?;
    let value = column_at(input, args.column(0)?)?;
    let mut columns = vec![column_at(input, args.column(2)?)?.clone()];
    for dimension in args.dimensions()? {
        columns.push(column_at(input, dimension)?.clone());
    }
    let (bins, percentile) = (args.value(4)?.to_text(), args.value(1)?.to_text());
    columns.push(Column::new(format!("rolling_{bins}_percentile_{}_{percentile}", value.name), value.ktype));
    Ok(columns)
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let table = input(call)?;
    let value = args.column(0)?;
    let percentile = args.opt_real(1)?.filter(|p| (0.0..=100.0).contains(p));
    let percentile = percentile.ok_or_else(|| EvalError::new("`Percentile` must lie between 0 and 100"))?;
    let timeline = Timeline::read(table, args.column(2)?)?;
    let bins = Bins { start: 0, end: i64::MAX, step: Step::Length(distance(&args, 3, "BinSize")?) };
    let window = distance(&args, 4, "BinsPerWindow")?;
    let dimensions = args.dimensions()?;

    let groups = Groups::by(table, &dimensions)?;
    let values = table.array(value)?;
    let keys = sort_keys(std::slice::from_ref(values))?;
    let mut found: BTreeMap<usize, BTreeMap<i64, Vec<usize>>> = BTreeMap::new();
    for (row, (time, group)) in timeline.times.iter().zip(&groups.of_row).enumerate() {
        if let Some(time) = time.filter(|_| values.is_valid(row)) {
            found.entry(*group).or_default().entry(bins.index(time)).or_default().push(row);
        }
    }
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    for (group, by_bin) in &found {
        let (Some((first, _)), Some((last, _))) = (by_bin.first_key_value(), by_bin.last_key_value()) else { continue };
        if last.saturating_sub(*first) >= BINS_MAX {
            return Err(EvalError::new(format!("the index column spans more than {BINS_MAX} bins")));
        }
        let row = groups.first_row.get(*group).copied().unwrap_or(0);
        let dimensions = cells(table, &dimensions, row)?;
        for bin in *first..=*last {
            let oldest = bin.saturating_sub(window - 1);
            let mut rows: Vec<usize> = by_bin.range(oldest..=bin).flat_map(|(_, rows)| rows.iter().copied()).collect();
            let place = ((percentile / 100.0 * rows.len() as f64).ceil() as usize).saturating_sub(1);
            if place >= rows.len() {
                continue;
            }
            let (_, row, _) = rows.select_nth_unstable_by(place, |a, b| keys.row(*a).cmp(&keys.row(*b)));
            let cell = table.cell(value, *row)?;
            let bin = timeline.value(bins.begin(bin));
            result.push(std::iter::once(bin).chain(dimensions.iter().cloned()).chain([cell]))?;
        }
    }
    Ok(result.finish())
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn medians_of_the_reference() {
        let records: Vec<[String; 3]> = (0..240)
            .map(|i| {
                let even = if i % 2 == 1 { "Even" } else { "Odd" };
                [format!("2018-01-{:02} {:02}:00", i / 24 + 1, i % 24), (i + 1).to_string(), even.to_string()]
            })
            .collect();
        let records: Vec<[&str; 3]> = records.iter().map(|row| row.each_ref().map(String::as_str)).collect();
        let table = table("Timestamp:datetime val:long EvenOrOdd:string", &records);
        let number = |text| constant(KqlType::Long, text);
        let mut args = vec![PluginArg::Column(1), number("50"), PluginArg::Column(0), span("1d"), number("3")];
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &args);
        assert_eq!(heading, "Timestamp:datetime rolling_3_percentile_val_50:long");
        let medians: Vec<&str> = found.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(medians, ["12", "24", "36", "60", "84", "108", "132", "156", "180", "204"]);
        args.push(PluginArg::Column(2));
        let (_, found) = result(&PLUGIN, std::slice::from_ref(&table), &args);
        assert_eq!((found.len(), &found[0][..]), (20, &["2018-01-01".to_string(), "Odd".into(), "11".into()][..]));
        assert_eq!(found[19], ["2018-01-10", "Even", "204"]);
        args[1] = number("101");
        assert_ne!(failure(&PLUGIN, &[table], &args), "");
    }

    #[test]
    fn windows_reach_over_empty_bins() {
        let table = table("t:long v:real", &[["0", "1.5"], ["1", "null"], ["30", "0.5"], ["31", "2.5"]]);
        let number = |text| constant(KqlType::Long, text);
        let args =
            [PluginArg::Column(1), constant(KqlType::Real, "99.5"), PluginArg::Column(0), number("10"), number("2")];
        let (heading, found) = result(&PLUGIN, &[table], &args);
        assert_eq!(
            (heading.as_str(), found),
            ("t:long rolling_2_percentile_v_99.5:real", rows("0|1.5 \n 10|1.5 \n 30|2.5"))
        );
    }
}
