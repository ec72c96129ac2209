use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "iscolumnexists",
    signatures: &["(column_name: constant string) -> bool"],
    summary: "Whether there is a column of that name.",
    examples: &[("print iscolumnexists('nope')", "false")],
    body: Body::Binder,
    ..ScalarFunction::DEFAULT
};
