use super::letter_case::{Direction, convert};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "tolower",
    signatures: &["(value: scalar) -> string"],
    summary: "A text in lower case.",
    examples: &[("print tolower('Hello')", "hello"), ("print tolower('ÉCOLE')", "école")],
    body: Body::Eval(|args| convert(args, Direction::Lower)),
    ..ScalarFunction::DEFAULT
};
