use super::prelude::*;
use super::support::sketches::HLL;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "hll",
    signatures: &["(expr: notreal, accuracy?: constant integer) -> dynamic"],
    summary: "What `dcount` holds midway, to be stored, merged by `hll_merge` and counted by `dcount_hll`. Null for no values.",
    examples: &[("range x from 1 to 100 step 1 | summarize h = hll(x % 7) | project dcount_hll(h)", "7")],
    body: AggregateBody::Accumulate(HLL),
    ..AggregateFunction::DEFAULT
};
