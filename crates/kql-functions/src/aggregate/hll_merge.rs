use super::prelude::*;
use super::support::sketches::HLL_MERGE;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "hll_merge",
    signatures: &["(hll: array) -> dynamic"],
    summary: "One `hll` value of all those in the group. They must be of the same accuracy; nulls are skipped.",
    examples: &[(
        "range x from 1 to 100 step 1 | summarize h = hll(x) by x % 3 | summarize m = hll_merge(h) | project dcount_hll(m)",
        "100",
    )],
    body: AggregateBody::Accumulate(HLL_MERGE),
    ..AggregateFunction::DEFAULT
};
