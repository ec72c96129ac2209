//! Periods of the calendar: their names, their starts and ends, and steps of them.

use super::{Operand, binary_opt, convert, spread};
use crate::args::{Args, EvalError};
use arrow::array::{ArrayRef, Int32Array, Int64Array};
use arrow::datatypes::Int64Type;
use schema::Value;
use schema::ticks::{
    self, Civil, DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, civil, days_from_civil, days_in_month, in_range,
};
use std::sync::Arc;

/// A period of the calendar or the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

const PERIODS: [(&str, Period); 11] = [
    ("year", Period::Year),
    ("quarter", Period::Quarter),
    ("month", Period::Month),
    ("week", Period::Week),
    ("day", Period::Day),
    ("hour", Period::Hour),
    ("minute", Period::Minute),
    ("second", Period::Second),
    ("millisecond", Period::Millisecond),
    ("microsecond", Period::Microsecond),
    ("nanosecond", Period::Nanosecond),
];

impl Period {
    /// Returns the period of a name, in any case.
    pub fn from_name(name: &str) -> Option<Period> {
        PERIODS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, period)| *period)
    }

    /// Returns the period's ticks; `None` for a nanosecond, which is less than one, and for what the calendar sizes.
    fn ticks(self) -> Option<i64> {
        match self {
            Period::Week => Some(7 * DAY),
            Period::Day => Some(DAY),
            Period::Hour => Some(HOUR),
            Period::Minute => Some(MINUTE),
            Period::Second => Some(SECOND),
            Period::Millisecond => Some(MILLISECOND),
            Period::Microsecond => Some(MICROSECOND),
            Period::Year | Period::Quarter | Period::Month | Period::Nanosecond => None,
        }
    }

    /// Returns the period's months, for those that are made of months.
    fn months(self) -> Option<i64> {
        match self {
            Period::Year => Some(12),
            Period::Quarter => Some(3),
            Period::Month => Some(1),
            _ => None,
        }
    }

    /// Returns the instant `count` periods later. A day that the month does not have becomes its last.
    pub fn add(self, instant: i64, count: i64) -> Option<i64> {
        if let Some(months) = self.months() {
            return add_months(instant, count.checked_mul(months)?);
        }
        let step = match self.ticks() {
            Some(ticks) => count.checked_mul(ticks)?,
            None => count / 100,
        };
        instant.checked_add(step).and_then(in_range)
    }

    /// Returns how many starts of the period lie between two instants, `left` minus `right`.
    pub fn difference(self, left: i64, right: i64) -> Option<i64> {
        match self {
            Period::Nanosecond => left.checked_sub(right)?.checked_mul(100),
            _ => Some(self.number(left) - self.number(right)),
        }
    }

    /// Returns the number of the period that an instant lies in, counted from some fixed one.
    fn number(self, instant: i64) -> i64 {
        if let Some(months) = self.months() {
            return months_of(civil(instant)).div_euclid(months);
        }
        match self {
            // 0001-01-01 is a Monday, and weeks begin on Sundays.
            Period::Week => (instant + DAY).div_euclid(7 * DAY),
            _ => instant.div_euclid(self.ticks().unwrap_or(1)),
        }
    }

    /// Returns the start of the period `offset` periods after the one that an instant lies in.
    pub fn start(self, instant: i64, offset: i64) -> Option<i64> {
        in_range(self.start_unchecked(instant, offset)?)
    }

    /// Returns the last tick of the period `offset` periods after the one that an instant lies in.
    pub fn end(self, instant: i64, offset: i64) -> Option<i64> {
        in_range(self.start_unchecked(instant, offset.checked_add(1)?)? - 1)
    }

    fn start_unchecked(self, instant: i64, offset: i64) -> Option<i64> {
        let number = self.number(instant).checked_add(offset)?;
        if let Some(months) = self.months() {
            let month = number.checked_mul(months)?;
            let year = i32::try_from(month.div_euclid(12)).ok().filter(|year| (0..=10_000).contains(year))?;
            return Some(days_from_civil(year, month.rem_euclid(12) as u32 + 1, 1) * DAY);
        }
        let start = number.checked_mul(self.ticks()?)?;
        Some(if self == Period::Week { start - DAY } else { start })
    }
}

/// Returns the months since January of year 0.
fn months_of(date: Civil) -> i64 {
    i64::from(date.year) * 12 + i64::from(date.month) - 1
}

fn add_months(instant: i64, count: i64) -> Option<i64> {
    let date = civil(instant);
    let month = months_of(date).checked_add(count)?;
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    let month = month.rem_euclid(12) as u32 + 1;
    ticks::from_civil(year, month, date.day.min(days_in_month(year, month)), date.time_of_day)
}

/// Returns the days since the last Sunday, 0 to 6.
pub fn day_of_week(instant: i64) -> i64 {
    (instant.div_euclid(DAY) + 1).rem_euclid(7)
}

/// Returns the day of the year, 1 to 366.
pub fn day_of_year(instant: i64) -> i32 {
    (instant.div_euclid(DAY) - days_from_civil(civil(instant).year, 1, 1)) as i32 + 1
}

/// Returns the week's number by ISO 8601: weeks begin on Mondays and belong to the year of their Thursday.
pub fn week_of_year(instant: i64) -> i32 {
    let day = instant.div_euclid(DAY);
    let thursday = day - day.rem_euclid(7) + 3;
    // Wrapping, as the place of a null may hold any number.
    let first = days_from_civil(civil(thursday.wrapping_mul(DAY)).year, 1, 1);
    ((thursday - first) / 7) as i32 + 1
}

/// A part of a date that `datetime_part()` gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Year,
    Quarter,
    Month,
    WeekOfYear,
    Day,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

const PARTS: [(&str, Part); 13] = [
    ("year", Part::Year),
    ("quarter", Part::Quarter),
    ("month", Part::Month),
    ("week_of_year", Part::WeekOfYear),
    ("weekofyear", Part::WeekOfYear),
    ("day", Part::Day),
    ("dayofyear", Part::DayOfYear),
    ("hour", Part::Hour),
    ("minute", Part::Minute),
    ("second", Part::Second),
    ("millisecond", Part::Millisecond),
    ("microsecond", Part::Microsecond),
    ("nanosecond", Part::Nanosecond),
];

impl Part {
    /// Returns the part of a name, in any case.
    pub fn from_name(name: &str) -> Option<Part> {
        PARTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, part)| *part)
    }

    /// Returns the part of an instant.
    pub fn of(self, instant: i64) -> i32 {
        let clock = |unit: i64, count: i64| (instant.rem_euclid(DAY) / unit % count) as i32;
        match self {
            Part::Year => civil(instant).year,
            Part::Quarter => (civil(instant).month as i32 + 2) / 3,
            Part::Month => civil(instant).month as i32,
            Part::WeekOfYear => week_of_year(instant),
            Part::Day => civil(instant).day as i32,
            Part::DayOfYear => day_of_year(instant),
            Part::Hour => clock(HOUR, 24),
            Part::Minute => clock(MINUTE, 60),
            Part::Second => clock(SECOND, 60),
            Part::Millisecond => clock(MILLISECOND, 1_000),
            Part::Microsecond => clock(MICROSECOND, 1_000_000),
            Part::Nanosecond => clock(1, 10_000_000) * 100,
        }
    }
}

/// Evaluates a function of one datetime that gives an int.
pub fn int_of_datetime(args: &Args, op: impl Fn(i64) -> i32) -> Result<ArrayRef, EvalError> {
    let column: Int32Array = convert::datetimes(&args.args[0]).map(op);
    spread(Arc::new(column), args.rows)
}

/// Evaluates a function of a datetime and an offset that may be left out.
pub fn shifted(args: &Args, op: impl Fn(i64, i64) -> Option<i64>) -> Result<ArrayRef, EvalError> {
    let date = convert::datetimes(&args.args[0]);
    let offset = args.opt(1).map_or_else(zero, convert::longs);
    let column: Int64Array = binary_opt(&date, &offset, op);
    spread(Arc::new(column), args.rows)
}

fn zero() -> Operand<Int64Type> {
    Operand { array: Int64Array::from_value(0, 1), constant: true }
}

/// Reads the name of a period or a part from argument `i`.
///
/// # Errors
/// The argument is no constant or no such name.
pub fn named<T: Copy>(args: &Args, i: usize, from_name: fn(&str) -> Option<T>, names: &str) -> Result<T, EvalError> {
    match args.constant(i) {
        Some(Value::String(name)) => {
            from_name(&name).ok_or_else(|| EvalError::new(format!("`{name}` is none of {names}")))
        }
        _ => Err(EvalError::new(format!("a constant is needed here, one of {names}"))),
    }
}

/// The names of periods, for messages.
pub const PERIOD_NAMES: &str =
    "year, quarter, month, week, day, hour, minute, second, millisecond, microsecond and nanosecond";
/// The names of parts, for messages.
pub const PART_NAMES: &str = "year, quarter, month, week_of_year, day, dayofyear, hour, minute, second, millisecond, \
                              microsecond and nanosecond";
