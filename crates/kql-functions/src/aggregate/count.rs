use super::prelude::*;
use super::support::counts::COUNT;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "count",
    signatures: &["() -> long", "(value: scalar) -> long"],
    summary: "The number of rows. An argument changes nothing: rows where it is null are counted too.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize count()", "5"),
        ("range x from 1 to 2 step 1 | extend y = iff(x == 1, real(null), real(5)) | summarize count(y)", "2"),
        ("datatable(x:long)[] | summarize count()", "0"),
    ],
    body: AggregateBody::EngineFor { engine: EngineAggregate::Count, types: &KqlType::ALL, accumulate: COUNT },
    ..AggregateFunction::DEFAULT
};
