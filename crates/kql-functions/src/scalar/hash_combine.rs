use super::hashing::combine;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hash_combine",
    signatures: &["(first: long, hash+: long) -> long"],
    summary: "One hash out of several, which their order matters to. Null when one is null. The value is not Kusto's, which \
              publishes no rule.",
    examples: &[("print hash_combine(hash('a'), hash('b')) == hash_many('a', 'b')", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let hashes: Vec<_> = args.args.iter().map(Arg::longs).collect();
    Ok(args.longs(|row| hashes.iter().try_fold(0, |so_far, hash| Some(combine(so_far, hash.get(row)?)))))
}
