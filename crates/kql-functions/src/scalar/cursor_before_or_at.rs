use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "cursor_before_or_at",
    signatures: &["(cursor: string) -> bool"],
    summary: "Whether a record was ingested before or at a database cursor. Refused: there are no database cursors.",
    examples: &[],
    body: Body::Refused("database cursors are not kept; compare ingestion_time() instead"),
    ..ScalarFunction::DEFAULT
};
