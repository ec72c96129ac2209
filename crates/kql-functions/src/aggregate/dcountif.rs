use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "dcountif",
    signatures: &["(expr: scalar, predicate: bool, accuracy?: constant integer) -> long"],
    summary: "An estimate of the number of distinct values in the rows for which the predicate is true.",
    examples: &[("range x from 1 to 100 step 1 | summarize dcountif(x % 7, x <= 3)", "3")],
    body: AggregateBody::FilterOf { name: "dcount", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
