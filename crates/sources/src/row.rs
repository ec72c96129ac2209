//! One record on its way out: a table's name and a JSON object of its columns.

use crate::columns::Columns;
use crate::fit;
use schema::dynamic::raw::{self, Kind};
use schema::dynamic::write_json_string;
use schema::{KqlType, number, ticks};
use std::borrow::Cow;

/// A record that is being written.
pub(crate) struct Row {
    table: Cow<'static, str>,
    columns: Option<&'static Columns>,
    /// Which columns have a value, by their place.
    set: Vec<bool>,
    json: String,
    /// Columns that the built-in table lacks.
    further: Vec<(String, KqlType)>,
}

impl Row {
    /// Begins a record of a table.
    pub fn new(table: impl Into<Cow<'static, str>>) -> Row {
        let table = table.into();
        let columns = Columns::of(&table);
        Row {
            columns,
            set: vec![false; columns.map_or(0, Columns::len)],
            json: String::from("{"),
            further: Vec::new(),
            table,
        }
    }

    /// Sets a column to JSON text. A null sets nothing; a value that does not fit the column's type goes under another name to the
    /// table's bag, and a column that is set stays as it is.
    pub fn json(&mut self, column: &str, json: &str) {
        if raw::kind(json) != Kind::Null && !self.is_set(column) {
            self.put(column, json);
        }
    }

    /// Sets a column to a text; an empty one sets nothing.
    pub fn text(&mut self, column: &str, text: &str) {
        if !text.is_empty() {
            let mut json = String::with_capacity(text.len() + 2);
            write_json_string(&mut json, text);
            self.json(column, &json);
        }
    }

    /// Sets a string column to a JSON value's text: a string's own, an object's or array's JSON.
    pub fn text_of(&mut self, column: &str, json: &str) {
        self.text(column, &raw::text(json));
    }

    /// Sets a column to an instant.
    pub fn time(&mut self, column: &str, instant: i64) {
        self.text(column, &ticks::datetime_text(instant));
    }

    /// Sets a column to a whole number.
    pub fn long(&mut self, column: &str, value: i64) {
        self.json(column, &value.to_string());
    }

    /// Sets a column to a number.
    pub fn real(&mut self, column: &str, value: f64) {
        if value.is_finite() {
            self.json(column, &number::real_output_text(value));
        }
    }

    /// Sets a column to a number that is written as text; a text that is none goes to the bag.
    pub fn number(&mut self, column: &str, text: &str) {
        let text = text.trim();
        match text.parse::<i64>() {
            Ok(value) => self.long(column, value),
            Err(_) => self.text(column, text),
        }
    }

    /// Passes on a member that nobody asked for. The name of a column that is set already gets an ending.
    pub fn pass(&mut self, name: &str, json: &str) {
        if self.is_set(name) {
            self.put(&format!("{name}_original"), json);
        } else {
            self.put(name, json);
        }
    }

    /// As [`Row::pass`], for a text.
    pub fn pass_text(&mut self, name: &str, text: &str) {
        let mut json = String::with_capacity(text.len() + 2);
        write_json_string(&mut json, text);
        self.pass(name, &json);
    }

    /// Sets a column that the table gets if it has it not yet, as tables do whose columns come from their records.
    pub fn column(&mut self, name: &str, ktype: KqlType, json: &str) {
        if raw::kind(json) == Kind::Null || self.is_set(name) {
            return;
        }
        if !fit::fits(ktype, json) {
            return self.pass(name, json);
        }
        let is_known = self.columns.is_some_and(|columns| columns.get(name).is_some());
        if !is_known && !self.further.iter().any(|(known, _)| known == name) {
            self.further.push((name.to_string(), ktype));
        }
        self.put(name, json);
    }

    /// Returns whether a column has a value.
    pub fn is_set(&self, column: &str) -> bool {
        let place = self.columns.and_then(|columns| columns.get(column));
        place.and_then(|(place, _)| self.set.get(place)).copied().unwrap_or(false)
            || (place.is_none() && self.further.iter().any(|(known, _)| known == column))
    }

    fn put(&mut self, name: &str, json: &str) {
        let known = self.columns.and_then(|columns| columns.get(name));
        let mut suffix = "";
        if let Some((place, ktype)) = known {
            if fit::fits(ktype, json) {
                if let Some(set) = self.set.get_mut(place) {
                    *set = true;
                }
            } else {
                suffix = fit::type_suffix(json);
            }
        }
        if self.json.len() > 1 {
            self.json.push(',');
        }
        if suffix.is_empty() {
            write_json_string(&mut self.json, name);
        } else {
            write_json_string(&mut self.json, &format!("{name}{suffix}"));
        }
        self.json.push(':');
        self.json.push_str(json);
    }

    /// Returns how many bytes it has so far.
    pub fn len(&self) -> usize {
        self.json.len()
    }

    /// Ends the record: its table, the columns that the table needs for it, and its JSON text.
    pub fn into_parts(mut self) -> (Cow<'static, str>, Vec<(String, KqlType)>, String) {
        let table = self.table.clone();
        self.text("Type", &table);
        self.json.push('}');
        (self.table, self.further, self.json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_they_fit() {
        let mut row = Row::new("Syslog");
        row.text("Computer", "a");
        row.text("Computer", "b");
        row.text("ProcessID", "none");
        row.long("ProcessID", 7);
        row.pass("Computer", "\"c\"");
        row.pass("other", "null");
        row.column("code_d", KqlType::Real, "1.50");
        let (table, further, json) = row.into_parts();
        assert_eq!((&*table, further), ("Syslog", vec![("code_d".to_string(), KqlType::Real)]));
        let expected = r#"{"Computer":"a","ProcessID_string":"none","ProcessID":7,"Computer_original":"c","other":null,"code_d":1.50,"Type":"Syslog"}"#;
        assert_eq!(json, expected);
    }
}
