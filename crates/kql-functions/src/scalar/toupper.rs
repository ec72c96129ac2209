use super::letter_case::{Direction, convert};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "toupper",
    signatures: &["(value: scalar) -> string"],
    summary: "A text in upper case. A letter without an upper case of its own stays: `ß` is no `SS`.",
    examples: &[("print toupper('hello')", "HELLO"), ("print toupper('straße')", "STRAßE")],
    body: Body::Eval(|args| convert(args, Direction::Upper)),
    ..ScalarFunction::DEFAULT
};
