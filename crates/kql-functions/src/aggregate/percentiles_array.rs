use super::prelude::*;
use super::support::digests;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "percentiles_array",
    signatures: &[
        "(expr: scalar, percentile+: constant number) -> dynamic",
        "(expr: scalar, percentiles: constant array) -> dynamic",
    ],
    naming: Naming::PrefixAndFirstArgument("percentiles"),
    summary: "The values at several percentiles, given one by one or as an array, as an array. By nearest rank: the smallest value that at least that part of the values does not exceed. Exact up to 2048 distinct values, past that within 1 percent of the rank by t-digest. Nulls and NaN are skipped; no values give null. int gives long, decimal real.",
    examples: &[
        ("range x from 1 to 100 step 1 | summarize percentiles_array(x, 5, 50, 95)", "[5,50,95]"),
        ("range x from 1 to 100 step 1 | summarize percentiles_array(x, dynamic([25, 75]))", "[25,75]"),
    ],
    body: AggregateBody::Accumulate(digests::PERCENTILES_ARRAY),
    ..AggregateFunction::DEFAULT
};
