use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "stdevif",
    signatures: &["(expr: summable, predicate: bool) -> real"],
    summary: "The standard deviation, as of a sample, of the values in the rows for which the predicate is true.",
    examples: &[("range x from 1 to 100 step 1 | summarize round(stdevif(x, x % 2 == 0), 6)", "29.154759")],
    body: AggregateBody::FilterOf { name: "stdev", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
