use super::prelude::*;
use super::support::digests;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "percentile",
    signatures: &["(expr: scalar, percentile: constant number) -> custom"],
    returns: Some(|args| digests::returns(args, 1)),
    names: Some(|args| digests::names(args, 1)),
    summary: "The value at a percentile, 0 to 100. By nearest rank: the smallest value that at least that part of the values does not exceed. Exact up to 2048 distinct values, past that within 1 percent of the rank by t-digest. Nulls and NaN are skipped; no values give null. int gives long, decimal real.",
    examples: &[
        ("range x from 1 to 100 step 1 | summarize percentile(x, 95)", "95"),
        ("datatable(x:long)[1, 2, 3, 4] | summarize percentile(x, 50)", "2"),
        ("datatable(x:long)[] | summarize percentile(x, 50)", ""),
    ],
    body: AggregateBody::Accumulate(digests::PERCENTILES),
    ..AggregateFunction::DEFAULT
};
