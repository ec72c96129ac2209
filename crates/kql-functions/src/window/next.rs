use super::rows::shifted;
use crate::scalar::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "next",
    signatures: &["(column: column scalar, offset?: long, default_value?: constant scalar) -> same(0)"],
    summary: "The value of a column in the row that stands offset rows after this one (1 when not given) in a serialized row \
              set; where there is no such row, default_value (null when not given).",
    examples: &[
        ("datatable(a:long) [1, 2, 4] | serialize n=next(a) | where a == 2 | project n", "4"),
        ("datatable(a:long) [1, 2, 4] | serialize n=next(a, 2, -1) | where a == 2 | project n", "-1"),
    ],
    body: Body::Window(|args| shifted(args, 1)),
    ..ScalarFunction::DEFAULT
};
