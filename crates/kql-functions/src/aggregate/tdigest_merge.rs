use super::prelude::*;
use super::support::digests::TDIGEST_MERGE;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "tdigest_merge",
    aliases: &["merge_tdigest"],
    signatures: &["(tdigest: array) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("merge_tdigests"),
    summary: "One `tdigest` value of all those in the group. They must be of the same type; nulls are skipped.",
    examples: &[(
        "range x from 1 to 100 step 1 | summarize t = tdigest(x) by x % 3 | summarize m = tdigest_merge(t) | project percentile_tdigest(m, 90, typeof(long))",
        "90",
    )],
    body: AggregateBody::Accumulate(TDIGEST_MERGE),
    ..AggregateFunction::DEFAULT
};
