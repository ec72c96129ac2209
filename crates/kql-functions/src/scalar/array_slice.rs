use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_slice",
    signatures: &["(array: array, start: integer, end: integer) -> dynamic"],
    summary: "The elements from `start` to `end`, both included and counted from 0, or from the end when negative. Places \
              past the array's ends are left out; null when the value is no array.",
    examples: &[
        ("print array_slice(dynamic([1, 2, 3]), 1, 2)", "[2,3]"),
        ("print array_slice(dynamic([1, 2, 3, 4, 5]), -3, -2)", "[3,4]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (start, end) = (args.long(1), args.long(2));
    Ok(args.written(|row, out| {
        let (Some(json), Some(start), Some(end)) =
            (dynamics::dynamic(&args.args[0], row), start.get(row), end.get(row))
        else {
            return false;
        };
        if raw::kind(json) != raw::Kind::Array {
            return false;
        }
        // Only places from the end ask for the number of elements.
        let n = if start < 0 || end < 0 { raw::items(json).count() as i64 } else { 0 };
        let place = |i: i64| if i < 0 { i.saturating_add(n) } else { i };
        let (start, end) = (place(start).max(0), place(end));
        let length = usize::try_from(end.saturating_sub(start).saturating_add(1)).unwrap_or(0);
        dynamics::write_array(out, raw::items(json).skip(start as usize).take(length));
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};
    use schema::{KqlType, Value};

    #[test]
    fn cuts_out_inclusive_ranges() {
        for (start, end, expected) in [
            (1, 2, "[2,3]"),
            (2, -1, "[3,4,5]"),
            (-3, -2, "[3,4]"),
            (0, 99, "[1,2,3,4,5]"),
            (-99, 0, "[1]"),
            (3, 1, "[]"),
            (7, 9, "[]"),
            (-99, -99, "[]"),
            (i64::MIN, i64::MAX, "[1,2,3,4,5]"),
            (i64::MAX, i64::MIN, "[]"),
        ] {
            let args = [d("[1,2,3,4,5]"), Value::Long(start), Value::Long(end)];
            assert_eq!(json_of("array_slice", &args), expected, "{start} {end}");
        }
        assert_eq!(json_of("array_slice", &[d("{}"), Value::Long(0), Value::Long(1)]), "null");
        assert_eq!(json_of("array_slice", &[d("[1]"), Value::Null(KqlType::Long), Value::Long(1)]), "null");
    }
}
