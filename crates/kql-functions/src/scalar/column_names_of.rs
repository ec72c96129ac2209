use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "column_names_of",
    signatures: &["(table: scalar) -> dynamic"],
    summary: "An array of a table expression's column names, in order.",
    examples: &[("let T = () { print A = '', B = 1 }; print column_names_of(T())", "[\"A\",\"B\"]")],
    body: Body::Binder,
    ..ScalarFunction::DEFAULT
};
