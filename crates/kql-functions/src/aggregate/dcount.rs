use super::prelude::*;
use super::support::sketches::DCOUNT;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "dcount",
    signatures: &["(expr: scalar, accuracy?: constant integer) -> long"],
    summary: "An estimate of the number of distinct values; nulls are skipped. Accuracy 0 to 4 has a standard error of 1.6, 0.8 (the default), 0.4, 0.28 or 0.2 percent. Up to 256, 1024, 4096, 8192 or 16384 distinct values the count is exact.",
    examples: &[
        ("range x from 1 to 100 step 1 | summarize dcount(x % 7)", "7"),
        ("range x from 1 to 1000 step 1 | summarize dcount(x, 1)", "1000"),
        ("datatable(x:long)[] | summarize dcount(x)", "0"),
    ],
    body: AggregateBody::Accumulate(DCOUNT),
    ..AggregateFunction::DEFAULT
};
