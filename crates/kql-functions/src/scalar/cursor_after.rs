use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "cursor_after",
    signatures: &["(cursor: string) -> bool"],
    summary: "Whether a record was ingested after a database cursor. Refused: there are no database cursors.",
    examples: &[],
    body: Body::Refused("database cursors are not kept; compare ingestion_time() instead"),
    ..ScalarFunction::DEFAULT
};
