use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_rotate_left",
    signatures: &["(array: array, rotate_count: integer) -> dynamic"],
    summary: "An array turned to the left by a number of places: what leaves at the front comes in at the back. A negative \
              count turns to the right; null when the value is no array or the count is null.",
    examples: &[
        ("print array_rotate_left(dynamic([1, 2, 3, 4, 5]), 2)", "[3,4,5,1,2]"),
        ("print array_rotate_left(dynamic([1, 2, 3, 4, 5]), -2)", "[4,5,1,2,3]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    rotate(args, 1)
}

/// Rotates by the second argument times `direction`: 1 for left, -1 for right.
pub fn rotate(args: &Args, direction: i64) -> Result<ArrayRef, EvalError> {
    let count = args.long(1);
    Ok(args.written(|row, out| {
        let (Some(mut items), Some(count)) = (dynamics::array(&args.args[0], row), count.get(row)) else {
            return false;
        };
        if !items.is_empty() {
            let n = items.len() as i64;
            items.rotate_left((count % n * direction).rem_euclid(n) as usize);
        }
        dynamics::write_array(out, items);
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};
    use schema::{KqlType, Value};

    #[test]
    fn rotates_both_ways() {
        for (count, left, right) in [
            (2, "[3,4,5,1,2]", "[4,5,1,2,3]"),
            (-2, "[4,5,1,2,3]", "[3,4,5,1,2]"),
            (5, "[1,2,3,4,5]", "[1,2,3,4,5]"),
            (7, "[3,4,5,1,2]", "[4,5,1,2,3]"),
            (i64::MIN, "[3,4,5,1,2]", "[4,5,1,2,3]"),
        ] {
            let args = [d("[1,2,3,4,5]"), Value::Long(count)];
            assert_eq!(json_of("array_rotate_left", &args), left, "{count}");
            assert_eq!(json_of("array_rotate_right", &args), right, "{count}");
        }
        assert_eq!(json_of("array_rotate_left", &[d("[]"), Value::Long(3)]), "[]");
        assert_eq!(json_of("array_rotate_left", &[d("[1]"), Value::Null(KqlType::Long)]), "null");
        assert_eq!(json_of("array_rotate_left", &[d("1"), Value::Long(1)]), "null");
    }
}
