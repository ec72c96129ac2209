use super::prelude::*;
use crate::kernels::compare::{self, Comparison};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "==",
    signatures: &["(left: scalar, right: scalar) -> bool"],
    summary: "Whether two values are equal, strings with their case. Null and a value are not equal; two nulls give null.",
    examples: &[
        ("print 1 == 1.0", "true"),
        ("print 'a' == 'A'", "false"),
        ("print isnull(int(null) == int(null))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    compare::eval(Comparison::Equal, args)
}
