//! Arguments of aggregation calls that must be constants.

use crate::args::{EvalError, real_of};
use crate::registry::AggregateCall;
use schema::{Dynamic, KqlType, Value};

/// Returns argument `i` as a whole number, `None` when it is left out.
///
/// # Errors
/// When it is not a constant whole number.
pub fn long(call: &AggregateCall, i: usize, what: &str) -> Result<Option<i64>, EvalError> {
    match call.args.get(i) {
        None => Ok(None),
        Some((_, Some(Value::Long(value)))) => Ok(Some(*value)),
        Some((_, Some(Value::Int(value)))) => Ok(Some(i64::from(*value))),
        Some(_) => Err(EvalError::new(format!("the {what} must be a constant whole number"))),
    }
}

/// Returns the percentiles from argument `i` on: numbers, or one array of numbers.
///
/// # Errors
/// When one is not a constant number from 0 to 100.
pub fn percentiles(call: &AggregateCall, i: usize) -> Result<Vec<f64>, EvalError> {
    let mut percentiles = Vec::new();
    for (_, value) in call.args.iter().skip(i) {
        match value {
            Some(Value::Dynamic(Dynamic::Array(items))) => {
                for item in items {
                    percentiles.push(item.as_real().ok_or_else(not_a_percentile)?);
                }
            }
            Some(value) => percentiles.push(real_of(value).ok_or_else(not_a_percentile)?),
            None => return Err(not_a_percentile()),
        }
    }
    if percentiles.is_empty() || percentiles.iter().any(|p| !(0.0..=100.0).contains(p)) {
        return Err(not_a_percentile());
    }
    Ok(percentiles)
}

fn not_a_percentile() -> EvalError {
    EvalError::new("a percentile must be a constant number from 0 to 100")
}

/// Returns the type of the first argument.
pub fn first_type(call: &AggregateCall) -> KqlType {
    call.args.first().map_or(KqlType::Long, |(ktype, _)| *ktype)
}
