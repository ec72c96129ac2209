use super::prelude::*;
use crate::sketch::tdigest::TypedDigest;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "percentrank_tdigest",
    signatures: &["(digest: array, value: scalar) -> real"],
    summary: "How many percent of a `tdigest` value's values are not larger than a value, about. Null for null, for other values and for a value of another type than the digest's.",
    examples: &[
        ("range x from 1 to 1000 step 1 | summarize t = tdigest(x) | project percentrank_tdigest(t, 685)", "68.5"),
        ("print percentrank_tdigest(dynamic([[\"long\"],[1,5],[2,3]]), 4)", "40.0"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let digest = args.str(0);
    let percent = |row: usize| {
        let digest = TypedDigest::from_json(digest.opt(row)?)?;
        let total = digest.total();
        (total > 0).then_some(())?;
        Some(digest.rank(&args.args.get(1)?.value(row))? * 100.0 / total as f64)
    };
    Ok(args.reals(percent))
}
