use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "anyif",
    signatures: &["(expr: scalar, predicate: bool) -> same(0)"],
    ordered: true,
    summary: "The argument's value in one row for which the predicate is true. An old spelling of `take_anyif`, which names its result otherwise.",
    examples: &[("datatable(x:long, s:string)[1, 'a', 2, 'b'] | summarize anyif(s, x > 1)", "b")],
    body: AggregateBody::FilterOf { name: "take_any", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
