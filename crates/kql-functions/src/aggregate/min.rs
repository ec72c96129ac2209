use super::prelude::*;
use super::support::extremes::MIN;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "min",
    signatures: &["(expr: orderable) -> same(0)"],
    summary: "The smallest value. Nulls are skipped, and NaN where there is a number; no values give null. Strings compare by code point, the empty string being a value like others.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize min(x)", "1"),
        ("datatable(s:string)['b', 'a', 'c'] | summarize min(s)", "a"),
        ("datatable(r:real)[real(nan), 2.0, 1.0] | summarize min(r)", "1.0"),
    ],
    body: AggregateBody::EngineFor {
        engine: EngineAggregate::Min,
        types: &[KqlType::Int, KqlType::Long, KqlType::Decimal, KqlType::Datetime, KqlType::Timespan],
        accumulate: MIN,
    },
    ..AggregateFunction::DEFAULT
};
