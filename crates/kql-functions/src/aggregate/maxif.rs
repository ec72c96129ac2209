use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "maxif",
    signatures: &["(expr: orderable, predicate: bool) -> same(0)"],
    summary: "The largest value in the rows for which the predicate is true; null when there is none.",
    examples: &[("range x from 1 to 5 step 1 | summarize maxif(x, x % 2 == 0)", "4")],
    body: AggregateBody::FilterOf { name: "max", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
