use super::dynamics;
use super::prelude::*;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "set_intersect",
    signatures: &["(set: array, sets+: array) -> dynamic"],
    summary: "The distinct elements that are in all the arrays, in the order of the first; null when a value is no array.",
    examples: &[("print set_intersect(dynamic([1, 2, 1, 4]), dynamic([1, 2]), dynamic([8, 1]))", "[1]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(arrays) = args.args.iter().map(|arg| dynamics::array(arg, row)).collect::<Option<Vec<_>>>() else {
            return false;
        };
        let Some((first, others)) = arrays.split_first() else { return false };
        let others: Vec<HashSet<_>> =
            others.iter().map(|items| items.iter().map(|item| dynamics::identity(item)).collect()).collect();
        let mut seen = HashSet::new();
        let common = first.iter().copied().filter(|item| {
            let identity = dynamics::identity(item);
            others.iter().all(|other| other.contains(&identity)) && seen.insert(identity)
        });
        dynamics::write_array(out, common);
        true
    }))
}
