use super::hashing::{combine, hash_of};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hash_many",
    signatures: &["(source+: notdynamic) -> long"],
    summary: "One hash of several values, which their order matters to: the `hash_combine` of their hashes. Null when one \
              is null.",
    examples: &[("print hash_many('a', 'b') == hash_combine(hash('a'), hash('b'))", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.longs(|row| args.args.iter().try_fold(0, |so_far, arg| Some(combine(so_far, hash_of(arg, row)?)))))
}
