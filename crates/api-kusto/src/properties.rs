//! Client request properties: options of a query, and values of its parameters.
//!
//! Options that are not known are passed over, as Kusto does.
//!
//! # Source
//! Kusto reference, "Request properties".

use crate::Limits;
use crate::error::ApiError;
use encode::{ErrorPlacement, Frames};
use query::TimeRange;
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
    /// What `now()` gives, in ticks.
    pub now: Option<i64>,
    /// How an answer of v2 is divided.
    pub frames: Frames,
    /// Whether the columns of each result are asked for, and not its rows.
    pub schema_only: bool,
    /// Whether it is asked for whether the query may run, and not for its result.
    pub validates: bool,
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// The column and the first and last time of the rows that the query sees, in ticks.
    pub time_scope: TimeScope,
    /// What the client says of itself: its application, its user, what the query is for.
    pub app_name: Option<String>,
    pub user: Option<String>,
    pub description: Option<String>,
    /// What the client calls the request, where it says so here.
    pub client_request_id: Option<String>,
    /// The options as they were sent, as JSON text.
    pub sent: String,
    /// Values of parameters, as KQL literals or plain text.
    pub parameters: Vec<(String, String)>,
}

/// Which rows a query sees, by a column of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TimeScope {
    pub column: Option<String>,
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// Options whose values concern whoever asks, and that are shown to nobody.
const HIDDEN: [&str; 1] = ["request_user"];

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
        let mut options = object(&mut members, "Options")?;
        for (name, value) in &options {
            properties.set(name, value)?;
        }
        for (name, value) in &mut options {
            if HIDDEN.iter().any(|hidden| hidden.eq_ignore_ascii_case(name)) {
                *value = Value::from("******");
            }
        }
        properties.sent = if options.is_empty() { String::new() } else { Value::Object(options).to_string() };
        properties.client_request_id = match members.remove("ClientRequestId") {
            Some(Value::String(id)) if !id.trim().is_empty() => Some(id),
            _ => None,
        };
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
            "query_now" => self.now = Some(datetime(value).ok_or_else(|| wrong("datetime"))?),
            "results_progressive_enabled" => self.frames.progressive = flag(value).ok_or_else(|| wrong("bool"))?,
            "results_v2_fragment_primary_tables" => {
                self.frames.fragmented = flag(value).ok_or_else(|| wrong("bool"))?;
            }
            "query_results_progressive_row_count" => {
                let rows = count(value).ok_or_else(|| wrong("number"))?;
                self.frames.fragment_rows_max = usize::try_from(rows).ok().filter(|rows| *rows > 0);
            }
            "results_error_reporting_placement" => {
                let placement = value.as_str().unwrap_or_default().to_ascii_lowercase();
                self.frames.errors = match placement.as_str() {
                    "in_data" => ErrorPlacement::InData,
                    "end_of_table" => ErrorPlacement::EndOfTable,
                    "end_of_dataset" => ErrorPlacement::EndOfDataset,
                    _ => return Err(wrong("place: there are `in_data`, `end_of_table` and `end_of_dataset`")),
                };
            }
            "query_results_apply_getschema" => self.schema_only = flag(value).ok_or_else(|| wrong("bool"))?,
            "validatepermissions" => self.validates = flag(value).ok_or_else(|| wrong("bool"))?,
            "request_readonly" | "request_readonly_hardline" => {
                self.read_only |= flag(value).ok_or_else(|| wrong("bool"))?;
            }
            "query_datetimescope_column" => {
                let column = value.as_str().filter(|column| !column.is_empty());
                self.time_scope.column = Some(column.ok_or_else(|| wrong("column"))?.to_string());
            }
            "query_datetimescope_from" => {
                self.time_scope.from = Some(datetime(value).ok_or_else(|| wrong("datetime"))?);
            }
            "query_datetimescope_to" => {
                self.time_scope.to = Some(datetime(value).ok_or_else(|| wrong("datetime"))?);
            }
            "request_app_name" => self.app_name = value.as_str().map(str::to_string),
            "request_user" => self.user = value.as_str().map(str::to_string),
            "request_description" => self.description = value.as_str().map(str::to_string),
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
        const SETTABLE: [&str; 8] = [
            "query_results_apply_getschema",
            "query_results_progressive_row_count",
            "results_error_reporting_placement",
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

    /// Returns which rows the query sees, where it does not see all.
    pub fn time_range(&self) -> Option<TimeRange> {
        let TimeScope { column, from, to } = self.time_scope.clone();
        // Times without a column say nothing, as in Kusto.
        Some(TimeRange { column: column.filter(|_| from.is_some() || to.is_some())?, from, to })
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

/// Reads a time: as text, or as KQL writes it.
fn datetime(value: &Value) -> Option<i64> {
    let text = value.as_str()?.trim();
    let inner = text.strip_prefix("datetime(").and_then(|inner| inner.strip_suffix(')'));
    ticks::parse_datetime(inner.unwrap_or(text).trim().trim_matches(['"', '\'']))
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
        None => {
            let inner = ["time(", "timespan("].iter().find_map(|opening| text.strip_prefix(opening)?.strip_suffix(')'));
            let inner = inner.unwrap_or(text).trim();
            ticks::parse_timespan(inner).or_else(|| ticks::parse_units(inner))?
        }
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
            ("4m", Some(240.0)),
            ("time(1h)", Some(3600.0)),
            ("timespan(00:00:05)", Some(5.0)),
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
    fn every_option_is_read_and_a_wrong_value_is_named() {
        let all = json!({
            "results_progressive_enabled": true, "results_v2_fragment_primary_tables": "true",
            "query_results_progressive_row_count": 7, "results_error_reporting_placement": "End_Of_Table",
            "query_results_apply_getschema": 1, "validatepermissions": false, "request_readonly_hardline": true,
            "query_datetimescope_column": "At", "query_datetimescope_from": "datetime(1970-01-01)",
            "query_datetimescope_to": "1970-01-02T00:00:00Z", "query_now": "datetime('1970-01-01')",
            "request_app_name": "app", "request_user": "ann", "request_description": "why",
        });
        let read = options(all).unwrap();
        let frames = Frames {
            progressive: true,
            fragmented: true,
            fragment_rows_max: Some(7),
            errors: ErrorPlacement::EndOfTable,
        };
        assert_eq!(read.frames, frames);
        assert_eq!((read.schema_only, read.validates, read.read_only), (true, false, true));
        let (from, to) = (Some(ticks::UNIX_EPOCH), Some(ticks::UNIX_EPOCH + ticks::DAY));
        assert_eq!(read.time_scope, TimeScope { column: Some("At".into()), from, to });
        assert_eq!(read.now, from);
        let said = (read.app_name.as_deref(), read.user.as_deref(), read.description.as_deref());
        assert_eq!(said, (Some("app"), Some("ann"), Some("why")));
        assert!(read.sent.contains("\"request_user\":\"******\"") && !read.sent.contains("ann"));
        for (name, value) in [
            ("results_progressive_enabled", json!("maybe")),
            ("results_error_reporting_placement", json!("nowhere")),
            ("query_datetimescope_from", json!("soon")),
            ("query_datetimescope_column", json!("")),
            ("query_language", json!("sql")),
        ] {
            let error = options(json!({ name: value })).unwrap_err();
            assert!(error.starts_with(&format!("the option `{name}` is")), "{error}");
        }
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
