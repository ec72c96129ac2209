use super::prelude::*;
use super::support::sums::AVG;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "avg",
    signatures: &[
        "(expr: integer) -> real",
        "(expr: real) -> real",
        "(expr: decimal) -> decimal",
        "(expr: timespan) -> timespan",
        "(expr: datetime) -> datetime",
    ],
    summary: "The average of the values. Nulls are skipped. No values give NaN for numbers, null for decimal, datetime and timespan.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize avg(x)", "3.0"),
        ("datatable(x:long)[] | summarize avg(x)", "NaN"),
        ("datatable(t:timespan)[1h, 2h] | summarize avg(t)", "01:30:00"),
        (
            "datatable(t:datetime)[datetime(2020-01-01), datetime(2020-01-03)] | summarize avg(t)",
            "2020-01-02T00:00:00.0000000Z",
        ),
    ],
    body: AggregateBody::Accumulate(AVG),
    ..AggregateFunction::DEFAULT
};
