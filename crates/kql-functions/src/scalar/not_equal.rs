use super::prelude::*;
use crate::kernels::compare::{self, Comparison};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!=",
    signatures: &["(left: scalar, right: scalar) -> bool"],
    summary: "Whether two values differ, strings with their case. Null and a value differ; two nulls give null.",
    examples: &[("print 1 != 2", "true"), ("print int(null) != 5", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    compare::eval(Comparison::NotEqual, args)
}
