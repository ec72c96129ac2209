use super::prelude::*;
use super::timeline::{Activity, Bins, Step, cells, columns, point};
use std::collections::{BTreeMap, HashSet};

pub static PLUGIN: Plugin = Plugin {
    name: "activity_counts_metrics",
    usage: "activity_counts_metrics(IdColumn, TimelineColumn, Start, End, Step, dimension, ...)",
    summary: "Counts, per step and dimensions, the records, the distinct ids, the ids that no earlier step had, and the ids \
              of all steps so far. Steps without a record have no row.",
    examples: &[(
        "datatable(id:long, t:long) [1, 0, 1, 1, 2, 1] | evaluate activity_counts_metrics(id, t, 0, 1, 1) | where t == 1 | project new_dcount",
        "1",
    )],
    arity: (5, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["IdColumn", "TimelineColumn", "Start", "End", "Step"];
const METRICS: &[(&str, KqlType)] = &[
    ("count", KqlType::Long),
    ("dcount", KqlType::Long),
    ("new_dcount", KqlType::Long),
    ("aggregated_dcount", KqlType::Long),
];

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, shape.args)?;
    columns(shape, &args, &args.dimensions()?, METRICS)
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let activity = Activity::read(call, &args)?;
    let dimensions = args.dimensions()?;
    let step = Step::read(&args, 4, activity.timeline.ktype)?;
    let bins = Bins { start: point(&args, 2, "Start")?, end: point(&args, 3, "End")?, step };

    let groups = Groups::by(activity.table, &dimensions)?;
    let ids = Groups::by(activity.table, &[activity.id])?;
    let mut found: BTreeMap<(usize, i64), (i64, HashSet<usize>)> = BTreeMap::new();
    for ((time, group), id) in activity.timeline.times.iter().zip(&groups.of_row).zip(&ids.of_row) {
        if let Some(time) = time.filter(|time| bins.contains(*time)) {
            let (count, seen) = found.entry((*group, bins.index(time))).or_default();
            *count += 1;
            seen.insert(*id);
        }
    }
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    let mut so_far: (usize, HashSet<usize>) = Default::default();
    for ((group, bin), (count, ids)) in found {
        if so_far.0 != group {
            so_far = (group, HashSet::new());
        }
        let known = so_far.1.len();
        let dcount = ids.len();
        so_far.1.extend(ids);
        let row = groups.first_row.get(group).copied().unwrap_or(0);
        let metrics = [count, dcount as i64, (so_far.1.len() - known) as i64, so_far.1.len() as i64];
        let bin = activity.timeline.value(bins.begin(bin));
        let dimensions = cells(activity.table, &dimensions, row)?;
        result.push(std::iter::once(bin).chain(dimensions).chain(metrics.map(Value::Long)))?;
    }
    Ok(result.finish())
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn counts_of_the_reference() {
        let days = [("01", "ADJB"), ("02", "CTJ"), ("03", "HTTJBS"), ("04", "S"), ("05", "Z")];
        let records: Vec<[String; 3]> = days
            .iter()
            .flat_map(|(day, ids)| {
                ids.chars().map(move |id| [id.to_string(), format!("2017-08-{day}"), "x".to_string()])
            })
            .collect();
        let records: Vec<[&str; 3]> = records.iter().map(|row| row.each_ref().map(String::as_str)).collect();
        let table = table("UserId:string Timestamp:datetime Kind:string", &records);
        let mut args = vec![PluginArg::Column(0), PluginArg::Column(1), at("2017-08-01"), at("2017-08-04"), span("1d")];
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &args);
        assert_eq!(heading, "Timestamp:datetime count:long dcount:long new_dcount:long aggregated_dcount:long");
        let expected = "2017-08-01|4|4|4|4 \n 2017-08-02|3|3|2|6 \n 2017-08-03|6|5|2|8 \n 2017-08-04|1|1|0|8";
        assert_eq!(found, rows(expected));
        args.push(PluginArg::Column(2));
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &args);
        assert!(heading.starts_with("Timestamp:datetime Kind:string count:long") && found[0][1] == "x");
        args[4] = text("fortnight");
        assert_ne!(failure(&PLUGIN, &[table], &args), "");
    }
}
