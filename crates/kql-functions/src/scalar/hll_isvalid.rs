use super::prelude::*;
use crate::sketch::hll::Hll;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hll_isvalid",
    signatures: &["(hll: array, value?: scalar) -> bool"],
    summary: "Whether a value is an `hll` value. False for null.",
    examples: &[
        ("print hll_isvalid(dynamic([[1024,14],[\"5\"],[]]))", "true"),
        ("print hll_isvalid(dynamic([1]))", "false"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let hll = args.str(0);
    Ok(args.bools(|row| Some(hll.opt(row).is_some_and(|json| Hll::from_json(json).is_some()))))
}
