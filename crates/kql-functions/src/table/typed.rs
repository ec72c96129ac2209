//! A column built from texts that stand for values of its type.

use crate::args::{array_of, parse_as};
use arrow::array::{ArrayRef, StringViewBuilder};
use schema::{KqlType, Value};
use std::sync::Arc;

/// A text as a value of a type, on its way into a [`TypedColumn`].
pub enum Typed<'t> {
    /// A string, which is what the text is.
    Text(&'t str),
    Value(Value),
}

impl<'t> Typed<'t> {
    /// Reads a text; blanks around it do not matter but to strings.
    pub fn read(ktype: KqlType, text: &'t str) -> Typed<'t> {
        if ktype == KqlType::String { Typed::Text(text) } else { Typed::Value(parse_as(ktype, text.trim())) }
    }

    /// Returns whether the text stands for no value of the type.
    pub fn is_null(&self) -> bool {
        matches!(self, Typed::Value(value) if value.is_null())
    }
}

/// A column being built.
pub enum TypedColumn {
    Strings(StringViewBuilder),
    Values(KqlType, Vec<Value>),
}

impl TypedColumn {
    /// Starts a column of a type.
    pub fn new(ktype: KqlType, rows: usize) -> TypedColumn {
        if ktype == KqlType::String {
            TypedColumn::Strings(StringViewBuilder::with_capacity(rows))
        } else {
            TypedColumn::Values(ktype, Vec::with_capacity(rows))
        }
    }

    /// Appends a value; `None` is null, or for a string empty.
    pub fn append(&mut self, value: Option<Typed<'_>>) {
        match (self, value) {
            (TypedColumn::Strings(builder), Some(Typed::Text(text))) => builder.append_value(text),
            (TypedColumn::Strings(builder), _) => builder.append_value(""),
            (TypedColumn::Values(_, values), Some(Typed::Value(value))) => values.push(value),
            (TypedColumn::Values(ktype, values), _) => values.push(Value::null(*ktype)),
        }
    }

    /// Ends the column.
    pub fn finish(self) -> ArrayRef {
        match self {
            TypedColumn::Strings(mut builder) => Arc::new(builder.finish()),
            TypedColumn::Values(ktype, values) => array_of(ktype, values.into_iter()),
        }
    }
}
