//! The accumulators of `make_list`, `make_set` and `make_bag`.

use super::constants;
use super::pieces::{Keep, Pieces};
use crate::args::EvalError;
use crate::cells::{Cells, text};
use crate::registry::{Accumulator, AggregateCall};
use arrow::array::{Array, ArrayRef, StringViewBuilder};
use arrow::datatypes::DataType;
use schema::{KqlType, dynamic, dynamic::raw};
use std::sync::Arc;

/// Most elements that a group keeps, whatever the call asks for.
///
/// # Source
/// Kusto reference, "make_list()", *maxSize*.
pub const SIZE_MAX: usize = 1_048_576;
/// Most elements that a group keeps with the old spellings `makelist`, `makeset` and `make_dictionary`, unless asked.
pub const OLD_SIZE_MAX: usize = 128;
/// The longest text of a result: Arrow's views count bytes in 32 bits, and readers take them for signed.
const TEXT_MAX: usize = i32::MAX as usize;

/// What is gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gather {
    /// Every value that is not null.
    List,
    /// Every value, nulls too.
    ListWithNulls,
    /// Every distinct value that is not null; of a dynamic array, its elements.
    Set,
    /// The members of property bags; of members of the same name, the first.
    Bag,
}

/// Makes an accumulator; argument 1 may say how many elements are kept, else `max` are.
///
/// # Errors
/// When the size is no constant whole number.
pub fn make(call: &AggregateCall, gather: Gather, max: usize) -> Result<Box<dyn Accumulator>, EvalError> {
    let asked = constants::long(call, 1, "maximum size")?;
    let max = asked.map_or(max, |asked| usize::try_from(asked).unwrap_or(0).min(SIZE_MAX));
    let keep = if matches!(gather, Gather::Set | Gather::Bag) { Keep::Distinct } else { Keep::All };
    let ktype = constants::first_type(call);
    Ok(Box::new(Lists { ktype, gather, pieces: Pieces::new(keep, max), scratch: String::new() }))
}

/// Returns the type of the partial results: the JSON text of the result.
pub fn state_types(_: &AggregateCall) -> Vec<DataType> {
    vec![DataType::Utf8View]
}

struct Lists {
    ktype: KqlType,
    gather: Gather,
    /// Elements as JSON; of bags, members as `"name":value`.
    pieces: Pieces,
    scratch: String,
}

impl Lists {
    fn add_item(&mut self, group: usize, json: &str) -> Result<(), EvalError> {
        self.pieces.add(group, json.as_bytes(), json.len())
    }

    fn add_members(&mut self, group: usize, json: &str) -> Result<(), EvalError> {
        for (name, value) in raw::members(json) {
            let out = &mut self.scratch;
            out.clear();
            if name.contains('\\') {
                // Names are told apart by what they say, not by how they are escaped.
                let quoted = format!("\"{name}\"");
                dynamic::write_json_string(out, raw::string(&quoted).as_deref().unwrap_or(name));
            } else {
                out.extend(["\"", name, "\""]);
            }
            let key_len = out.len();
            out.push(':');
            out.push_str(value);
            self.pieces.add(group, out.as_bytes(), key_len)?;
        }
        Ok(())
    }
}

impl Accumulator for Lists {
    fn update(&mut self, args: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.pieces.grow(n_groups);
        let cells = Cells::new(&args[0], self.ktype)?;
        for (row, group) in groups.iter().enumerate() {
            match (cells, self.gather) {
                (Cells::Dynamic(array), Gather::Bag) => {
                    if array.is_valid(row) {
                        self.add_members(*group, array.value(row))?;
                    }
                }
                (Cells::Dynamic(array), Gather::Set)
                    if array.is_valid(row) && raw::kind(array.value(row)) == raw::Kind::Array =>
                {
                    for item in raw::items(array.value(row)).filter(|item| *item != "null") {
                        self.add_item(*group, item)?;
                    }
                }
                _ => {
                    self.scratch.clear();
                    if cells.write_json(row, &mut self.scratch) {
                        self.pieces.add(*group, self.scratch.as_bytes(), self.scratch.len())?;
                    } else if self.gather == Gather::ListWithNulls {
                        self.add_item(*group, "null")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, state: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.pieces.grow(n_groups);
        let array = text(&state[0], KqlType::Dynamic)?;
        for (row, group) in groups.iter().enumerate() {
            if self.gather == Gather::Bag {
                self.add_members(*group, array.value(row))?;
            } else {
                for item in raw::items(array.value(row)) {
                    self.add_item(*group, item)?;
                }
            }
        }
        Ok(())
    }

    fn state(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        self.evaluate(n)
    }

    fn evaluate(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let (open, close) = if self.gather == Gather::Bag { ('{', '}') } else { ('[', ']') };
        let mut builder = StringViewBuilder::new();
        let mut json = String::new();
        self.pieces.take_out(n, |pieces| {
            json.clear();
            json.push(open);
            for piece in pieces {
                if json.len() > 1 {
                    json.push(',');
                }
                let piece = std::str::from_utf8(piece).map_err(|_| EvalError::new("a gathered value is no text"))?;
                json.push_str(piece);
            }
            json.push(close);
            if json.len() > TEXT_MAX {
                return Err(EvalError::new("an array or property bag made by an aggregation is larger than 2 GB"));
            }
            builder.append_value(&json);
            Ok(())
        })?;
        Ok(vec![Arc::new(builder.finish())])
    }

    fn size(&self) -> usize {
        self.pieces.size()
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, WAYS, run_one, run_way};
    use schema::{Dynamic, KqlType, Value};

    fn dynamics(texts: &[&str]) -> Rows {
        let value = |text: &&str| Dynamic::parse(text).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        Rows::of_one(KqlType::Dynamic, texts.iter().map(value))
    }

    fn json(value: Value) -> String {
        value.to_dynamic().to_json()
    }

    #[test]
    fn dynamic_values() {
        let values = ["[1,2]", "", "2", "[2,[1,2],null]", "{\"a\":1}", "\"2\""];
        let cases = [
            ("make_list", "[[1,2],2,[2,[1,2],null],{\"a\":1},\"2\"]"),
            ("make_list_with_nulls", "[[1,2],null,2,[2,[1,2],null],{\"a\":1},\"2\"]"),
            ("make_set", "[1,2,[1,2],{\"a\":1},\"2\"]"),
            ("make_bag", "{\"a\":1}"),
        ];
        for (name, expected) in cases {
            assert_eq!(json(run_one(name, &dynamics(&values))), expected, "{name}");
        }
    }

    #[test]
    fn bags_take_the_first_of_a_name() {
        let bags = ["{\"a\":1,\"b\":{\"x\":[1]}}", "{\"b\":2,\"\\u0061\":3,\"c\\\"\":null}"];
        assert_eq!(json(run_one("make_bag", &dynamics(&bags))), r#"{"a":1,"b":{"x":[1]},"c\"":null}"#);
        assert_eq!(json(run_one("make_bag", &dynamics(&[]))), "{}");
    }

    #[test]
    fn sizes() {
        let longs = || Rows::of_one(KqlType::Long, (0..300).map(|x| Value::Long(x % 200)));
        let len = |name, rows: &Rows| match run_one(name, rows) {
            Value::Dynamic(Dynamic::Array(items)) => items.len(),
            other => panic!("{other:?} is no array"),
        };
        assert_eq!(len("make_list", &longs()), 300);
        assert_eq!(len("makelist", &longs()), 128);
        assert_eq!(len("makelist", &longs().with(Value::Long(200))), 200);
        assert_eq!(len("make_set", &longs()), 200);
        assert_eq!(len("makeset", &longs()), 128);
        assert_eq!(len("make_set", &longs().with(Value::Long(0))), 0);
        assert_eq!(len("make_set", &longs().with(Value::Long(-1))), 0);
        assert!(run_way("make_set", &longs().with(Value::Null(KqlType::Long)), WAYS[0]).is_err());
    }

    #[test]
    fn a_set_of_strings_holds_the_empty_one() {
        let strings = ["a", "", "a", ""].map(|s| Value::String(s.into()));
        assert_eq!(json(run_one("make_set", &Rows::of_one(KqlType::String, strings))), r#"["a",""]"#);
    }
}
