use super::prelude::*;
use super::support::digests;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "percentiles",
    signatures: &["(expr: scalar, percentile+: constant number) -> custom"],
    returns: Some(|args| digests::returns(args, 1)),
    names: Some(|args| digests::names(args, 1)),
    summary: "The values at several percentiles, each in a column. By nearest rank: the smallest value that at least that part of the values does not exceed. Exact up to 2048 distinct values, past that within 1 percent of the rank by t-digest. Nulls and NaN are skipped; no values give null. int gives long, decimal real.",
    examples: &[("range x from 1 to 100 step 1 | summarize percentiles(x, 5, 50, 95)", "5")],
    body: AggregateBody::Accumulate(digests::PERCENTILES),
    ..AggregateFunction::DEFAULT
};
