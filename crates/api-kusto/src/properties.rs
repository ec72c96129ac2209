//! Client request properties: options of a query, and values of its parameters.
//!
//! Options that are not known are passed over, as Kusto does.
//!
//! # Source
//! Kusto reference, "Request properties".

use crate::Limits;
use crate::error::ApiError;
use schema::ticks;
use serde_json::{Map, Value};
use std::time::Duration;

/// What a request says about its query.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Properties {
    timeout: Option<Duration>,
    no_timeout: bool,
    rows_max: Option<u64>,
    bytes_max: Option<u64>,
    no_truncation: bool,
    /// Rows after which each result ends as if it were complete.
    pub take_max: Option<u64>,
    /// Whether a result that is too large is told of at its end, as if it were complete until then.
    pub defers_truncation: bool,
    /// Whether nothing may be changed by it.
    pub is_readonly: bool,
    /// What `now()` gives, in ticks.
    pub now: Option<i64>,
    /// Values of parameters, as KQL literals or plain text.
    pub parameters: Vec<(String, String)>,
}

impl Properties {
    /// Reads properties: an object, or a text that holds one, as some clients send it.
    pub fn of_json(value: Value) -> Result<Properties, ApiError> {
        let mut properties = Properties::default();
        let value = match value {
            Value::String(text) if text.trim().is_empty() => Value::Null,
            Value::String(text) => serde_json::from_str(&text)
                .map_err(|error| ApiError::Malformed(format!("the text of `properties` is no JSON: {error}")))?,
            value => value,
        };
        let mut members = match value {
            Value::Null => return Ok(properties),
            Value::Object(members) => members,
            _ => return Err(ApiError::Malformed("`properties` is no object".to_string())),
        };
        for (name, value) in object(&mut members, "Options")? {
            properties.set(&name, &value)?;
        }
        for (name, value) in object(&mut members, "Parameters")? {
            properties.parameters.push((name, parameter(value)));
        }
        Ok(properties)
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), ApiError> {
        let wrong = |wanted: &str| ApiError::Malformed(format!("the option `{name}` is {value}, which is no {wanted}"));
        match name.to_ascii_lowercase().as_str() {
            _ if value.is_null() => {}
            "servertimeout" => self.timeout = Some(duration(value).ok_or_else(|| wrong("timespan"))?),
            "norequesttimeout" => self.no_timeout = flag(value).ok_or_else(|| wrong("bool"))?,
            "truncationmaxrecords" => self.rows_max = Some(count(value).ok_or_else(|| wrong("number"))?),
            "truncationmaxsize" => self.bytes_max = Some(count(value).ok_or_else(|| wrong("number"))?),
            "notruncation" => self.no_truncation = flag(value).ok_or_else(|| wrong("bool"))?,
            "query_take_max_records" => self.take_max = Some(count(value).ok_or_else(|| wrong("number"))?),
            "deferpartialqueryfailures" => self.defers_truncation = flag(value).ok_or_else(|| wrong("bool"))?,
            "request_readonly" => self.is_readonly = flag(value).ok_or_else(|| wrong("bool"))?,
            "query_now" => {
                let now = value.as_str().and_then(ticks::parse_datetime);
                self.now = Some(now.ok_or_else(|| wrong("datetime"))?);
            }
            "query_language" => {
                let language = value.as_str().unwrap_or_default();
                if !["csl", "kql"].iter().any(|known| language.eq_ignore_ascii_case(known)) {
                    return Err(wrong("language that is spoken here: `kql`"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes what the query's own `set` statements say of its result's size.
    pub fn set_by_query(&mut self, options: &[(String, schema::Value)]) -> Result<(), ApiError> {
        const SETTABLE: [&str; 5] = [
            "truncationmaxrecords",
            "truncationmaxsize",
            "notruncation",
            "query_take_max_records",
            "deferpartialqueryfailures",
        ];
        for (name, value) in options {
            if SETTABLE.contains(&name.as_str()) {
                self.set(name, &Value::String(value.to_text()))?;
            }
        }
        Ok(())
    }

    /// Returns how long the query may run.
    pub fn timeout(&self, limits: &Limits) -> Duration {
        let asked = match self.no_timeout {
            true => limits.query_timeout_max,
            false => self.timeout.unwrap_or(limits.query_timeout),
        };
        asked.min(limits.query_timeout_max)
    }

    /// Returns how many rows the answer may have.
    pub fn rows_max(&self, limits: &Limits) -> u64 {
        if self.no_truncation { u64::MAX } else { self.rows_max.unwrap_or(limits.rows_max) }
    }

    /// Returns how many bytes the answer's rows may have.
    pub fn bytes_max(&self, limits: &Limits) -> u64 {
        if self.no_truncation { u64::MAX } else { self.bytes_max.unwrap_or(limits.bytes_max) }
    }
}

/// Takes an object out of the properties.
fn object(members: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, ApiError> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members),
        Some(_) => Err(ApiError::Malformed(format!("`{name}` of `properties` is no object"))),
    }
}

/// Returns a parameter's value as text: what is no text, number or truth value is a dynamic literal.
fn parameter(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        value => format!("dynamic({value})"),
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Number(number) => number.as_u64().map(|number| number != 0),
        _ => None,
    }
}

fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Reads a duration: a timespan (`00:04:00`, `0:04:00`), or as Python writes one longer than a day (`1 day, 0:00:00`).
fn duration(value: &Value) -> Option<Duration> {
    let text = value.as_str()?.trim();
    let ticks = match text.split_once(',') {
        Some((days, time)) => {
            let (days, unit) = days.trim().split_once(' ')?;
            if !matches!(unit.trim(), "day" | "days") {
                return None;
            }
            let days: i64 = days.parse().ok()?;
            days.checked_mul(ticks::DAY)?.checked_add(ticks::parse_timespan(time.trim())?)?
        }
        None => ticks::parse_timespan(text)?,
    };
    let nanos = u64::try_from(ticks).ok()?.checked_mul(100)?;
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn options(options: Value) -> Result<Properties, String> {
        Properties::of_json(json!({ "Options": options })).map_err(|error| error.to_string())
    }

    #[test]
    fn durations_are_read_as_every_client_writes_them() {
        let seconds = |text: &str| duration(&json!(text)).map(|duration| duration.as_secs_f64());
        for (text, expected) in [
            ("00:04:00", Some(240.0)),
            ("0:04:00", Some(240.0)),
            ("1 day, 0:00:00", Some(86_400.0)),
            ("2 days, 0:00:01", Some(172_801.0)),
            ("1.00:00:00", Some(86_400.0)),
            ("00:00:00.5000000", Some(0.5)),
            ("00:00:00", None),
            ("-00:01:00", None),
            ("soon", None),
            ("1 week, 0:00:00", None),
            ("9999999999999999 days, 0:00:00", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn time_is_bounded_whatever_is_asked() {
        let limits = Limits::default();
        let timeout = |value| options(value).map(|properties| properties.timeout(&limits).as_secs());
        assert_eq!(timeout(json!({})), Ok(240));
        assert_eq!(timeout(json!({"servertimeout": "00:10:00"})), Ok(600));
        assert_eq!(timeout(json!({"servertimeout": "10:00:00"})), Ok(3600));
        assert_eq!(timeout(json!({"norequesttimeout": true})), Ok(3600));
        assert_eq!(timeout(json!({"servertimeout": null})), Ok(240));
        let wrong = "the option `servertimeout` is \"soon\", which is no timespan";
        assert_eq!(timeout(json!({"servertimeout": "soon"})), Err(wrong.to_string()));
    }

    #[test]
    fn truncation_is_lowered_raised_and_lifted() {
        let limits = Limits::default();
        let sizes = |value| options(value).map(|p| (p.rows_max(&limits), p.bytes_max(&limits)));
        assert_eq!(sizes(json!({})), Ok((500_000, 64 << 20)));
        assert_eq!(sizes(json!({"truncationmaxrecords": 5, "truncationmaxsize": "7"})), Ok((5, 7)));
        assert_eq!(sizes(json!({"NoTruncation": "true", "truncationmaxrecords": 5})), Ok((u64::MAX, u64::MAX)));
        assert!(sizes(json!({"truncationmaxrecords": -1})).is_err());
    }

    #[test]
    fn properties_come_as_object_or_as_text_and_the_unknown_is_passed_over() {
        let object = json!({"Options": {"made_up": [1]}, "Parameters": {"n": 7, "s": "it's", "d": {"a": [1]}}});
        let parsed = Properties::of_json(object.clone()).unwrap();
        assert_eq!(Properties::of_json(json!(object.to_string())).unwrap(), parsed);
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(parsed.parameters, [pair("n", "7"), pair("s", "it's"), pair("d", "dynamic({\"a\":[1]})")]);
        assert_eq!(Properties::of_json(Value::Null).unwrap(), Properties::default());
        assert_eq!(Properties::of_json(json!("")).unwrap(), Properties::default());
        for wrong in [json!(1), json!("{"), json!({"Options": 1}), json!({"Parameters": "x"})] {
            assert!(Properties::of_json(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
