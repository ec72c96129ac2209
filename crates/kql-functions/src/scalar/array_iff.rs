use super::dynamics;
use super::prelude::*;
use std::borrow::Cow;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_iff",
    aliases: &["array_iif"],
    signatures: &["(condition_array: array, when_true: scalar, when_false: scalar) -> dynamic"],
    summary: "For each condition the element of `when_true` or of `when_false` at its place, or that value itself when it \
              is no array. A number counts as true unless it is 0; another condition, or a missing element, gives null.",
    examples: &[
        ("print array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))", "[1,4]"),
        ("print array_iff(dynamic([1, 0, 50]), 'yes', 'no')", "[\"yes\",\"no\",\"yes\"]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// What is chosen from: the elements of an array, or one value for every place.
enum Choice<'a> {
    Elements(Vec<&'a str>),
    Value(Cow<'a, str>),
}

impl<'a> Choice<'a> {
    fn of(arg: &'a Arg, row: usize) -> Choice<'a> {
        dynamics::array(arg, row).map_or_else(|| Choice::Value(dynamics::json(arg, row)), Choice::Elements)
    }

    fn at(&self, place: usize) -> &str {
        match self {
            Choice::Elements(items) => items.get(place).copied().unwrap_or("null"),
            Choice::Value(json) => json,
        }
    }
}

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(conditions) = dynamics::array(&args.args[0], row) else { return false };
        let (when_true, when_false) = (Choice::of(&args.args[1], row), Choice::of(&args.args[2], row));
        let chosen = conditions.iter().enumerate().map(|(place, condition)| match truth(condition) {
            Some(true) => when_true.at(place),
            Some(false) => when_false.at(place),
            None => "null",
        });
        dynamics::write_array(out, chosen);
        true
    }))
}

fn truth(json: &str) -> Option<bool> {
    match raw::kind(json) {
        raw::Kind::Bool => Some(json.starts_with('t')),
        raw::Kind::Number => dynamics::real(json).map(|value| value != 0.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};
    use schema::Value;

    #[test]
    fn chooses_per_element() {
        let cases = [
            (d("[true,false,true]"), d("[1,2,3]"), d("[4,5,6]"), "[1,5,3]"),
            (d("[true,true,true]"), d("[1,2]"), d("[3,4]"), "[1,2,null]"),
            (d("[1,0,50]"), s("yes"), s("no"), r#"["yes","no","yes"]"#),
            (d(r#"["text","2022-01-01",null]"#), Value::Long(1), Value::Long(0), "[null,null,null]"),
            (d("[]"), Value::Long(1), Value::Long(0), "[]"),
            (d(r#"{"a":1}"#), Value::Long(1), Value::Long(0), "null"),
        ];
        for (conditions, when_true, when_false, expected) in cases {
            assert_eq!(json_of("array_iff", &[conditions, when_true, when_false]), expected);
        }
    }
}
