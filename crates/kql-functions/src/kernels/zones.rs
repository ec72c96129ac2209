//! Time zones of the IANA database, which is part of the program.

use crate::args::{Args, EvalError};
use arrow::array::{ArrayRef, Int64Array};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use schema::Value;
use schema::ticks::{self, SECOND};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Returns the names of all time zones, in order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = DATABASE.available().map(|name| name.to_string()).collect();
    names.sort();
    names
}

/// Evaluates a function of a datetime and the name of a time zone; null for a name that a column holds and no zone has.
///
/// # Errors
/// A constant name is none of a zone.
pub fn eval(args: &Args, op: impl Fn(i64, &TimeZone) -> Option<i64>) -> Result<ArrayRef, EvalError> {
    let instants = super::convert::datetimes(&args.args[0]);
    if let Some(Value::String(name)) = args.constant(1) {
        let zone = DATABASE.get(&name).map_err(|_| EvalError::new(format!("`{name}` is no time zone")))?;
        let column: Int64Array = instants.map_opt(|instant| op(instant, &zone));
        return super::spread(Arc::new(column), args.rows);
    }
    let names = args.str(1);
    let mut zones: HashMap<&str, Option<TimeZone>> = HashMap::new();
    let column: Int64Array = (0..args.rows)
        .map(|row| {
            let zone = zones.entry(names.get(row)).or_insert_with_key(|name| DATABASE.get(name).ok());
            op(instants.get(row)?, zone.as_ref()?)
        })
        .collect();
    Ok(Arc::new(column))
}

/// Returns the local time of an instant.
pub fn utc_to_local(instant: i64, zone: &TimeZone) -> Option<i64> {
    let seconds = (instant - ticks::UNIX_EPOCH).div_euclid(SECOND);
    let offset = zone.to_offset(jiff::Timestamp::from_second(seconds).ok()?);
    ticks::in_range(instant + i64::from(offset.seconds()) * SECOND)
}

/// Returns the instant of a local time. A time that the zone skips is taken with the offset that holds after it, one
/// that the zone has twice as the first.
///
/// # Source
/// Kusto reference, "datetime_local_to_utc()", the example at the start of summer time.
pub fn local_to_utc(local: i64, zone: &TimeZone) -> Option<i64> {
    let date = ticks::civil(local);
    let of_day = |unit: i64, count: i64| i8::try_from(date.time_of_day / unit % count).ok();
    let clock = jiff::civil::DateTime::new(
        i16::try_from(date.year).ok()?,
        i8::try_from(date.month).ok()?,
        i8::try_from(date.day).ok()?,
        of_day(ticks::HOUR, 24)?,
        of_day(ticks::MINUTE, 60)?,
        of_day(SECOND, 60)?,
        0,
    )
    .ok()?;
    let second = zone.to_ambiguous_timestamp(clock).earlier().ok()?.as_second();
    ticks::in_range(ticks::UNIX_EPOCH + second * SECOND + date.time_of_day % SECOND)
}
