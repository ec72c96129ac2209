use super::dynamics;
use super::prelude::*;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "set_difference",
    signatures: &["(set: array, sets+: array) -> dynamic"],
    summary: "The distinct elements of the first array that are in none of the others; null when the first value is no \
              array.",
    examples: &[("print set_difference(dynamic([1, 2, 1, 4]), dynamic([1, 2]))", "[4]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(first) = dynamics::array(&args.args[0], row) else { return false };
        let others: Vec<_> = args.args[1..].iter().filter_map(|arg| dynamics::array(arg, row)).collect();
        let mut seen: HashSet<_> = others.iter().flatten().map(|item| dynamics::identity(item)).collect();
        dynamics::write_array(out, first.iter().copied().filter(|item| seen.insert(dynamics::identity(item))));
        true
    }))
}
