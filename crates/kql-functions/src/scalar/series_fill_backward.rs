use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fill_backward",
    signatures: &["(series: array, missing_value_placeholder?: number) -> same(0)"],
    naming: Naming::FirstArgument,
    summary: "A series with its missing elements replaced by the nearest element on their right; those at the end stay. An element is missing when it equals missing_value_placeholder, which is null when not given.",
    examples: &[(
        "print series_fill_backward(dynamic([111,null,36,41,null,null,16,61,33,null,null]))",
        "[111,36,36,41,16,16,16,61,33,null,null]",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(series::fill(args, 1, |_, items, out| {
        let mut filled: Vec<&str> = Vec::with_capacity(items.len());
        let mut next = None;
        for (item, missing) in items.iter().rev() {
            if !missing {
                next = Some(*item);
            }
            filled.push(next.unwrap_or(item));
        }
        filled.iter().rev().for_each(|item| out.raw(item));
    }))
}
