//! A row of a table, and what records are made of it.

use schema::ticks;
use serde_json::{Map, Value};

/// A row: its columns by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row(pub Map<String, Value>);

impl Row {
    /// Returns a column's value; `None` when there is none, it is null or an empty text.
    pub fn get(&self, column: &str) -> Option<&Value> {
        let value = self.0.get(column)?;
        let is_empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
        (!is_empty).then_some(value)
    }

    /// Returns a column's text; of other values their JSON.
    pub fn text(&self, column: &str) -> Option<String> {
        self.get(column).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_string))
    }

    /// Returns a column's number.
    pub fn number(&self, column: &str) -> Option<i64> {
        let value = self.get(column)?;
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// Returns a column's instant, in ticks.
    pub fn time(&self, column: &str) -> Option<i64> {
        ticks::parse_datetime(self.get(column)?.as_str()?)
    }

    /// Returns what a column holds as JSON: a dynamic value, or a text that is an object or an array.
    pub fn json(&self, column: &str) -> Option<Value> {
        self.get(column).map(structured)
    }

    /// Returns the members of the column for what fits no other.
    pub fn bag(&self) -> Map<String, Value> {
        match self.json(BAG) {
            Some(Value::Object(bag)) => bag,
            _ => Map::new(),
        }
    }
}

/// The column for what fits no other.
pub(crate) const BAG: &str = "AdditionalFields";

/// Returns a text that is an object or an array as what it is, and any other value as it is.
pub(crate) fn structured(value: &Value) -> Value {
    let Some(text) = value.as_str().filter(|text| text.starts_with(['{', '['])) else { return value.clone() };
    serde_json::from_str(text).unwrap_or_else(|_| value.clone())
}

/// Returns an instant without a zone, as the Management Activity API writes it: `2015-06-29T20:03:19`.
pub(crate) fn time_without_zone(instant: i64) -> String {
    let text = ticks::datetime_text(instant);
    let text = text.trim_end_matches('Z');
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole.to_string(),
        Some(_) => text.trim_end_matches('0').to_string(),
        None => text.to_string(),
    }
}

/// Returns an instant as Graph writes it: `2015-06-29T20:03:19Z`.
pub(crate) fn time_of_graph(instant: i64) -> String {
    format!("{}Z", time_without_zone(instant))
}

/// Returns an instant with milliseconds: `2015-05-23T17:35:00.000Z`.
pub(crate) fn time_with_millis(instant: i64) -> String {
    let text = ticks::datetime_text(instant);
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{:0<3.3}Z", fraction.trim_end_matches('Z')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_api_does() {
        let instant = ticks::parse_datetime("2015-06-29T20:03:19.1230000Z").unwrap_or_default();
        assert_eq!(time_without_zone(instant), "2015-06-29T20:03:19.123");
        assert_eq!(time_of_graph(instant - instant % ticks::SECOND), "2015-06-29T20:03:19Z");
        assert_eq!(time_with_millis(instant), "2015-06-29T20:03:19.123Z");
    }
}
