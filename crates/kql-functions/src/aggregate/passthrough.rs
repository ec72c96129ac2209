use super::prelude::*;
use super::support::any_row;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "passthrough",
    signatures: &["(expr: scalar) -> same(0)"],
    naming: Naming::FirstArgument,
    ordered: true,
    summary: "The value in the group's first row where it is neither null nor empty, under the name of the argument.",
    body: AggregateBody::Accumulate(any_row::ANY),
    ..AggregateFunction::DEFAULT
};
