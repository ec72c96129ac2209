//! The fold of `buildschema`: the smallest schema that admits all dynamic values of a group.
//!
//! A schema is a type's name, a bag of schemas, an array of one schema, or any of several of these; it is written as
//! JSON, and read back so, between partial and final results.

use super::per_group::{Fold, PerGroup};
use crate::args::EvalError;
use crate::cells::{Cells, text};
use crate::registry::{Accumulate, AggregateCall};
use arrow::array::{Array, ArrayRef, StringViewBuilder};
use arrow::datatypes::DataType;
use schema::dynamic::raw::{self, Kind};
use schema::{KqlType, dynamic};
use std::sync::Arc;

/// Accumulators of `buildschema`.
pub const BUILDSCHEMA: Accumulate = Accumulate {
    make: |_: &AggregateCall| Ok(PerGroup::boxed(Schemas { heap: 0 })),
    state_types: |_: &AggregateCall| vec![DataType::Utf8View],
};

/// The name under which an array's element stands.
const INDEXER: &str = "`indexer`";
/// Deepest nesting that is looked at; JSON texts do not go deeper.
const DEPTH_MAX: usize = 512;

/// The alternatives of one place.
#[derive(Debug, Clone, Default)]
struct Schema {
    /// The kinds of alternatives, in the order in which they were met.
    kinds: Vec<Alternative>,
    /// The schema of an array's elements.
    element: Option<Box<Schema>>,
    /// The members of a bag, in the order in which they were met.
    members: Vec<(String, Schema)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alternative {
    Named(&'static str),
    Array,
    Bag,
}

impl Schema {
    /// Widens the schema so that it admits a value.
    fn admit(&mut self, json: &str, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        match raw::kind(json) {
            // A value that is missing has no type; every member may be missing.
            Kind::Null => {}
            Kind::Bool => self.name("bool"),
            Kind::String => self.name("string"),
            Kind::Number if json.contains(['.', 'e', 'E']) => self.name("double"),
            Kind::Number => self.name("long"),
            Kind::Array => {
                let element = self.array();
                raw::items(json).for_each(|item| element.admit(item, depth + 1));
            }
            Kind::Bag => {
                for (name, value) in raw::members(json) {
                    self.member(&unquoted(name)).admit(value, depth + 1);
                }
                self.alternative(Alternative::Bag);
            }
        }
    }

    /// Widens the schema so that it admits what another, given as JSON, does.
    fn merge(&mut self, json: &str, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        match raw::kind(json) {
            Kind::String => match raw::string(json).as_deref() {
                Some("bool") => self.name("bool"),
                Some("string") => self.name("string"),
                Some("double") => self.name("double"),
                Some("long") => self.name("long"),
                _ => {}
            },
            Kind::Array => raw::items(json).for_each(|one| self.merge(one, depth + 1)),
            Kind::Bag => {
                for (name, value) in raw::members(json) {
                    if name == INDEXER {
                        self.array().merge(value, depth + 1);
                        return;
                    }
                    self.member(&unquoted(name)).merge(value, depth + 1);
                }
                self.alternative(Alternative::Bag);
            }
            _ => {}
        }
    }

    fn name(&mut self, name: &'static str) {
        self.alternative(Alternative::Named(name));
    }

    fn alternative(&mut self, alternative: Alternative) {
        if !self.kinds.contains(&alternative) {
            self.kinds.push(alternative);
        }
    }

    /// Makes an array one of the alternatives and returns its elements' schema.
    fn array(&mut self) -> &mut Schema {
        self.alternative(Alternative::Array);
        self.element.get_or_insert_default()
    }

    /// Makes a bag with this member one of the alternatives and returns the member's schema.
    fn member(&mut self, name: &str) -> &mut Schema {
        self.alternative(Alternative::Bag);
        let at = self.members.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.members.push((name.to_string(), Schema::default()));
            self.members.len() - 1
        });
        &mut self.members[at].1
    }

    fn write(&self, out: &mut String) {
        if let [one] = self.kinds.as_slice() {
            return self.write_one(*one, out);
        }
        out.push('[');
        for (i, one) in self.kinds.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            self.write_one(*one, out);
        }
        out.push(']');
    }

    fn write_one(&self, one: Alternative, out: &mut String) {
        match one {
            Alternative::Named(name) => out.extend(["\"", name, "\""]),
            Alternative::Array => {
                out.extend(["{\"", INDEXER, "\":"]);
                if let Some(element) = &self.element {
                    element.write(out);
                }
                out.push('}');
            }
            Alternative::Bag => {
                out.push('{');
                for (i, (name, schema)) in self.members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    dynamic::write_json_string(out, name);
                    out.push(':');
                    schema.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn unquoted(name: &str) -> String {
    raw::string(&format!("\"{name}\"")).map_or_else(|| name.to_string(), |name| name.into_owned())
}

struct Schemas {
    /// Bytes of the values seen that widened a schema; an upper bound of what schemas hold.
    heap: usize,
}

impl Fold for Schemas {
    type State = Option<Box<Schema>>;

    fn empty(&self) -> Self::State {
        None
    }

    fn update(&mut self, states: &mut [Self::State], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let cells = Cells::new(&args[0], KqlType::Dynamic)?;
        let values = text(&args[0], KqlType::Dynamic)?;
        for (row, group) in groups.iter().enumerate() {
            if !cells.is_null(row) {
                let state = &mut states[*group];
                if state.is_none() {
                    self.heap += values.value(row).len();
                }
                state.get_or_insert_default().admit(values.value(row), 0);
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [Self::State], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let schemas = text(&partial[0], KqlType::Dynamic)?;
        for (row, group) in groups.iter().enumerate() {
            if schemas.is_valid(row) {
                self.heap += schemas.value(row).len();
                states[*group].get_or_insert_default().merge(schemas.value(row), 0);
            }
        }
        Ok(())
    }

    fn partial(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        let mut builder = StringViewBuilder::with_capacity(states.len());
        let mut json = String::new();
        for state in &states {
            match state {
                None => builder.append_null(),
                Some(schema) => {
                    json.clear();
                    schema.write(&mut json);
                    builder.append_value(&json);
                }
            }
        }
        Ok(vec![Arc::new(builder.finish())])
    }

    fn finish(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        self.partial(states)
    }

    fn heap(&self) -> usize {
        self.heap
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, run_one};
    use schema::{Dynamic, KqlType, Value};

    #[test]
    fn schemas_of_mixed_values() {
        let cases: [(&[&str], &str); 5] = [
            (
                &[
                    r#"{"x":1,"y":3.5}"#,
                    r#"{"x":"somevalue","z":[1,2,3]}"#,
                    r#"{"y":{"w":"zzz"},"t":["aa","bb"],"z":["foo"]}"#,
                ],
                r#"{"x":["long","string"],"y":["double",{"w":"string"}],"z":{"`indexer`":["long","string"]},"t":{"`indexer`":"string"}}"#,
            ),
            (&["1", "1.5", "true", "1"], r#"["long","double","bool"]"#),
            (&["[[1],[]]"], r#"{"`indexer`":{"`indexer`":"long"}}"#),
            (&["[]", "{}"], r#"[{"`indexer`":[]},{}]"#),
            (&[r#"{"a":null}"#], r#"{"a":[]}"#),
        ];
        for (values, expected) in cases {
            let values =
                values.iter().map(|text| Dynamic::parse(text).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic));
            let schema = run_one("buildschema", &Rows::of_one(KqlType::Dynamic, values));
            assert_eq!(schema.to_dynamic().to_json(), expected);
        }
    }
}
