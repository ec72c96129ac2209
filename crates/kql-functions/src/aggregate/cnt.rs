use super::prelude::*;
use super::support::counts::COUNT;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "cnt",
    signatures: &["() -> long"],
    summary: "The number of rows. An old spelling of `count`, which names its result otherwise.",
    body: AggregateBody::EngineFor { engine: EngineAggregate::Count, types: &KqlType::ALL, accumulate: COUNT },
    ..AggregateFunction::DEFAULT
};
