use super::prelude::*;
use super::support::digests;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "percentilew",
    signatures: &["(expr: scalar, weight: integer, percentile: constant number) -> custom"],
    returns: Some(|args| digests::returns(args, 2)),
    names: Some(|args| digests::names(args, 2)),
    summary: "The value at a percentile, 0 to 100, of weighted values. Each value counts as often as its weight says; one whose weight is null or less than 1 does not count. Else as `percentile`.",
    examples: &[("datatable(n:long, t:long)[8, 10, 6, 20, 3, 30, 1, 40] | summarize percentilew(t, n, 75)", "20")],
    body: AggregateBody::Accumulate(digests::PERCENTILESW),
    ..AggregateFunction::DEFAULT
};
