use super::prelude::*;
use std::borrow::Cow;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "[]",
    aliases: &["."],
    signatures: &["(container: scalar, key: scalar) -> dynamic"],
    summary: "A bag's member by its name, or an array's element by its index from 0; a negative index counts from the end. \
              Null when there is no such member or element, or the container is of another kind.",
    examples: &[
        ("print dynamic({'a': {'b': 7}}).a.b", "7"),
        ("print dynamic([10, 20, 30])[-1]", "30"),
        ("print isnull(dynamic({'a': 1}).a.b)", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// A key of a member access: one value for all rows read once, or a column.
pub enum Key<'a> {
    Name(Cow<'a, str>),
    Index(i64),
    Column(&'a Arg),
    /// A key that fits nothing: null, or of a type that names neither a member nor an element.
    Nothing,
}

impl<'a> Key<'a> {
    /// Reads a key's argument.
    pub fn of(arg: &'a Arg) -> Key<'a> {
        if arg.constant { Key::at(arg, 0) } else { Key::Column(arg) }
    }

    /// Returns the part of the container that the key names in a row.
    pub fn get<'j>(&self, json: &'j str, row: usize) -> Option<&'j str> {
        match self {
            Key::Name(name) => raw::member(json, name),
            Key::Index(index) => raw::element(json, *index),
            Key::Column(arg) => Key::at(arg, row).get(json, row),
            Key::Nothing => None,
        }
    }

    fn at(arg: &'a Arg, row: usize) -> Key<'a> {
        match arg.ktype {
            _ if arg.is_null(row) => Key::Nothing,
            KqlType::String | KqlType::Guid => Key::Name(Cow::Borrowed(arg.strs().get(row))),
            KqlType::Int | KqlType::Long => arg.longs().get(row).map_or(Key::Nothing, Key::Index),
            KqlType::Bool => Key::Index(i64::from(arg.bools().get(row) == Some(true))),
            KqlType::Dynamic => {
                let json = arg.strs().get(row);
                match raw::string(json) {
                    Some(name) => Key::Name(name),
                    None => json.trim().parse().map_or(Key::Nothing, Key::Index),
                }
            }
            _ => Key::Nothing,
        }
    }
}

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let container = &args.args[0];
    if container.ktype != KqlType::Dynamic {
        return Ok(args.texts(|_| None::<&str>));
    }
    let (json, key) = (container.strs(), Key::of(&args.args[1]));
    Ok(args.texts(|row| part(key.get(json.opt(row)?, row))))
}

/// Returns a part of a value as a dynamic column holds it: JSON's null is the null of the column.
pub fn part(json: Option<&str>) -> Option<&str> {
    json.filter(|json| raw::kind(json) != raw::Kind::Null)
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};
    use schema::{KqlType, Value};

    #[test]
    fn reads_members_and_elements() {
        let bag = r#"{"a":{"b":[1,"x",null]},"é":2}"#;
        let cases = [
            (d(bag), s("a"), r#"{"b":[1,"x",null]}"#),
            (d(bag), s("é"), "2"),
            (d(bag), s("z"), "null"),
            (d(bag), Value::Long(0), "null"),
            (d(r#"[1,"x",null]"#), Value::Long(1), r#""x""#),
            (d(r#"[1,"x",null]"#), Value::Int(-3), "1"),
            (d(r#"[1,"x",null]"#), Value::Long(2), "null"),
            (d("[1]"), Value::Long(-2), "null"),
            (d("[1]"), Value::Long(i64::MIN), "null"),
            (d("[1]"), s("a"), "null"),
            (d("[1,2]"), d("1"), "2"),
            (d(bag), d(r#""é""#), "2"),
            (d("[1,2]"), Value::Null(KqlType::Long), "null"),
            (d(r#""{\"a\":1}""#), s("a"), "null"),
            (Value::Null(KqlType::Dynamic), s("a"), "null"),
            (s("a"), s("a"), "null"),
        ];
        for (container, key, expected) in cases {
            assert_eq!(json_of("[]", &[container.clone(), key.clone()]), expected, "{container:?} {key:?}");
            assert_eq!(json_of(".", &[container, key]), expected);
        }
    }
}
