use super::prelude::*;
use super::support::digests::TDIGEST;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "tdigest",
    signatures: &["(expr: summable, weight?: integer) -> dynamic"],
    summary: "What `percentile` holds midway, to be stored, merged by `tdigest_merge` and read by `percentile_tdigest`. Null for no values.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize tdigest(x)", "[[\"long\"],[1,2,3,4,5],[1,1,1,1,1]]"),
        (
            "range x from 1 to 100 step 1 | summarize t = tdigest(x) | project percentile_tdigest(t, 50, typeof(long))",
            "50",
        ),
    ],
    body: AggregateBody::Accumulate(TDIGEST),
    ..AggregateFunction::DEFAULT
};
