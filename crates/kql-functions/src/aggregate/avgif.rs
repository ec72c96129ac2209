use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "avgif",
    signatures: &[
        "(expr: integer, predicate: bool) -> real",
        "(expr: real, predicate: bool) -> real",
        "(expr: decimal, predicate: bool) -> decimal",
        "(expr: timespan, predicate: bool) -> timespan",
        "(expr: datetime, predicate: bool) -> datetime",
    ],
    summary: "The average of the values in the rows for which the predicate is true.",
    examples: &[("range x from 1 to 5 step 1 | summarize avgif(x, x > 3)", "4.5")],
    body: AggregateBody::FilterOf { name: "avg", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
