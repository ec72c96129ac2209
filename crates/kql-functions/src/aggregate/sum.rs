use super::prelude::*;
use super::support::sums::SUM;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "sum",
    signatures: &["(expr: summable) -> promoted(0)"],
    summary: "The sum of the values. Nulls are skipped; no values give 0. A sum of whole numbers wraps around on overflow.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize sum(x)", "15"),
        ("datatable(x:long)[] | summarize sum(x)", "0"),
        ("datatable(t:timespan)[1h, 30m] | summarize sum(t)", "01:30:00"),
        ("range x from 1 to 4 step 1 | extend y = iff(x == 1, real(null), real(5)) | summarize sum(y)", "15.0"),
    ],
    body: AggregateBody::EngineFor {
        engine: EngineAggregate::Sum,
        types: &[KqlType::Int, KqlType::Long, KqlType::Real, KqlType::Datetime, KqlType::Timespan],
        accumulate: SUM,
    },
    ..AggregateFunction::DEFAULT
};
