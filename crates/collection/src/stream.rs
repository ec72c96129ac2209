//! Streams and the tables that they go to: `Custom-Name_CL` to `Name_CL`, `Microsoft-Syslog` to `Syslog`.

/// Returns the name of the table that a stream goes to; `None` when the text names no stream.
pub fn table_of(stream: &str) -> Option<&str> {
    let table = stream.strip_prefix("Custom-").or_else(|| stream.strip_prefix("Microsoft-"))?;
    (!table.is_empty()).then_some(table)
}

/// Returns whether a stream is one of Azure's, whose columns are those of its table.
pub(crate) fn is_builtin(stream: &str) -> bool {
    stream.starts_with("Microsoft-") && table_of(stream).is_some_and(|table| schema::tables::builtin(table).is_some())
}
