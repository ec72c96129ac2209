use crate::scalar::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "row_rank",
    signatures: &["(column: notdynamic, dense?: constant bool) -> long"],
    summary: "The old spelling of `row_rank_dense()` and, with dense false, of `row_rank_min()`.",
    examples: &[
        ("datatable(d:long) [2, 3, 3, 100] | serialize r=row_rank(d) | where d == 100 | project r", "3"),
        ("datatable(d:long) [2, 3, 3, 100] | serialize r=row_rank(d, false) | where d == 100 | project r", "4"),
    ],
    body: Body::Window(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ranking = match args.constant(1) {
        Some(Value::Bool(false)) => &super::row_rank_min::FUNCTION,
        _ => &super::row_rank_dense::FUNCTION,
    };
    let Body::Window(body) = ranking.body else { return Err(EvalError::new("`row_rank` has no body")) };
    body(&Args { args: args.args.get(..1).unwrap_or(&[]), ..*args })
}
