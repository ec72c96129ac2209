//! The conversion that the binder inserts where values of different types meet as dynamic ones: no one can write its name.

use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "(dynamic)",
    signatures: &["(value: scalar) -> dynamic"],
    summary: "The value as a dynamic one, as `pack_array()` would hold it.",
    examples: &[("print iff(true, 1, dynamic([2]))", "1"), ("print case(false, 'a', true, 2, 'c')", "2")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let Some(value) = args.opt(0) else { return Err(EvalError::new("a value is missing")) };
    Ok(args.dynamics(|row| Some(value.value(row).to_dynamic())))
}
