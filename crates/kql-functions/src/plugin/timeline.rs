//! Timelines: a column of times, numbers or durations, cut into bins between a start and an end.

use super::input::{Arguments, column_at, input, input_columns};
use crate::args::EvalError;
use crate::registry::{PluginCall, PluginShape, Table};
use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};
use schema::ticks::{self, DAY};
use schema::{Column, KqlType, Value};
use std::collections::BTreeMap;

/// More bins than this are refused where each bin gives a row.
pub const BINS_MAX: i64 = 100_000;

/// A timeline column as whole numbers: ticks, or the numbers themselves.
pub struct Timeline {
    pub ktype: KqlType,
    pub times: Vec<Option<i64>>,
}

impl Timeline {
    /// Reads a column.
    ///
    /// # Errors
    /// When the column's type is none of datetime, timespan, long and int.
    pub fn read(table: &Table, column: usize) -> Result<Timeline, EvalError> {
        let array = table.array(column)?;
        let column = column_at(&table.columns, column)?;
        let times = match column.ktype {
            KqlType::Datetime | KqlType::Timespan | KqlType::Long => array.as_primitive::<Int64Type>().iter().collect(),
            KqlType::Int => array.as_primitive::<Int32Type>().iter().map(|value| value.map(i64::from)).collect(),
            ktype => {
                let text = format!(
                    "the timeline `{}` has type {ktype}; it must be datetime, timespan, long or int",
                    column.name
                );
                return Err(EvalError::new(text));
            }
        };
        Ok(Timeline { ktype: column.ktype, times })
    }

    /// Returns a point of the timeline as a value of its type.
    pub fn value(&self, time: i64) -> Value {
        match self.ktype {
            KqlType::Datetime => Value::Datetime(time),
            KqlType::Timespan => Value::Timespan(time),
            KqlType::Int => i32::try_from(time).map_or(Value::Null(KqlType::Int), Value::Int),
            _ => Value::Long(time),
        }
    }

    /// Returns the earliest and the latest time.
    pub fn range(&self) -> Option<(i64, i64)> {
        let known = || self.times.iter().flatten().copied();
        Some((known().min()?, known().max()?))
    }
}

/// Returns a constant as a point of or a distance on the timeline.
///
/// # Errors
/// When it is none.
pub fn point(args: &Arguments, i: usize, what: &str) -> Result<i64, EvalError> {
    number(args.value(i)?, what)
}

/// Returns a positive distance on the timeline.
///
/// # Errors
/// When it is none, or not positive.
pub fn distance(args: &Arguments, i: usize, what: &str) -> Result<i64, EvalError> {
    let distance = point(args, i, what)?;
    if distance > 0 { Ok(distance) } else { Err(EvalError::new(format!("`{what}` must be positive"))) }
}

fn number(value: &Value, what: &str) -> Result<i64, EvalError> {
    match value {
        Value::Datetime(value) | Value::Timespan(value) | Value::Long(value) => Ok(*value),
        Value::Int(value) => Ok(i64::from(*value)),
        Value::Real(value) if value.fract() == 0.0 && value.abs() < 9e15 => Ok(*value as i64),
        _ => Err(EvalError::new(format!("`{what}` must be a datetime, a timespan or a whole number"))),
    }
}

/// How long a bin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many ticks or numbers.
    Length(i64),
    /// From Sunday to Saturday.
    Week,
    Month,
    Year,
}

impl Step {
    /// Reads a step: a positive distance, or `week`, `month`, `year` on a timeline of datetimes.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn read(args: &Arguments, i: usize, ktype: KqlType) -> Result<Step, EvalError> {
        let calendar = match args.value(i)? {
            Value::String(name) => match name.to_ascii_lowercase().as_str() {
                "week" => Step::Week,
                "month" => Step::Month,
                "year" => Step::Year,
                _ => {
                    return Err(EvalError::new(format!(
                        "`{name}` is no step: use a timespan, `week`, `month` or `year`"
                    )));
                }
            },
            _ => return Ok(Step::Length(distance(args, i, "the step")?)),
        };
        if ktype != KqlType::Datetime {
            return Err(EvalError::new(format!("a calendar step needs a timeline of type datetime, not {ktype}")));
        }
        Ok(calendar)
    }
}

/// The bins of an analysis. Bins are numbered in order; those of a length count from `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bins {
    pub start: i64,
    /// The last point that belongs to the analysis.
    pub end: i64,
    pub step: Step,
}

impl Bins {
    /// Returns whether a time belongs to the analysis.
    pub fn contains(&self, time: i64) -> bool {
        (self.start..=self.end).contains(&time)
    }

    /// Returns the number of the bin that a time lies in, be it inside the analysis or not.
    pub fn index(&self, time: i64) -> i64 {
        match self.step {
            Step::Length(step) => time.saturating_sub(self.start).div_euclid(step),
            // 0001-01-01 was a Monday, the second day of its week.
            Step::Week => (time.div_euclid(DAY) + 1).div_euclid(7),
            Step::Month => {
                let date = ticks::civil(time);
                i64::from(date.year) * 12 + i64::from(date.month) - 1
            }
            Step::Year => i64::from(ticks::civil(time).year),
        }
    }

    /// Returns where a bin begins.
    pub fn begin(&self, index: i64) -> i64 {
        let date = |year: i64, month: i64| {
            ticks::days_from_civil(year.clamp(0, 10_000) as i32, month.clamp(1, 12) as u32, 1).saturating_mul(DAY)
        };
        match self.step {
            Step::Length(step) => self.start.saturating_add(index.saturating_mul(step)),
            Step::Week => (index * 7 - 1) * DAY,
            Step::Month => date(index.div_euclid(12), index.rem_euclid(12) + 1),
            Step::Year => date(index, 1),
        }
    }

    /// Returns the numbers of the first and the last bin.
    ///
    /// # Errors
    /// When there are more than [`BINS_MAX`].
    pub fn span(&self) -> Result<(i64, i64), EvalError> {
        let (first, last) = (self.index(self.start), self.index(self.end));
        if last.saturating_sub(first) >= BINS_MAX {
            return Err(EvalError::new(format!("the analysis has more than {BINS_MAX} bins")));
        }
        Ok((first, last))
    }
}

/// The input of an analysis: who acted when.
pub struct Activity<'a> {
    pub table: &'a Table,
    pub id: usize,
    pub timeline: Timeline,
}

impl<'a> Activity<'a> {
    /// Reads the first two parameters, the column of ids and the timeline.
    ///
    /// # Errors
    /// When they are no columns, or the timeline is none.
    pub fn read(call: &'a PluginCall, args: &Arguments) -> Result<Activity<'a>, EvalError> {
        let table = input(call)?;
        Ok(Activity { table, id: args.column(0)?, timeline: Timeline::read(table, args.column(1)?)? })
    }
}

/// Returns the columns of an analysis: the timeline (parameter 1), the dimensions, the metrics.
///
/// # Errors
/// When an argument is no column.
pub fn columns(
    shape: &PluginShape,
    args: &Arguments,
    dimensions: &[usize],
    metrics: &[(&str, KqlType)],
) -> Result<Vec<Column>, EvalError> {
    let input = input_columns(shape)?;
    let mut columns = vec![column_at(input, args.column(1)?)?.clone()];
    for dimension in dimensions {
        columns.push(column_at(input, *dimension)?.clone());
    }
    columns.extend(metrics.iter().map(|(name, ktype)| Column::new(*name, *ktype)));
    Ok(columns)
}

/// Returns the values of some columns in a row.
///
/// # Errors
/// When there is no such column.
pub fn cells(table: &Table, columns: &[usize], row: usize) -> Result<Vec<Value>, EvalError> {
    columns.iter().map(|column| table.cell(*column, row)).collect()
}

/// Counts changes along bins: what holds from a bin on and ends before another.
#[derive(Default)]
pub struct Running {
    changes: BTreeMap<i64, i64>,
}

impl Running {
    /// Adds `count` to the bins from `first` to `last`.
    pub fn add(&mut self, first: i64, last: i64, count: i64) {
        *self.changes.entry(first).or_default() += count;
        *self.changes.entry(last.saturating_add(1)).or_default() -= count;
    }

    /// Returns the sums of the bins from `first` to `last`.
    pub fn sums(&self, first: i64, last: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        let mut sum: i64 = self.changes.range(..first).map(|(_, change)| change).sum();
        (first..=last).map(move |bin| {
            sum += self.changes.get(&bin).copied().unwrap_or(0);
            (bin, sum)
        })
    }
}

/// Counts ids over windows of bins: an id that acts in a bin counts in it and in the `reach` bins after it.
#[derive(Default)]
pub struct SlidingIds {
    running: Running,
}

impl SlidingIds {
    /// Adds one id by the bins in which it acts, in any order.
    pub fn add(&mut self, mut bins: Vec<i64>, reach: i64) {
        bins.sort_unstable();
        let mut stretch: Option<(i64, i64)> = None;
        for bin in bins {
            let last = bin.saturating_add(reach);
            stretch = match stretch {
                Some((first, until)) if bin <= until => Some((first, last)),
                Some((first, until)) => {
                    self.running.add(first, until, 1);
                    Some((bin, last))
                }
                None => Some((bin, last)),
            };
        }
        if let Some((first, until)) = stretch {
            self.running.add(first, until, 1);
        }
    }

    /// Returns the number of ids in the bins from `first` to `last`.
    pub fn counts(&self, first: i64, last: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.running.sums(first, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datetime(text: &str) -> i64 {
        ticks::parse_datetime(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn bins_begin_where_they_should() {
        let bins = |step| Bins { start: datetime("2018-07-01"), end: datetime("2018-07-31"), step };
        let cases = [
            (Step::Length(7 * DAY), "2018-07-20", "2018-07-15"),
            (Step::Length(7 * DAY), "2018-06-30", "2018-06-24"),
            (Step::Week, "2018-07-14 23:59", "2018-07-08"),
            (Step::Week, "2018-07-15", "2018-07-15"),
            (Step::Month, "2018-12-31", "2018-12-01"),
            (Step::Month, "2018-01-01", "2018-01-01"),
            (Step::Year, "2018-12-31", "2018-01-01"),
        ];
        for (step, time, begin) in cases {
            let bins = bins(step);
            assert_eq!(
                ticks::datetime_text(bins.begin(bins.index(datetime(time)))),
                ticks::datetime_text(datetime(begin)),
                "{step:?} {time}"
            );
        }
        assert_eq!(bins(Step::Length(7 * DAY)).span(), Ok((0, 4)));
        assert!(bins(Step::Length(1)).span().is_err());
    }
}
