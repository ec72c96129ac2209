use super::prelude::*;
use super::timeline::{Timeline, cells};
use arrow::array::{Array, AsArray};
use std::collections::BTreeSet;

pub static PLUGIN: Plugin = Plugin {
    name: "sequence_detect",
    usage: "sequence_detect(TimelineColumn, MaxSequenceStepWindow, MaxSequenceSpan, name=(predicate), ..., dimension, ...)",
    summary: "Finds sequences of rows with the same dimensions in which each predicate in turn holds: every way to take a row \
              per predicate, none earlier than the row before, no further from it than MaxSequenceStepWindow, and the last \
              no further from the first than MaxSequenceSpan. Each distinct sequence gives a row.",
    examples: &[(
        "datatable(t:datetime, e:string) [datetime(2020-01-01 10:00), 'in', datetime(2020-01-01 10:05), 'out'] | evaluate sequence_detect(t, 10m, 1h, a=(e == 'in'), b=(e == 'out')) | project Duration",
        "00:05:00",
    )],
    arity: (4, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["TimelineColumn", "MaxSequenceStepWindow", "MaxSequenceSpan"];

/// A call's arguments.
struct Call<'a> {
    bound: Arguments<'a>,
    /// The columns of the predicates' values, with their names.
    steps: Vec<(usize, &'a str)>,
    dimensions: Vec<usize>,
}

impl<'a> Call<'a> {
    /// The predicates are the arguments of type bool after the third; the first that is none begins the dimensions.
    fn read(input: &'a [Column], args: &'a [PluginArg]) -> Result<Call<'a>, EvalError> {
        let (fixed, rest) = args.split_at(args.len().min(NAMES.len()));
        let bound = Arguments::bind(PLUGIN.name, NAMES, fixed)?;
        let (mut steps, mut dimensions) = (Vec::new(), Vec::new());
        for arg in rest {
            let (name, arg) = match arg {
                PluginArg::Named(name, arg) => (Some(name.as_str()), arg.as_ref()),
                arg => (None, arg),
            };
            let PluginArg::Column(index) = arg else {
                return Err(EvalError::new("the predicates and dimensions of `sequence_detect` must be columns"));
            };
            let column = column_at(input, *index)?;
            if column.ktype == KqlType::Bool && dimensions.is_empty() {
                steps.push((*index, name.unwrap_or(&column.name)));
            } else {
                dimensions.push(*index);
            }
        }
        if steps.is_empty() {
            return Err(EvalError::new("`sequence_detect` needs a predicate"));
        }
        Ok(Call { bound, steps, dimensions })
    }
}

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let input = input_columns(shape)?;
    let call = Call::read(input, shape.args)?;
    let timeline = column_at(input, call.bound.column(0)?)?;
    let mut columns = Vec::new();
    for dimension in &call.dimensions {
        columns.push(column_at(input, *dimension)?.clone());
    }
    for (_, name) in &call.steps {
        let name = unique_name(&format!("{name}_{}", timeline.name), |name| {
            columns.iter().any(|column: &Column| column.name == name)
        });
        columns.push(Column::new(name, timeline.ktype));
    }
    columns.push(Column::new("Duration", KqlType::Timespan));
    Ok(columns)
}

fn run(plugin_call: &PluginCall) -> Result<Table, EvalError> {
    let table = input(plugin_call)?;
    let call = Call::read(&table.columns, plugin_call.args)?;
    let timeline = Timeline::read(table, call.bound.column(0)?)?;
    let step_window = super::timeline::point(&call.bound, 1, "MaxSequenceStepWindow")?;
    let span = super::timeline::point(&call.bound, 2, "MaxSequenceSpan")?;

    // Per group and step, the (time, row) at which the predicate holds, in order.
    let groups = Groups::by(table, &call.dimensions)?;
    let mut held: Vec<Vec<Vec<(i64, usize)>>> = vec![vec![Vec::new(); call.steps.len()]; groups.first_row.len()];
    for (step, (column, _)) in call.steps.iter().enumerate() {
        let holds = table.array(*column)?.as_boolean();
        for (row, (time, group)) in timeline.times.iter().zip(&groups.of_row).enumerate() {
            if let (Some(time), true) = (time, holds.is_valid(row) && holds.value(row))
                && let Some(times) = held.get_mut(*group).and_then(|steps| steps.get_mut(step))
            {
                times.push((*time, row));
            }
        }
    }
    let mut result = RowBuilder::new(result_columns(plugin_call, shape_columns)?);
    for (steps, row) in held.iter_mut().zip(&groups.first_row) {
        steps.iter_mut().for_each(|times| times.sort_unstable());
        let dimensions = cells(table, &call.dimensions, *row)?;
        let mut search = Search { steps, step_window, span, taken: Vec::new(), found: BTreeSet::new(), looked_at: 0 };
        search.go_on()?;
        for times in search.found {
            let duration = times.last().zip(times.first()).map_or(0, |(last, first)| last.saturating_sub(*first));
            let times = times.into_iter().map(|time| timeline.value(time));
            result.push(dimensions.iter().cloned().chain(times).chain([Value::Timespan(duration)]))?;
        }
    }
    Ok(result.finish())
}

/// Rows looked at before a search is given up: wide windows over common events have more sequences than anyone reads.
const LOOKED_AT_MAX: usize = 50_000_000;

/// A search through one group, depth first.
struct Search<'a> {
    steps: &'a [Vec<(i64, usize)>],
    step_window: i64,
    span: i64,
    taken: Vec<(i64, usize)>,
    found: BTreeSet<Vec<i64>>,
    looked_at: usize,
}

impl Search<'_> {
    fn go_on(&mut self) -> Result<(), EvalError> {
        let Some(times) = self.steps.get(self.taken.len()) else {
            self.found.insert(self.taken.iter().map(|(time, _)| *time).collect());
            return Ok(());
        };
        let (earliest, latest) = match (self.taken.first(), self.taken.last()) {
            (Some((first, _)), Some((before, _))) => {
                (*before, before.saturating_add(self.step_window).min(first.saturating_add(self.span)))
            }
            _ => (i64::MIN, i64::MAX),
        };
        let from = times.partition_point(|(time, _)| *time < earliest);
        for (time, row) in times.iter().skip(from).take_while(|(time, _)| *time <= latest) {
            self.looked_at += 1;
            if self.looked_at > LOOKED_AT_MAX {
                return Err(EvalError::new("there are too many sequences: narrow the windows or the predicates"));
            }
            if !self.taken.iter().any(|(_, taken)| taken == row) {
                self.taken.push((*time, *row));
                self.go_on()?;
                self.taken.pop();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    /// The predicates' columns have no name, as those of expressions have not.
    fn storms() -> Table {
        let mut table = table(
            "StartTime:datetime State:string heat:bool fire:bool",
            &[
                ["2007-05-08", "CALIFORNIA", "true", "false"],
                ["2007-05-08 16:02", "CALIFORNIA", "false", "true"],
                ["2007-05-10 11:30", "CALIFORNIA", "false", "true"],
                ["2007-05-20", "CALIFORNIA", "false", "true"],
                ["2007-08-10 08:00", "TEXAS", "true", "false"],
                ["2007-08-11 13:56", "TEXAS", "null", "true"],
                ["2007-08-11 13:56", "TEXAS", "null", "true"],
                ["2007-08-09 13:56", "TEXAS", "false", "true"],
            ],
        );
        (table.columns[2].name, table.columns[3].name) = (String::new(), String::new());
        table
    }

    #[test]
    fn heat_is_followed_by_fire() {
        let named = |name: &str, column| PluginArg::Named(name.into(), Box::new(PluginArg::Column(column)));
        let args = [
            PluginArg::Column(0),
            span("5d"),
            span("5d"),
            named("heat", 2),
            named("wildfire", 3),
            PluginArg::Column(1),
        ];
        let (heading, found) = result(&PLUGIN, &[storms()], &args);
        assert_eq!(heading, "State:string heat_StartTime:datetime wildfire_StartTime:datetime Duration:timespan");
        let expected = "CALIFORNIA|2007-05-08|2007-05-08T16:02:00.0000000Z|16:02:00
                        CALIFORNIA|2007-05-08|2007-05-10T11:30:00.0000000Z|2.11:30:00
                        TEXAS|2007-08-10T08:00:00.0000000Z|2007-08-11T13:56:00.0000000Z|1.05:56:00";
        assert_eq!(found, rows(expected));
    }

    #[test]
    fn a_row_is_no_step_after_itself() {
        let args = [PluginArg::Column(0), span("30d"), span("1d"), PluginArg::Column(3), PluginArg::Column(3)];
        let (heading, found) = result(&PLUGIN, &[storms()], &args);
        assert_eq!(heading, "_StartTime:datetime _StartTime1:datetime Duration:timespan");
        assert_eq!(found, rows("2007-08-11T13:56:00.0000000Z|2007-08-11T13:56:00.0000000Z|00:00:00"));
        assert_ne!(
            failure(&PLUGIN, &[storms()], &[PluginArg::Column(0), span("1d"), span("1d"), PluginArg::Column(1)]),
            ""
        );
    }
}
