use super::funnel::{Event, events, periods, sequence, texts};
use super::prelude::*;
use super::timeline::{Activity, Bins, Step, point};
use std::collections::BTreeMap;

pub static PLUGIN: Plugin = Plugin {
    name: "funnel_sequence_completion",
    usage: "funnel_sequence_completion(IdColumn, TimelineColumn, Start, End, BinSize, StateColumn, Sequence, MaxSequencePeriods)",
    summary: "Counts, per bin and period, how many ids get how far along a sequence of states: a row per state with the ids \
              that go through the states up to it, in order, within the period from the first. Other states may lie between. \
              Bins without an event have no row.",
    examples: &[(
        "datatable(id:long, t:long, s:string) [1, 0, 'a', 1, 1, 'b'] | evaluate funnel_sequence_completion(id, t, 0, 9, 10, s, dynamic(['a', 'b']), dynamic([5])) | where s == 'b' | project dcount",
        "1",
    )],
    arity: (8, 8),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] =
    &["IdColumn", "TimelineColumn", "Start", "End", "BinSize", "StateColumn", "Sequence", "MaxSequencePeriods"];

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, shape.args)?;
    let input = input_columns(shape)?;
    let state = column_at(input, args.column(5)?)?;
    Ok(vec![
        column_at(input, args.column(1)?)?.clone(),
        Column::new(state.name.clone(), KqlType::String),
        Column::new("Period", KqlType::Timespan),
        Column::new("dcount", KqlType::Long),
    ])
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let activity = Activity::read(call, &args)?;
    let step = Step::read(&args, 4, activity.timeline.ktype)?;
    let bins = Bins { start: point(&args, 2, "Start")?, end: point(&args, 3, "End")?, step };
    let (sequence, periods) = (sequence(&args, 6)?, periods(&args, 7)?);
    let states = texts(activity.table, args.column(5)?)?;

    // Per bin, a count for each period and state.
    let mut counts: BTreeMap<i64, Vec<Vec<i64>>> = BTreeMap::new();
    for ((bin, _), events) in events(&activity, &bins)? {
        let counts = counts.entry(bin).or_insert_with(|| vec![vec![0; sequence.len()]; periods.len()]);
        for (counts, period) in counts.iter_mut().zip(&periods) {
            let steps = completed(&events, &states, &sequence, *period);
            counts.iter_mut().take(steps).for_each(|count| *count += 1);
        }
    }
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    for (bin, counts) in counts {
        for (counts, period) in counts.iter().zip(&periods) {
            for (count, state) in counts.iter().zip(&sequence) {
                let bin = activity.timeline.value(bins.begin(bin));
                result.push([bin, Value::String(state.clone()), Value::Timespan(*period), Value::Long(*count)])?;
            }
        }
    }
    Ok(result.finish())
}

/// Returns how many states of the sequence one id goes through at best: for each state the latest beginning from which it
/// can be reached is kept, which leaves the most time for the next.
fn completed(events: &[Event], states: &[String], sequence: &[String], period: i64) -> usize {
    let mut begun: Vec<Option<i64>> = vec![None; sequence.len()];
    for (time, row) in events {
        // From the last state to the first, so that an event is one step only.
        for (i, _) in sequence.iter().enumerate().rev().filter(|(_, state)| states.get(*row) == Some(*state)) {
            let begin = match i.checked_sub(1) {
                Some(before) => {
                    begun.get(before).copied().flatten().filter(|begin| time.saturating_sub(*begin) <= period)
                }
                None => Some(*time),
            };
            if let (Some(begin), Some(latest)) = (begin, begun.get_mut(i)) {
                *latest = (*latest).max(Some(begin));
            }
        }
    }
    begun.iter().take_while(|begin| begin.is_some()).count()
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn longer_periods_complete_more() {
        let table = table(
            "Id:long Time:datetime State:string",
            &[
                ["1", "2007-01-01 00:00", "Hail"],
                ["1", "2007-01-01 00:30", "Flood"],
                ["1", "2007-01-01 00:40", "Tornado"],
                ["1", "2007-01-01 03:00", "Wind"],
                ["2", "2007-01-01 00:00", "Tornado"],
                ["2", "2007-01-01 01:00", "Hail"],
                ["2", "2007-01-01 05:00", "Hail"],
                ["2", "2007-01-01 05:30", "Tornado"],
                ["3", "2007-01-01 00:00", "Wind"],
                ["3", "2008-01-05 00:00", "Hail"],
            ],
        );
        let json = |text| constant(KqlType::Dynamic, text);
        let mut args = vec![
            PluginArg::Column(0),
            PluginArg::Column(1),
            at("2007-01-01"),
            at("2008-01-01"),
            span("365d"),
            PluginArg::Column(2),
            json(r#"["Hail","Tornado","Wind"]"#),
            json(r#"["01:00:00","04:00:00"]"#),
        ];
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &args);
        assert_eq!(heading, "Time:datetime State:string Period:timespan dcount:long");
        let expected = "2007-01-01|Hail|01:00:00|2 \n 2007-01-01|Tornado|01:00:00|2 \n 2007-01-01|Wind|01:00:00|0 \n \
                        2007-01-01|Hail|04:00:00|2 \n 2007-01-01|Tornado|04:00:00|2 \n 2007-01-01|Wind|04:00:00|1";
        assert_eq!(found, rows(expected));
        args[7] = json(r#"["soon"]"#);
        assert_eq!(failure(&PLUGIN, &[table], &args), r#"`"soon"` is no period: use timespans or whole numbers"#);
    }
}
