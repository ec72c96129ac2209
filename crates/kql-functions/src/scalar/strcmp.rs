use super::prelude::*;
use super::texts::Texts;
use std::cmp::Ordering;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "strcmp",
    signatures: &["(left: scalar, right: scalar) -> long"],
    summary: "-1, 0 or 1 as the first text comes before, equals or comes after the second, by code point.",
    examples: &[
        ("print strcmp('ABC', 'ABC')", "0"),
        ("print strcmp('abc', 'ABC')", "1"),
        ("print strcmp('ABC', 'abc')", "-1"),
        ("print strcmp('abcde', 'abc')", "1"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (left, right) = (Texts::of(args, 0), Texts::of(args, 1));
    Ok(args.longs(|row| {
        Some(match left.get(row).cmp(&right.get(row)) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        })
    }))
}
