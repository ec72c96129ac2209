use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "varianceif",
    signatures: &["(expr: summable, predicate: bool) -> real"],
    summary: "The variance, as of a sample, of the values in the rows for which the predicate is true.",
    examples: &[("range x from 1 to 100 step 1 | summarize varianceif(x, x % 2 == 0)", "850.0")],
    body: AggregateBody::FilterOf { name: "variance", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
