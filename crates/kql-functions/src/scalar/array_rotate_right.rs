use super::array_rotate_left::rotate;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_rotate_right",
    signatures: &["(array: array, rotate_count: integer) -> dynamic"],
    summary: "An array turned to the right by a number of places: what leaves at the back comes in at the front. A \
              negative count turns to the left; null when the value is no array or the count is null.",
    examples: &[("print array_rotate_right(dynamic([1, 2, 3, 4, 5]), 2)", "[4,5,1,2,3]")],
    body: Body::Eval(|args| rotate(args, -1)),
    ..ScalarFunction::DEFAULT
};
