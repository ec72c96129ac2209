//! What the funnel plugins share: each id's states over the timeline.

use super::prelude::*;
use super::timeline::{Activity, Bins};
use crate::series::Number;
use schema::dynamic::raw;
use std::collections::BTreeMap;

/// An event: when, and the row it came in.
pub type Event = (i64, usize);

/// Returns the events of each id in each bin, in order of time; rows at the same time keep their order.
///
/// # Errors
/// When there is no such column.
pub fn events(activity: &Activity, bins: &Bins) -> Result<BTreeMap<(i64, usize), Vec<Event>>, EvalError> {
    let ids = Groups::by(activity.table, &[activity.id])?;
    let mut events: BTreeMap<(i64, usize), Vec<Event>> = BTreeMap::new();
    for (row, (time, id)) in activity.timeline.times.iter().zip(&ids.of_row).enumerate() {
        if let Some(time) = time.filter(|time| bins.contains(*time)) {
            events.entry((bins.index(time), *id)).or_default().push((time, row));
        }
    }
    events.values_mut().for_each(|events| events.sort_unstable());
    Ok(events)
}

/// Returns the texts of an array's elements.
///
/// # Errors
/// When the argument is no array, or an empty one.
pub fn sequence(args: &Arguments, i: usize) -> Result<Vec<String>, EvalError> {
    let json = args.value(i)?.to_dynamic().to_json();
    let states: Vec<String> = raw::items(&json).map(|item| raw::text(item).into_owned()).collect();
    if states.is_empty() {
        Err(EvalError::new("the sequence must be an array with at least one state"))
    } else {
        Ok(states)
    }
}

/// Returns an array's elements as distances on the timeline.
///
/// # Errors
/// When the argument is no array, or an element no distance.
pub fn periods(args: &Arguments, i: usize) -> Result<Vec<i64>, EvalError> {
    let json = args.value(i)?.to_dynamic().to_json();
    let period = |item: &str| match Number::read(item) {
        Some(Number::Long(period)) if period >= 0 => Ok(period),
        _ => Err(EvalError::new(format!("`{item}` is no period: use timespans or whole numbers"))),
    };
    let periods = raw::items(&json).map(period).collect::<Result<Vec<i64>, EvalError>>()?;
    if periods.is_empty() {
        Err(EvalError::new("the periods must be an array with at least one element"))
    } else {
        Ok(periods)
    }
}

/// Returns a column's values as texts, by row.
///
/// # Errors
/// When there is no such column.
pub fn texts(table: &Table, column: usize) -> Result<Vec<String>, EvalError> {
    (0..table.rows).map(|row| Ok(table.cell(column, row)?.to_text())).collect()
}
