use super::prelude::*;
use crate::sketch::hll::Hll;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "dcount_hll",
    signatures: &["(hll: array) -> long"],
    naming: Naming::NameAndFirstArgument,
    summary: "The number of distinct values in an `hll` value, as `dcount` would give it. Null for null and for other values.",
    examples: &[
        ("range x from 1 to 10 step 1 | summarize h = hll(x) | project dcount_hll(h)", "10"),
        ("print dcount_hll(dynamic([[1024,14],[\"5\",\"6\"],[]]))", "2"),
        ("print dcount_hll(dynamic(null))", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let hll = args.str(0);
    Ok(args.longs(|row| Hll::from_json(hll.opt(row)?).map(|hll| hll.count())))
}
