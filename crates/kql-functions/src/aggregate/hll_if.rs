use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "hll_if",
    signatures: &["(expr: notreal, predicate: bool, accuracy?: constant integer) -> dynamic"],
    summary: "What `dcountif` holds midway, to be stored, merged by `hll_merge` and counted by `dcount_hll`.",
    examples: &[("range x from 1 to 100 step 1 | summarize h = hll_if(x, x <= 30) | project dcount_hll(h)", "30")],
    body: AggregateBody::FilterOf { name: "hll", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
