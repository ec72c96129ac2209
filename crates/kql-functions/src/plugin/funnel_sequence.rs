use super::funnel::{events, sequence, texts};
use super::prelude::*;
use super::timeline::{Activity, Bins, Step, distance, point};
use schema::Dynamic;
use std::collections::BTreeMap;

pub static PLUGIN: Plugin = Plugin {
    name: "funnel_sequence",
    usage: "funnel_sequence(IdColumn, TimelineColumn, Start, End, MaxSequenceStepWindow, Step, StateColumn, Sequence)",
    summary: "Counts, per step, the ids that go through a sequence of states, by the state that comes before and the state \
              that comes after (null where there is none). A state that repeats counts once; the states of the sequence \
              follow each other directly, no further apart than MaxSequenceStepWindow. Three tables: by both states, by the \
              state before, and by the state after, each with up to 128 of the ids.",
    examples: &[(
        "datatable(id:long, t:long, s:string) [1, 0, 'a', 1, 1, 'b', 1, 2, 'c'] | evaluate funnel_sequence(id, t, 0, 9, 5, 10, s, dynamic(['b'])) | project next",
        "c",
    )],
    arity: (8, 8),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    further: Some(further),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] =
    &["IdColumn", "TimelineColumn", "Start", "End", "MaxSequenceStepWindow", "Step", "StateColumn", "Sequence"];
const SAMPLES_MAX: usize = 128;

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, shape.args)?;
    let input = input_columns(shape)?;
    let state = column_at(input, args.column(6)?)?.ktype;
    Ok(vec![
        column_at(input, args.column(1)?)?.clone(),
        Column::new("prev", state),
        Column::new("next", state),
        Column::new("dcount", KqlType::Long),
        Column::new("samples", KqlType::Dynamic),
    ])
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    tables(call).map(|(both, _, _)| both)
}

fn further(call: &PluginCall) -> Result<Vec<Table>, EvalError> {
    tables(call).map(|(_, before, after)| vec![before, after])
}

/// The rows of the states around a sequence.
type Around = (Option<usize>, Option<usize>);

fn tables(call: &PluginCall) -> Result<(Table, Table, Table), EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let activity = Activity::read(call, &args)?;
    let window = distance(&args, 4, "MaxSequenceStepWindow")?;
    let step = Step::read(&args, 5, activity.timeline.ktype)?;
    let bins = Bins { start: point(&args, 2, "Start")?, end: point(&args, 3, "End")?, step };
    let column = args.column(6)?;
    let (states, sequence) = (texts(activity.table, column)?, sequence(&args, 7)?);

    // Per bin and states around, a row of each id that goes through the sequence between them. A state is known by its text.
    let mut both: BTreeMap<(i64, &str, &str), (Around, Vec<usize>)> = BTreeMap::new();
    let mut before: BTreeMap<(i64, &str), (Around, Vec<usize>)> = BTreeMap::new();
    let mut after: BTreeMap<(i64, &str), (Around, Vec<usize>)> = BTreeMap::new();
    let text = |row: Option<usize>| row.and_then(|row| states.get(row)).map_or("", String::as_str);
    for ((bin, _), events) in events(&activity, &bins)? {
        // A stretch of the same state: when it begins and ends, and a row of it.
        let mut stretches: Vec<(i64, i64, usize)> = Vec::new();
        for (time, row) in events {
            match stretches.last_mut() {
                Some((_, end, known)) if states.get(*known) == states.get(row) => *end = time,
                _ => stretches.push((time, time, row)),
            }
        }
        let (mut met_both, mut met_before, mut met_after) = (Vec::new(), Vec::new(), Vec::new());
        for (i, found) in stretches.windows(sequence.len()).enumerate() {
            let is_sequence = found.iter().zip(&sequence).all(|((_, _, row), state)| states.get(*row) == Some(state));
            let is_close = found.windows(2).all(|pair| pair[1].0.saturating_sub(pair[0].1) <= window);
            if !is_sequence || !is_close {
                continue;
            }
            let prev = i.checked_sub(1).and_then(|i| stretches.get(i)).map(|(_, _, row)| *row);
            let next = stretches.get(i + sequence.len()).map(|(_, _, row)| *row);
            let id_row = found.first().map_or(0, |(_, _, row)| *row);
            meet(&mut both, &mut met_both, (bin, text(prev), text(next)), (prev, next), id_row);
            meet(&mut before, &mut met_before, (bin, text(prev)), (prev, None), id_row);
            meet(&mut after, &mut met_after, (bin, text(next)), (None, next), id_row);
        }
    }
    let columns = result_columns(call, shape_columns)?;
    let without = |name: &str| columns.iter().filter(|column| column.name != name).cloned().collect::<Vec<Column>>();
    let state = |row: Option<usize>| match row {
        Some(row) => activity.table.cell(column, row),
        None => Ok(Value::null(column_at(&activity.table.columns, column)?.ktype)),
    };
    let samples = |rows: &[usize]| {
        let ids = rows.iter().take(SAMPLES_MAX).map(|row| Ok(activity.table.cell(activity.id, *row)?.to_dynamic()));
        Ok::<Value, EvalError>(Value::Dynamic(Dynamic::Array(ids.collect::<Result<_, EvalError>>()?)))
    };
    let mut tables =
        (RowBuilder::new(columns.clone()), RowBuilder::new(without("next")), RowBuilder::new(without("prev")));
    let time = |bin: i64| activity.timeline.value(bins.begin(bin));
    for ((bin, _, _), ((prev, next), rows)) in &both {
        tables.0.push([time(*bin), state(*prev)?, state(*next)?, Value::Long(rows.len() as i64), samples(rows)?])?;
    }
    for ((bin, _), ((prev, _), rows)) in &before {
        tables.1.push([time(*bin), state(*prev)?, Value::Long(rows.len() as i64), samples(rows)?])?;
    }
    for ((bin, _), ((_, next), rows)) in &after {
        tables.2.push([time(*bin), state(*next)?, Value::Long(rows.len() as i64), samples(rows)?])?;
    }
    Ok((tables.0.finish(), tables.1.finish(), tables.2.finish()))
}

/// Adds an id, by one of its rows, under a key, once for each key that it `met`.
fn meet<K: Ord + Copy>(
    counts: &mut BTreeMap<K, (Around, Vec<usize>)>,
    met: &mut Vec<K>,
    key: K,
    around: Around,
    id_row: usize,
) {
    if !met.contains(&key) {
        met.push(key);
        counts.entry(key).or_insert((around, Vec::new())).1.push(id_row);
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::testing;
    use super::*;
    use crate::args::CallContext;
    use testing::{at, constant, rows, span};

    #[test]
    fn what_comes_before_and_after_a_tornado() {
        let table = testing::table(
            "Id:long Time:datetime State:string",
            &[
                ["1", "2007-01-01 00:00", "Hail"],
                ["1", "2007-01-01 01:00", "Tornado"],
                ["1", "2007-01-01 02:00", "Tornado"],
                ["1", "2007-01-01 03:00", "Wind"],
                ["1", "2007-01-05 03:00", "Tornado"],
                ["2", "2007-01-02 00:00", "Tornado"],
                ["3", "2007-01-01 00:00", "Hail"],
                ["3", "2007-01-01 01:00", "Tornado"],
                ["3", "2007-01-01 02:00", "Wind"],
                ["4", "2007-01-01 02:00", "Wind"],
            ],
        );
        let json = |text| constant(KqlType::Dynamic, text);
        let mut args = vec![
            PluginArg::Column(0),
            PluginArg::Column(1),
            at("2007-01-01"),
            at("2008-01-01"),
            span("1d"),
            span("365d"),
            PluginArg::Column(2),
            json(r#"["Tornado"]"#),
        ];
        let (heading, found) = testing::result(&PLUGIN, std::slice::from_ref(&table), &args);
        assert_eq!(heading, "Time:datetime prev:string next:string dcount:long samples:dynamic");
        let expected = "2007-01-01||null|1|[2] \n 2007-01-01|Hail|Wind|2|[1,3] \n 2007-01-01|Wind||1|[1]";
        assert_eq!(found, rows(&expected.replace("null", "")));
        let ctx = CallContext::default();
        let inputs = [table];
        let more =
            further(&PluginCall { inputs: &inputs, args: &args, ctx: &ctx }).unwrap_or_else(|error| panic!("{error}"));
        let [before, after] = more.as_slice() else { panic!("not two further tables") };
        let (heading, found) = testing::texts(before);
        assert_eq!(heading, "Time:datetime prev:string dcount:long samples:dynamic");
        assert_eq!(found, rows("2007-01-01||1|[2] \n 2007-01-01|Hail|2|[1,3] \n 2007-01-01|Wind|1|[1]"));
        let (_, found) = testing::texts(after);
        assert_eq!(found, rows("2007-01-01||2|[1,2] \n 2007-01-01|Wind|2|[1,3]"));
        // Four days lie between the wind and the last tornado.
        args[7] = json(r#"["Wind","Tornado"]"#);
        assert_eq!(testing::result(&PLUGIN, &inputs, &args).1, Vec::<Vec<String>>::new());
        args[4] = span("4d");
        assert_eq!(testing::result(&PLUGIN, &inputs, &args).1, rows("2007-01-01|Tornado||1|[1]"));
    }
}
