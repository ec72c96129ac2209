use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "cursor_current",
    aliases: &["current_cursor"],
    signatures: &["() -> string"],
    summary: "The current database cursor. Refused: there are no database cursors.",
    examples: &[],
    body: Body::Refused("database cursors are not kept; compare ingestion_time() instead"),
    ..ScalarFunction::DEFAULT
};
