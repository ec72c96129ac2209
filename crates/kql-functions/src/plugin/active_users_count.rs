use super::prelude::*;
use super::timeline::{Activity, Bins, Step, cells, columns, distance, point};
use std::collections::{BTreeMap, HashMap};

pub static PLUGIN: Plugin = Plugin {
    name: "active_users_count",
    usage: "active_users_count(IdColumn, TimelineColumn, Start, End, LookbackWindow, Period, ActivePeriodsCount, Bin, dimension, ...)",
    summary: "Counts, per bin and dimensions, the ids that are active: those that appear in the bin, and at that moment have \
              appeared in at least ActivePeriodsCount periods of the last LookbackWindow (its far end not counted). \
              Appearances before Start count for the periods only. Bins without an active id have no row.",
    examples: &[(
        "datatable(id:long, t:long) [1, 0, 1, 1, 2, 1] | evaluate active_users_count(id, t, 0, 9, 5, 1, 2, 10) | project dcount",
        "1",
    )],
    arity: (8, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] =
    &["IdColumn", "TimelineColumn", "Start", "End", "LookbackWindow", "Period", "ActivePeriodsCount", "Bin"];

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, shape.args)?;
    columns(shape, &args, &args.dimensions()?, &[("dcount", KqlType::Long)])
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let activity = Activity::read(call, &args)?;
    let dimensions = args.dimensions()?;
    let step = Step::read(&args, 7, activity.timeline.ktype)?;
    let bins = Bins { start: point(&args, 2, "Start")?, end: point(&args, 3, "End")?, step };
    let (lookback, period) = (distance(&args, 4, "LookbackWindow")?, distance(&args, 5, "Period")?);
    let active_periods = distance(&args, 6, "ActivePeriodsCount")?;

    let groups = Groups::by(activity.table, &dimensions)?;
    let ids = Groups::by(activity.table, &[activity.id])?;
    let mut times: HashMap<(usize, usize), Vec<i64>> = HashMap::new();
    for ((time, group), id) in activity.timeline.times.iter().zip(&groups.of_row).zip(&ids.of_row) {
        if let Some(time) = time.filter(|time| *time <= bins.end && *time > bins.start.saturating_sub(lookback)) {
            times.entry((*group, *id)).or_default().push(time);
        }
    }
    let mut active: BTreeMap<(usize, i64), i64> = BTreeMap::new();
    for ((group, _), mut times) in times {
        times.sort_unstable();
        let mut last_bin = None;
        // Periods come in order, so that those of a window are a stretch of the distinct ones.
        let (mut oldest, mut periods) = (0, 0);
        let is_new = |i: usize| i == 0 || times[i].div_euclid(period) != times[i - 1].div_euclid(period);
        for (i, time) in times.iter().enumerate() {
            periods += i64::from(is_new(i));
            while times[oldest] <= time.saturating_sub(lookback) {
                oldest += 1;
                periods -= i64::from(is_new(oldest));
            }
            let bin = bins.index(*time);
            if *time >= bins.start && periods >= active_periods && last_bin != Some(bin) {
                last_bin = Some(bin);
                *active.entry((group, bin)).or_default() += 1;
            }
        }
    }
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    for ((group, bin), count) in active {
        let row = groups.first_row.get(group).copied().unwrap_or(0);
        let dimensions = cells(activity.table, &dimensions, row)?;
        let bin = activity.timeline.value(bins.begin(bin));
        result.push(std::iter::once(bin).chain(dimensions).chain([Value::Long(count)]))?;
    }
    Ok(result.finish())
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn fans_of_the_reference() {
        let table = table(
            "User:string Timestamp:datetime",
            &[
                ["B", "2018-06-29"],
                ["B", "2018-06-30"],
                ["A", "2018-07-02"],
                ["B", "2018-07-04"],
                ["B", "2018-07-08"],
                ["A", "2018-07-10"],
                ["A", "2018-07-14"],
                ["A", "2018-07-17"],
                ["A", "2018-07-20"],
                ["B", "2018-07-24"],
            ],
        );
        let three = constant(KqlType::Long, "3");
        let (start, end) = (at("2018-07-01"), at("2018-07-31"));
        let args = [PluginArg::Column(0), PluginArg::Column(1), start, end, span("8d"), span("1d"), three, span("7d")];
        let (heading, found) = result(&PLUGIN, &[table], &args);
        assert_eq!(heading, "Timestamp:datetime dcount:long");
        assert_eq!(found, rows("2018-07-01|1 \n 2018-07-15|1"));
    }
}
