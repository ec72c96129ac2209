use super::array_shift_left::shift;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_shift_right",
    signatures: &["(array: array, shift_count: integer, default_value?: scalar) -> dynamic"],
    summary: "An array moved to the right by a number of places; the places that become free hold the default value: \
              null, or an empty string in an array of strings. A negative count moves to the left.",
    examples: &[
        ("print array_shift_right(dynamic([1, 2, 3, 4, 5]), 2)", "[null,null,1,2,3]"),
        ("print array_shift_right(dynamic([1, 2, 3, 4, 5]), -2, -1)", "[3,4,5,-1,-1]"),
    ],
    body: Body::Eval(|args| shift(args, -1)),
    ..ScalarFunction::DEFAULT
};
