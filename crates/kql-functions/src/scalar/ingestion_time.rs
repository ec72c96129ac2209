use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ingestion_time",
    signatures: &["() -> datetime"],
    naming: Naming::Fixed("$IngestionTime"),
    summary: "When the record was ingested; null for a row that is no record of a table.",
    examples: &[("print isnull(ingestion_time())", "true")],
    body: Body::Binder,
    ..ScalarFunction::DEFAULT
};
