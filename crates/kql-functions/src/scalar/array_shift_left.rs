use super::dynamics;
use super::prelude::*;
use std::borrow::Cow;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_shift_left",
    signatures: &["(array: array, shift_count: integer, default_value?: scalar) -> dynamic"],
    summary: "An array moved to the left by a number of places; the places that become free hold the default value: null, \
              or an empty string in an array of strings. A negative count moves to the right.",
    examples: &[
        ("print array_shift_left(dynamic([1, 2, 3, 4, 5]), 2)", "[3,4,5,null,null]"),
        ("print array_shift_left(dynamic([1, 2, 3, 4, 5]), -2, -1)", "[-1,-1,1,2,3]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    shift(args, 1)
}

/// Shifts by the second argument times `direction`: 1 for left, -1 for right.
pub fn shift(args: &Args, direction: i64) -> Result<ArrayRef, EvalError> {
    let count = args.long(1);
    Ok(args.written(|row, out| {
        let (Some(items), Some(count)) = (dynamics::array(&args.args[0], row), count.get(row)) else { return false };
        let default = match args.opt(2) {
            Some(value) => dynamics::json(value, row),
            None if all_strings(&items) => Cow::Borrowed("\"\""),
            None => Cow::Borrowed("null"),
        };
        let n = items.len() as i64;
        let left = count.saturating_mul(direction).clamp(-n, n);
        let shifted = (0..n).map(|place| {
            usize::try_from(place + left).ok().and_then(|from| items.get(from).copied()).unwrap_or(&default)
        });
        dynamics::write_array(out, shifted);
        true
    }))
}

fn all_strings(items: &[&str]) -> bool {
    !items.is_empty() && items.iter().all(|item| raw::kind(item) == raw::Kind::String)
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};
    use schema::Value;

    #[test]
    fn shifts_both_ways() {
        for (count, left, right) in [
            (2, "[3,4,5,null,null]", "[null,null,1,2,3]"),
            (-2, "[null,null,1,2,3]", "[3,4,5,null,null]"),
            (0, "[1,2,3,4,5]", "[1,2,3,4,5]"),
            (99, "[null,null,null,null,null]", "[null,null,null,null,null]"),
            (i64::MIN, "[null,null,null,null,null]", "[null,null,null,null,null]"),
        ] {
            let args = [d("[1,2,3,4,5]"), Value::Long(count)];
            assert_eq!(json_of("array_shift_left", &args), left, "{count}");
            assert_eq!(json_of("array_shift_right", &args), right, "{count}");
        }
        let default = [d("[1,2,3]"), Value::Long(2), Value::Long(-1)];
        assert_eq!(json_of("array_shift_left", &default), "[3,-1,-1]");
        assert_eq!(json_of("array_shift_left", &[d(r#"["a","b","c"]"#), Value::Long(2)]), r#"["c","",""]"#);
        assert_eq!(json_of("array_shift_right", &[d(r#"["a",1]"#), Value::Long(1)]), r#"[null,"a"]"#);
        assert_eq!(json_of("array_shift_left", &[d("[]"), Value::Long(2)]), "[]");
        assert_eq!(json_of("array_shift_left", &[d("{}"), Value::Long(2)]), "null");
    }
}
