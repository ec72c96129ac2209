use super::prelude::*;
use super::support::digests;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "percentilesw_array",
    signatures: &[
        "(expr: scalar, weight: integer, percentile+: constant number) -> dynamic",
        "(expr: scalar, weight: integer, percentiles: constant array) -> dynamic",
    ],
    naming: Naming::PrefixAndFirstArgument("percentiles"),
    summary: "The values at several percentiles of weighted values as an array. Each value counts as often as its weight says; one whose weight is null or less than 1 does not count. Else as `percentiles_array`.",
    examples: &[(
        "datatable(n:long, t:long)[8, 10, 6, 20, 3, 30, 1, 40] | summarize percentilesw_array(t, n, 50, 75, 99.9)",
        "[20,20,40]",
    )],
    body: AggregateBody::Accumulate(digests::PERCENTILESW_ARRAY),
    ..AggregateFunction::DEFAULT
};
