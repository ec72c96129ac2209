use super::prelude::*;
use super::timeline::{Activity, Bins, SlidingIds, Step, cells, columns, distance, point};
use std::collections::{BTreeMap, HashMap};

pub static PLUGIN: Plugin = Plugin {
    name: "activity_engagement",
    usage: "activity_engagement(IdColumn, TimelineColumn, [Start, End,] InnerActivityWindow, OuterActivityWindow, dimension, ...)",
    summary: "Counts, per inner window and dimensions, the distinct ids in it and those in the outer window that ends with it, \
              and gives the ratio of the two: daily to weekly active users with windows of 1d and 7d. The outer window is \
              rounded down to a multiple of the inner one. Without Start and End the whole timeline is taken. Windows \
              without an id have no row.",
    examples: &[(
        "datatable(id:long, t:long) [1, 0, 2, 0, 1, 1] | evaluate activity_engagement(id, t, 0, 1, 1, 2) | where t == 1 | project activity_ratio",
        "0.5",
    )],
    arity: (4, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const SHORT: &[&str] = &["IdColumn", "TimelineColumn", "InnerActivityWindow", "OuterActivityWindow"];
const LONG: &[&str] = &["IdColumn", "TimelineColumn", "Start", "End", "InnerActivityWindow", "OuterActivityWindow"];
const METRICS: &[(&str, KqlType)] = &[
    ("dcount_activities_inner", KqlType::Long),
    ("dcount_activities_outer", KqlType::Long),
    ("activity_ratio", KqlType::Real),
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
    let windows = if is_short { 2 } else { 4 };
    let inner = distance(&args, windows, "InnerActivityWindow")?;
    let outer = distance(&args, windows + 1, "OuterActivityWindow")?;
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    let (start, end) = if is_short {
        let Some(range) = activity.timeline.range() else { return Ok(result.finish()) };
        range
    } else {
        (point(&args, 2, "Start")?, point(&args, 3, "End")?)
    };
    let bins = Bins { start, end, step: Step::Length(inner) };
    let (first, last) = bins.span()?;
    let reach = (outer / inner - 1).max(0);

    let groups = Groups::by(activity.table, &dimensions)?;
    let ids = Groups::by(activity.table, &[activity.id])?;
    let mut acts: HashMap<(usize, usize), Vec<i64>> = HashMap::new();
    for ((time, group), id) in activity.timeline.times.iter().zip(&groups.of_row).zip(&ids.of_row) {
        if let Some(time) = time.filter(|time| *time <= end) {
            let bin = bins.index(time);
            if bin.saturating_add(reach) >= first {
                acts.entry((*group, *id)).or_default().push(bin);
            }
        }
    }
    let mut by_group: BTreeMap<usize, (SlidingIds, SlidingIds)> = BTreeMap::new();
    for ((group, _), acts) in acts {
        let (within, around) = by_group.entry(group).or_default();
        within.add(acts.clone(), 0);
        around.add(acts, reach);
    }
    for (group, (within, around)) in by_group {
        let row = groups.first_row.get(group).copied().unwrap_or(0);
        let dimensions = cells(activity.table, &dimensions, row)?;
        for ((bin, inner), (_, outer)) in within.counts(first, last).zip(around.counts(first, last)) {
            if outer > 0 {
                let metrics = [Value::Long(inner), Value::Long(outer), Value::Real(inner as f64 / outer as f64)];
                let bin = activity.timeline.value(bins.begin(bin));
                result.push(std::iter::once(bin).chain(dimensions.iter().cloned()).chain(metrics))?;
            }
        }
    }
    Ok(result.finish())
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn windows_slide() {
        let table = table(
            "Id:long Day:datetime",
            &[["1", "2017-01-01"], ["2", "2017-01-01"], ["1", "2017-01-02"], ["1", "2017-01-02"], ["3", "2017-01-04"]],
        );
        let columns = [PluginArg::Column(0), PluginArg::Column(1)];
        let short: Vec<PluginArg> = columns.iter().cloned().chain([span("1d"), span("2d")]).collect();
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &short);
        assert_eq!(
            heading,
            "Day:datetime dcount_activities_inner:long dcount_activities_outer:long activity_ratio:real"
        );
        let expected = "2017-01-01|2|2|1.0 \n 2017-01-02|1|2|0.5 \n 2017-01-03|0|1|0.0 \n 2017-01-04|1|1|1.0";
        assert_eq!(found, rows(expected));
        let bounds = [at("2017-01-02"), at("2017-01-03"), span("1d"), span("2d")];
        let long: Vec<PluginArg> = columns.into_iter().chain(bounds).collect();
        let (_, found) = result(&PLUGIN, &[table], &long);
        assert_eq!(found, rows("2017-01-02|1|2|0.5 \n 2017-01-03|0|1|0.0"));
    }
}
