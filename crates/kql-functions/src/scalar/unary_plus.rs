use super::prelude::*;
use crate::kernels::{arithmetic, convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "unary+",
    signatures: &["(operand: summable) -> custom", "(operand: dynamic) -> dynamic"],
    returns: Some(arithmetic::sign_returns),
    summary: "The operand itself; an int is widened to long.",
    examples: &[("let x = 5; print +x", "5")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let operand = &args.args[0];
    spread(convert::convert(operand, arithmetic::sign_returns(&[operand.ktype])), args.rows)
}
