use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fill_forward",
    signatures: &["(series: array, missing_value_placeholder?: number) -> same(0)"],
    naming: Naming::FirstArgument,
    summary: "A series with its missing elements replaced by the nearest element on their left; those at the start stay. An element is missing when it equals missing_value_placeholder, which is null when not given.",
    examples: &[(
        "print series_fill_forward(dynamic([null,null,36,41,null,null,16,61,33,null,null]))",
        "[null,null,36,41,41,41,16,61,33,33,33]",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(series::fill(args, 1, |_, items, out| {
        let mut last = None;
        for (item, missing) in items {
            if !missing {
                last = Some(item);
            }
            out.raw(last.unwrap_or(item));
        }
    }))
}
