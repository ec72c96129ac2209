use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "take_anyif",
    signatures: &["(expr: scalar, predicate: bool) -> same(0)"],
    naming: Naming::FirstArgument,
    ordered: true,
    summary: "The argument's value in one row for which the predicate is true, if it can be one where it is neither null nor empty.",
    examples: &[("datatable(x:long, s:string)[1, 'a', 2, 'b'] | summarize take_anyif(s, x > 1)", "b")],
    body: AggregateBody::FilterOf { name: "take_any", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
