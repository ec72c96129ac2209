//! Attributes by their names, as columns are made of them.

use super::value::number_text;
use super::wire::{AnyValue, KeyValue};

/// Attributes of a record or resource.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(pub &'a [KeyValue]);

impl Attributes<'_> {
    fn scalar(self, name: &str) -> Option<String> {
        let attribute = self.0.iter().find(|attribute| attribute.key == name)?;
        let text = match attribute.value.as_ref()? {
            AnyValue { string_value: Some(text), .. } => text.clone(),
            AnyValue { int_value: Some(int), .. } => int.to_string(),
            AnyValue { double_value: Some(double), .. } => number_text(*double).trim_matches('"').to_string(),
            AnyValue { bool_value: Some(bool), .. } => bool.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// Returns the first of some attributes that is there and no list, as a text: conventions have changed names.
    pub fn text(self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.scalar(name))
    }

    /// Returns whether one of some attributes is there.
    pub fn has(self, names: &[&str]) -> bool {
        self.0.iter().any(|attribute| names.contains(&attribute.key.as_str()))
    }

    pub fn number(self, names: &[&str]) -> Option<i64> {
        self.text(names)?.parse().ok()
    }
}
