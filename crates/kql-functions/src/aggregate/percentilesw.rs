use super::prelude::*;
use super::support::digests;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "percentilesw",
    signatures: &["(expr: scalar, weight: integer, percentile+: constant number) -> custom"],
    returns: Some(|args| digests::returns(args, 2)),
    names: Some(|args| digests::names(args, 2)),
    summary: "The values at several percentiles of weighted values, each in a column. Each value counts as often as its weight says; one whose weight is null or less than 1 does not count. Else as `percentiles`.",
    examples: &[(
        "datatable(n:long, t:long)[8, 10, 6, 20, 3, 30, 1, 40] | summarize percentilesw(t, n, 50, 75, 99.9) | project percentile_t_99_9",
        "40",
    )],
    body: AggregateBody::Accumulate(digests::PERCENTILESW),
    ..AggregateFunction::DEFAULT
};
