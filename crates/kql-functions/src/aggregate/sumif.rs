use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "sumif",
    signatures: &["(expr: summable, predicate: bool) -> promoted(0)"],
    summary: "The sum of the values in the rows for which the predicate is true. Nulls are skipped; no values give 0.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize sumif(x, x > 3)", "9"),
        ("range x from 1 to 5 step 1 | summarize sumif(x, x > 5)", "0"),
    ],
    body: AggregateBody::FilterOf { name: "sum", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
