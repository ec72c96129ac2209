use super::prelude::*;
use crate::kernels::convert::bools;
use crate::kernels::{logic, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "not",
    signatures: &["(expression: bool) -> bool"],
    summary: "The other truth value; null for null.",
    examples: &[("print not(true)", "false")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(Arc::new(logic::not(&bools(&args.args[0]))?.array), args.rows)
}
