use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "column_ifexists",
    aliases: &["columnifexists"],
    signatures: &["(column_name: constant string, defaultValue: scalar) -> same(1)"],
    summary: "The column of that name when there is one, else the second argument.",
    examples: &[("print column_ifexists('nope', 5)", "5")],
    body: Body::Binder,
    ..ScalarFunction::DEFAULT
};
