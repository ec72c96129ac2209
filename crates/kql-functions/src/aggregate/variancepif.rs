use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "variancepif",
    signatures: &["(expr: summable, predicate: bool) -> real"],
    summary: "The variance, as of the population, of the values in the rows for which the predicate is true.",
    examples: &[("range x from 1 to 100 step 1 | summarize variancepif(x, x % 2 == 0)", "833.0")],
    body: AggregateBody::FilterOf { name: "variancep", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
