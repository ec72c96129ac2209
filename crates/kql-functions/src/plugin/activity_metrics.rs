use super::prelude::*;
use super::timeline::{Activity, Bins, Step, cells, columns, point};
use std::collections::{BTreeMap, HashSet};

pub static PLUGIN: Plugin = Plugin {
    name: "activity_metrics",
    usage: "activity_metrics(IdColumn, TimelineColumn, [Start, End,] Window, dimension, ...)",
    summary: "Counts, per window and dimensions, the distinct ids and those that the window before did not have, and gives \
              the share of the ids of the window before that came back (retention) and that did not (churn); both are NaN \
              where the window before had none. Without Start and End the whole timeline is taken. Windows without an id \
              have no row.",
    examples: &[(
        "datatable(id:long, t:long) [1, 0, 2, 0, 1, 1] | evaluate activity_metrics(id, t, 0, 1, 1) | where t == 1 | project retention_rate",
        "0.5",
    )],
    arity: (3, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const SHORT: &[&str] = &["IdColumn", "TimelineColumn", "Window"];
const LONG: &[&str] = &["IdColumn", "TimelineColumn", "Start", "End", "Window"];
const METRICS: &[(&str, KqlType)] = &[
    ("dcount_values", KqlType::Long),
    ("dcount_newvalues", KqlType::Long),
    ("retention_rate", KqlType::Real),
    ("churn_rate", KqlType::Real),
];

fn bind(args: &[PluginArg]) -> Result<Arguments<'_>, EvalError> {
    Arguments::bind(PLUGIN.name, if args.len() == SHORT.len() { SHORT } else { LONG }, args)
}

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = bind(shape.args)?;
    columns(shape, &args, &args.dimensions()?, METRICS)
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = bind(call.args)?;
    let activity = Activity::read(call, &args)?;
    let dimensions = args.dimensions()?;
    let is_short = call.args.len() == SHORT.len();
    let step = Step::read(&args, if is_short { 2 } else { 4 }, activity.timeline.ktype)?;
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    let (start, end) = if is_short {
        let Some(range) = activity.timeline.range() else { return Ok(result.finish()) };
        range
    } else {
        (point(&args, 2, "Start")?, point(&args, 3, "End")?)
    };
    let bins = Bins { start, end, step };

    let groups = Groups::by(activity.table, &dimensions)?;
    let ids = Groups::by(activity.table, &[activity.id])?;
    let mut found: BTreeMap<(usize, i64), HashSet<usize>> = BTreeMap::new();
    for ((time, group), id) in activity.timeline.times.iter().zip(&groups.of_row).zip(&ids.of_row) {
        if let Some(time) = time.filter(|time| bins.contains(*time)) {
            found.entry((*group, bins.index(time))).or_default().insert(*id);
        }
    }
    let none = HashSet::new();
    for ((group, bin), ids) in &found {
        let before = found.get(&(*group, bin - 1)).unwrap_or(&none);
        let retained = ids.intersection(before).count();
        let retention = retained as f64 / before.len() as f64;
        let churn = (before.len() - retained) as f64 / before.len() as f64;
        let counts = [ids.len(), ids.len() - retained].map(|count| Value::Long(count as i64));
        let row = groups.first_row.get(*group).copied().unwrap_or(0);
        let bin = activity.timeline.value(bins.begin(*bin));
        let dimensions = cells(activity.table, &dimensions, row)?;
        let metrics = counts.into_iter().chain([Value::Real(retention), Value::Real(churn)]);
        result.push(std::iter::once(bin).chain(dimensions).chain(metrics))?;
    }
    Ok(result.finish())
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn retention_and_churn_complete_each_other() {
        let records =
            [["1", "0"], ["2", "1"], ["3", "1"], ["1", "7"], ["2", "8"], ["4", "9"], ["5", "21"], ["6", "22"]];
        let table = table("Id:long Slot:long", &records);
        let number = |text| constant(KqlType::Long, text);
        let args = [PluginArg::Column(0), PluginArg::Column(1), number("0"), number("21"), number("7")];
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &args);
        assert_eq!(heading, "Slot:long dcount_values:long dcount_newvalues:long retention_rate:real churn_rate:real");
        let third = 1.0 / 3.0;
        let expected = format!("0|3|3|NaN|NaN \n 7|3|1|{}|{third} \n 21|1|1|NaN|NaN", 2.0 * third);
        assert_eq!(found, rows(&expected));
        let short = [PluginArg::Column(0), PluginArg::Column(1), number("100")];
        let (_, found) = result(&PLUGIN, &[table], &short);
        assert_eq!(found, rows("0|6|6|NaN|NaN"));
    }
}
