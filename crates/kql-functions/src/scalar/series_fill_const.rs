use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fill_const",
    signatures: &["(series: array, constant_value?: number, missing_value_placeholder?: number) -> same(0)"],
    naming: Naming::FirstArgument,
    summary: "A series with its missing elements replaced by a constant, 0 when not given. An element is missing when it equals missing_value_placeholder, which is null when not given.",
    examples: &[
        ("print series_fill_const(dynamic([111,null,36]), 0.0)", "[111,0.0,36]"),
        ("print series_fill_const(dynamic([111,null,36]), -1)", "[111,-1,36]"),
        ("print series_fill_const(dynamic([5,0,null]), 7, 0)", "[5,7,null]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let constant = series::fill_text(args, 1, "0");
    Ok(series::fill(args, 2, |row, items, out| {
        let constant = constant(row);
        items.iter().for_each(|(item, missing)| out.raw(if *missing { &constant } else { item }));
    }))
}
