use super::prelude::*;
use super::support::extremes::MAX;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "max",
    signatures: &["(expr: orderable) -> same(0)"],
    summary: "The largest value. Nulls are skipped, and NaN where there is a number; no values give null. Strings compare by code point, the empty string being a value like others.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize max(x)", "5"),
        ("datatable(s:string)['b', 'a', 'c'] | summarize max(s)", "c"),
        ("datatable(r:real)[real(nan), 2.0, 1.0] | summarize max(r)", "2.0"),
    ],
    body: AggregateBody::EngineFor {
        engine: EngineAggregate::Max,
        types: &[KqlType::Int, KqlType::Long, KqlType::Decimal, KqlType::Datetime, KqlType::Timespan],
        accumulate: MAX,
    },
    ..AggregateFunction::DEFAULT
};
