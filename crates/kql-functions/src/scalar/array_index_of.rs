use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_index_of",
    signatures: &["(array: array, value: scalar, start?: integer, length?: integer, occurrence?: integer) -> long"],
    summary: "The place of a value in an array, counted from 0; -1 when it is not there. `start` counts from the end when \
              negative, `length` says how many elements are looked at (-1 for all), `occurrence` which hit is meant.",
    examples: &[
        ("print array_index_of(dynamic([\"this\", \"is\", \"an\", \"example\"]), \"an\")", "2"),
        ("print array_index_of(dynamic([1, 2, 3]), 4)", "-1"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let number = |i: usize, row: usize, default: i64| match args.opt(i) {
        Some(arg) => arg.longs().get(row),
        None => Some(default),
    };
    Ok(args.longs(|row| {
        let items = dynamics::array(&args.args[0], row)?;
        let value = dynamics::json(&args.args[1], row);
        let value = dynamics::identity(&value);
        let (start, length, occurrence) = (number(2, row, 0)?, number(3, row, -1)?, number(4, row, 1)?);
        if length < -1 || occurrence < 0 {
            return None;
        }
        let n = items.len() as i64;
        let start = if start < 0 { start.saturating_add(n).max(0) } else { start.min(n) };
        let end = if length < 0 { n } else { start.saturating_add(length).min(n) };
        // The first occurrence is number 1; 0 asks for the same.
        let nth = usize::try_from(occurrence).ok()?.saturating_sub(1);
        let places = (start..end)
            .filter(|place| items.get(*place as usize).is_some_and(|item| dynamics::identity(item) == value));
        Some(places.into_iter().nth(nth).unwrap_or(-1))
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    fn index(json: &str, value: Value, rest: &[i64]) -> Option<i64> {
        let mut args = vec![d(json), value];
        args.extend(rest.iter().map(|n| Value::Long(*n)));
        match crate::call("array_index_of", KqlType::Long, &args) {
            Ok(Value::Long(place)) => Some(place),
            Ok(Value::Null(_)) => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn finds_values_in_a_window() {
        let words = r#"["this","is","an","example","an","example"]"#;
        let cases: [(&str, &[i64], Option<i64>); 14] = [
            ("an", &[], Some(2)),
            ("example", &[1, 3], Some(3)),
            ("example", &[1, 2], Some(-1)),
            ("is", &[2, 4], Some(-1)),
            ("example", &[2, -1], Some(3)),
            ("an", &[1, -1, 2], Some(4)),
            ("an", &[1, -1, 3], Some(-1)),
            ("an", &[-3], Some(4)),
            ("is", &[-4], Some(-1)),
            ("this", &[-100], Some(0)),
            ("an", &[100], Some(-1)),
            ("an", &[0, -2], None),
            ("an", &[0, -1, -1], None),
            ("An", &[], Some(-1)),
        ];
        for (word, rest, expected) in cases {
            assert_eq!(index(words, s(word), rest), expected, "{word} {rest:?}");
        }
        assert_eq!(index("[1,2.0,true,null]", Value::Long(2), &[]), Some(1));
        assert_eq!(index("[1,\"2\"]", Value::Long(2), &[]), Some(-1));
        assert_eq!(index("[1,true]", Value::Bool(true), &[]), Some(1));
        assert_eq!(index("5", Value::Long(5), &[]), None);
        assert_eq!(index("[1]", Value::Long(1), &[i64::MIN, i64::MAX]), Some(0));
    }
}
