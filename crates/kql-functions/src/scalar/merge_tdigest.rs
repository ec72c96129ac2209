use super::prelude::*;
use crate::sketch::tdigest::TypedDigest;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "merge_tdigest",
    aliases: &["tdigest_merge"],
    signatures: &["(tdigest1: array, tdigest2+: array) -> dynamic"],
    naming: Naming::Fixed("tdigests_merge_result"),
    summary: "One `tdigest` value of several, which must be of the same type. Nulls are skipped; only nulls, or a value that is no `tdigest` value, give null.",
    examples: &[(
        "range x from 1 to 10 step 1 | extend y = x + 10 | summarize a = tdigest(x), b = tdigest(y) | project percentile_tdigest(merge_tdigest(a, b), 100, typeof(long))",
        "20",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let digests: Vec<_> = (0..args.len()).map(|i| args.str(i)).collect();
    let mut merged = Vec::with_capacity(args.rows);
    for row in 0..args.rows {
        let mut whole: Option<TypedDigest> = None;
        for json in digests.iter().filter_map(|digest| digest.opt(row)) {
            let Some(part) = TypedDigest::from_json(json) else {
                whole = None;
                break;
            };
            match &mut whole {
                None => whole = Some(part),
                Some(whole) => {
                    if !whole.merge(&part) {
                        let (ours, theirs) = (whole.ktype, part.ktype);
                        return Err(EvalError::new(format!(
                            "`tdigest` values of types {ours} and {theirs} cannot be merged"
                        )));
                    }
                }
            }
        }
        merged.push(whole.map(|mut whole| {
            whole.settle();
            whole.to_json()
        }));
    }
    Ok(args.texts(|row| merged[row].take()))
}
