use super::prelude::*;
use super::timeline::{Activity, Bins, Running, SlidingIds, Step, cells, columns, distance, point};
use std::collections::{BTreeMap, HashMap};

pub static PLUGIN: Plugin = Plugin {
    name: "sliding_window_counts",
    usage: "sliding_window_counts(IdColumn, TimelineColumn, Start, End, LookbackWindow, Bin, dimension, ...)",
    summary: "Counts, per bin and dimensions, the records and the distinct ids in the window of length LookbackWindow that \
              ends with the bin. The window is rounded down to a multiple of the bin; of the calendar's bins (`week`, \
              `month`, `year`) it holds as many as it overlaps. Windows without a record have no row.",
    examples: &[(
        "datatable(id:long, t:long) [1, 0, 1, 1, 2, 2] | evaluate sliding_window_counts(id, t, 0, 2, 3, 1) | where t == 2 | project Dcount",
        "2",
    )],
    arity: (6, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["IdColumn", "TimelineColumn", "Start", "End", "LookbackWindow", "Bin"];
const METRICS: &[(&str, KqlType)] = &[("Count", KqlType::Long), ("Dcount", KqlType::Long)];

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, shape.args)?;
    columns(shape, &args, &args.dimensions()?, METRICS)
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let activity = Activity::read(call, &args)?;
    let dimensions = args.dimensions()?;
    let step = Step::read(&args, 5, activity.timeline.ktype)?;
    let bins = Bins { start: point(&args, 2, "Start")?, end: point(&args, 3, "End")?, step };
    let lookback = distance(&args, 4, "LookbackWindow")?;
    let (first, last) = bins.span()?;
    let reach = match step {
        Step::Length(step) => (lookback / step - 1).max(0),
        Step::Week | Step::Month | Step::Year => {
            bins.index(bins.end) - bins.index(bins.end.saturating_sub(lookback - 1))
        }
    };

    let groups = Groups::by(activity.table, &dimensions)?;
    let ids = Groups::by(activity.table, &[activity.id])?;
    let mut acts: HashMap<(usize, usize), Vec<i64>> = HashMap::new();
    let mut counts: BTreeMap<usize, (Running, SlidingIds)> = BTreeMap::new();
    for ((time, group), id) in activity.timeline.times.iter().zip(&groups.of_row).zip(&ids.of_row) {
        if let Some(time) = time.filter(|time| *time <= bins.end) {
            let bin = bins.index(time);
            if bin.saturating_add(reach) >= first {
                acts.entry((*group, *id)).or_default().push(bin);
                counts.entry(*group).or_default().0.add(bin, bin.saturating_add(reach), 1);
            }
        }
    }
    for ((group, _), acts) in acts {
        counts.entry(group).or_default().1.add(acts, reach);
    }
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    for (group, (records, ids)) in counts {
        let row = groups.first_row.get(group).copied().unwrap_or(0);
        let dimensions = cells(activity.table, &dimensions, row)?;
        for ((bin, count), (_, dcount)) in records.sums(first, last).zip(ids.counts(first, last)) {
            if count > 0 {
                let bin = activity.timeline.value(bins.begin(bin));
                let metrics = [Value::Long(count), Value::Long(dcount)];
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
    fn windows_of_the_reference() {
        let days = [
            ("01", &["Bob", "David", "David", "John", "Bob"][..]),
            ("02", &["Ananda", "Atul", "John"]),
            ("03", &["Ananda", "Atul", "Atul", "John", "Bob"]),
            ("04", &["Betsy"]),
            ("05", &["Bob"]),
        ];
        let records: Vec<[String; 2]> = days
            .iter()
            .flat_map(|(day, ids)| ids.iter().map(move |id| [id.to_string(), format!("2017-08-{day}")]))
            .collect();
        let records: Vec<[&str; 2]> = records.iter().map(|row| row.each_ref().map(String::as_str)).collect();
        let table = table("UserId:string Timestamp:datetime", &records);
        let args =
            [PluginArg::Column(0), PluginArg::Column(1), at("2017-08-01"), at("2017-08-07"), span("3d"), span("1d")];
        let (heading, found) = result(&PLUGIN, &[table], &args);
        assert_eq!(heading, "Timestamp:datetime Count:long Dcount:long");
        let expected = "2017-08-01|5|3 \n 2017-08-02|8|5 \n 2017-08-03|13|5 \n 2017-08-04|9|5 \n 2017-08-05|7|5 \n \
                        2017-08-06|2|2 \n 2017-08-07|1|1";
        assert_eq!(found, rows(expected));
    }
}
