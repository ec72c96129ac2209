use super::prelude::*;
use crate::sketch::tdigest::TypedDigest;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "tdigest_isvalid",
    signatures: &["(digest: array, value?: scalar) -> bool"],
    summary: "Whether a value is a `tdigest` value. False for null.",
    examples: &[
        ("print tdigest_isvalid(dynamic([[\"long\"],[1],[1]]))", "true"),
        ("print tdigest_isvalid(dynamic([1]))", "false"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let digest = args.str(0);
    Ok(args.bools(|row| Some(digest.opt(row).is_some_and(|json| TypedDigest::from_json(json).is_some()))))
}
