use super::prelude::*;
use super::support::distinct::COUNT_DISTINCT;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "count_distinct",
    signatures: &["(expr: notdynamic) -> long"],
    summary: "The number of distinct values, exactly; nulls are skipped. Fails past 100 million distinct values.",
    examples: &[
        ("range x from 1 to 100 step 1 | summarize count_distinct(x % 7)", "7"),
        ("datatable(s:string)['a', '', 'a'] | summarize count_distinct(s)", "2"),
    ],
    body: AggregateBody::Accumulate(COUNT_DISTINCT),
    ..AggregateFunction::DEFAULT
};
