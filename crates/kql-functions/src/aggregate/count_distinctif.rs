use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "count_distinctif",
    signatures: &["(expr: notdynamic, predicate: bool) -> long"],
    summary: "The number of distinct values in the rows for which the predicate is true, exactly.",
    examples: &[("range x from 1 to 100 step 1 | summarize count_distinctif(x % 7, x > 99)", "1")],
    body: AggregateBody::FilterOf { name: "count_distinct", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
