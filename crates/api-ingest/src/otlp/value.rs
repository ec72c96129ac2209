//! Values as dynamic values: JSON text.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schema::dynamic::write_json_string;
use schema::ticks;

use super::wire::{AnyValue, KeyValue};

/// How deep values may nest: less than what the readers of protobuf and JSON bear, so that both encodings have the same bound.
const DEPTH_MAX: usize = 24;

/// Why a value is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("a value nests deeper than {DEPTH_MAX}")]
    Deep,
    #[error("a value is of more than one kind")]
    Ambiguous,
}

/// An object that is being written. No member is lost: one whose name is there already gets a number, as `name#2`.
#[derive(Debug)]
pub struct Object {
    text: String,
    /// The names that are there, and the number that the next of the same name gets.
    names: HashMap<String, u32>,
}

impl Object {
    pub fn new() -> Object {
        Object { text: "{".to_string(), names: HashMap::new() }
    }

    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Adds a member; `json` is its value.
    pub fn member(&mut self, name: &str, json: &str) {
        let unique = self.unique(name);
        if self.text.len() > 1 {
            self.text.push(',');
        }
        write_json_string(&mut self.text, &unique);
        self.text.push(':');
        self.text.push_str(json);
        self.names.insert(unique, 2);
    }

    fn unique(&mut self, name: &str) -> String {
        let Some(next) = self.names.get_mut(name) else { return name.to_string() };
        let mut number = *next;
        loop {
            let unique = format!("{name}#{number}");
            number = number.saturating_add(1);
            if !self.names.contains_key(&unique) {
                self.names.insert(name.to_string(), number);
                return unique;
            }
        }
    }

    /// Adds a text, unless it is empty.
    pub fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.member(name, &json_text(text));
        }
    }

    /// Adds a number, unless it is 0.
    pub fn count(&mut self, name: &str, count: u64) {
        if count > 0 {
            self.member(name, &count.to_string());
        }
    }

    /// Adds a time in nanoseconds since 1970, unless it is 0.
    pub fn time(&mut self, name: &str, nanos: u64) {
        if nanos > 0 {
            self.member(name, &json_text(&moment_text(nanos)));
        }
    }

    /// Adds attributes.
    pub fn attributes(&mut self, attributes: &[KeyValue]) -> Result<(), ValueError> {
        self.members(attributes, 0)
    }

    fn members(&mut self, attributes: &[KeyValue], depth: usize) -> Result<(), ValueError> {
        for attribute in attributes {
            let mut json = String::new();
            write_value(&mut json, attribute.value.as_ref(), depth)?;
            self.member(&attribute.key, &json);
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// Returns attributes as an object.
pub fn object_of(attributes: &[KeyValue]) -> Result<String, ValueError> {
    let mut object = Object::new();
    object.attributes(attributes)?;
    Ok(object.finish())
}

/// Returns a value as JSON.
pub fn json_of(value: Option<&AnyValue>) -> Result<String, ValueError> {
    let mut json = String::new();
    write_value(&mut json, value, 0)?;
    Ok(json)
}

fn write_value(out: &mut String, value: Option<&AnyValue>, depth: usize) -> Result<(), ValueError> {
    if depth > DEPTH_MAX {
        return Err(ValueError::Deep);
    }
    let Some(value) = value else {
        out.push_str("null");
        return Ok(());
    };
    if n_kinds(value) > 1 {
        return Err(ValueError::Ambiguous);
    }
    if let Some(text) = &value.string_value {
        write_json_string(out, text);
    } else if let Some(bool) = value.bool_value {
        out.push_str(if bool { "true" } else { "false" });
    } else if let Some(int) = value.int_value {
        out.push_str(&int.to_string());
    } else if let Some(double) = value.double_value {
        out.push_str(&number_text(double));
    } else if let Some(array) = &value.array_value {
        out.push('[');
        for (place, element) in array.values.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            write_value(out, Some(element), depth + 1)?;
        }
        out.push(']');
    } else if let Some(list) = &value.kvlist_value {
        let mut object = Object::new();
        object.members(&list.values, depth + 1)?;
        out.push_str(&object.finish());
    } else if let Some(bytes) = &value.bytes_value {
        write_json_string(out, &STANDARD.encode(bytes));
    } else {
        out.push_str("null");
    }
    Ok(())
}

fn n_kinds(value: &AnyValue) -> usize {
    let kinds = [
        value.string_value.is_some(),
        value.bool_value.is_some(),
        value.int_value.is_some(),
        value.double_value.is_some(),
        value.array_value.is_some(),
        value.kvlist_value.is_some(),
        value.bytes_value.is_some(),
    ];
    kinds.into_iter().filter(|is_there| *is_there).count()
}

/// Returns a value as the text of a column: a text as it is, bytes in base64, everything else as JSON. Of no value, the empty text.
pub fn text_of(value: Option<&AnyValue>) -> Result<String, ValueError> {
    let json = json_of(value)?;
    Ok(match value {
        Some(AnyValue { string_value: Some(text), .. }) => text.clone(),
        _ if json == "null" => String::new(),
        // Nothing in it is escaped.
        _ => json.trim_matches('"').to_string(),
    })
}

/// Returns a text as JSON.
pub fn json_text(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    write_json_string(&mut json, text);
    json
}

/// Returns a number as JSON; one for which JSON has no form as a text.
pub fn number_text(number: f64) -> String {
    if number.is_nan() {
        "\"NaN\"".to_string()
    } else if number.is_infinite() {
        if number > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" }.to_string()
    } else {
        format!("{number:?}")
    }
}

/// Returns numbers as a JSON array.
pub fn array_text<T>(numbers: &[T], text: impl Fn(&T) -> String) -> String {
    let texts: Vec<String> = numbers.iter().map(text).collect();
    format!("[{}]", texts.join(","))
}

/// Returns an id in hexadecimal digits; the empty text for none, as which ids of zeros count too.
pub fn hex(id: &[u8]) -> String {
    if id.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the instant of a count of nanoseconds since 1970: of all that there are, the last is in 2554.
pub fn ticks_of(nanos: u64) -> i64 {
    ticks::UNIX_EPOCH.saturating_add(i64::try_from(nanos / 100).unwrap_or(i64::MAX))
}

/// Returns a time with all its digits: `2026-05-31T12:00:00.123456789Z`.
pub fn moment_text(nanos: u64) -> String {
    let text = ticks::datetime_text(ticks_of(nanos));
    format!("{}{:02}Z", text.trim_end_matches('Z'), nanos % 100)
}
