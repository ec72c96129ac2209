use super::prelude::*;
use super::timeline::{Activity, Bins, Step, cells, columns, distance, point};
use std::collections::{BTreeMap, HashMap};

pub static PLUGIN: Plugin = Plugin {
    name: "session_count",
    usage: "session_count(IdColumn, TimelineColumn, Start, End, Bin, LookBackWindow, dimension, ...)",
    summary: "Counts, per bin and dimensions, the sessions that begin: an appearance of an id that has not appeared within \
              LookBackWindow before. Bins are those of `bin()`; bins in which no session begins have no row.",
    examples: &[(
        "datatable(id:long, t:long) [1, 0, 1, 5, 1, 30] | evaluate session_count(id, t, 0, 100, 100, 10) | project count_sessions",
        "2",
    )],
    arity: (6, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["IdColumn", "TimelineColumn", "Start", "End", "Bin", "LookBackWindow"];

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, shape.args)?;
    columns(shape, &args, &args.dimensions()?, &[("count_sessions", KqlType::Long)])
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let activity = Activity::read(call, &args)?;
    let dimensions = args.dimensions()?;
    let step = Step::read(&args, 4, activity.timeline.ktype)?;
    let (start, end) = (point(&args, 2, "Start")?, point(&args, 3, "End")?);
    let lookback = distance(&args, 5, "LookBackWindow")?;
    // The chart on the reference's page has its points at 0, 100, 200 for a start of 1 and bins of 100.
    let bins = Bins { start: 0, end, step };

    let groups = Groups::by(activity.table, &dimensions)?;
    let ids = Groups::by(activity.table, &[activity.id])?;
    let mut times: HashMap<(usize, usize), Vec<i64>> = HashMap::new();
    for ((time, group), id) in activity.timeline.times.iter().zip(&groups.of_row).zip(&ids.of_row) {
        if let Some(time) = time.filter(|time| *time <= end && *time >= start.saturating_sub(lookback)) {
            times.entry((*group, *id)).or_default().push(time);
        }
    }
    let mut sessions: BTreeMap<(usize, i64), i64> = BTreeMap::new();
    for ((group, _), mut times) in times {
        times.sort_unstable();
        let mut before: Option<i64> = None;
        for time in times {
            if time >= start && before.is_none_or(|before| time.saturating_sub(before) > lookback) {
                *sessions.entry((group, bins.index(time))).or_default() += 1;
            }
            before = Some(time);
        }
    }
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    for ((group, bin), count) in sessions {
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
    fn sessions_of_the_reference() {
        // Id i appears at every multiple of i; the page charts 18, 19, 20, 19, 20, 19, 21, ... from the second bin on.
        let records: Vec<[String; 2]> = (1..=50)
            .flat_map(|id| (id..10_000).step_by(id).map(move |slot| [id.to_string(), slot.to_string()]))
            .collect();
        let records: Vec<[&str; 2]> = records.iter().map(|row| row.each_ref().map(String::as_str)).collect();
        let table = table("Id:long Timeline:long", &records);
        let number = |text| constant(KqlType::Long, text);
        let args =
            [PluginArg::Column(0), PluginArg::Column(1), number("1"), number("10000"), number("100"), number("41")];
        let (heading, found) = result(&PLUGIN, &[table], &args);
        assert_eq!(heading, "Timeline:long count_sessions:long");
        let counts: Vec<&str> = found.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(counts[1..12], ["18", "19", "20", "19", "20", "19", "21", "18", "20", "19", "20"]);
        assert_eq!((counts[18], counts[36], found[36][0].as_str(), found.len()), ("22", "23", "3600", 100));
    }
}
