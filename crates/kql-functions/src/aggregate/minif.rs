use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "minif",
    signatures: &["(expr: orderable, predicate: bool) -> same(0)"],
    summary: "The smallest value in the rows for which the predicate is true; null when there is none.",
    examples: &[("range x from 1 to 5 step 1 | summarize minif(x, x % 2 == 0)", "2")],
    body: AggregateBody::FilterOf { name: "min", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
