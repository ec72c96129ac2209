//! PostgreSQL's server log as jsonlog: an object a line. It lands where csvlog lands.
//!
//! # Source
//! PostgreSQL, "Error Reporting and Logging", 19.8.5.

use super::postgresql_csv::{pgaudit, stamp};
use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};

pub static SOURCE: Source = Source {
    name: "postgresql_json",
    about: "PostgreSQL's server log as jsonlog, records of pgaudit included",
    shape: Shape::Json,
    tables: &["PGSQLServerLogs"],
    detect: |sniff: &Sniff<'_>| if sniff.has_all(&["timestamp", "error_severity", "pid"]) { 95 } else { 0 },
    parser: |_| of_objects(&[], |record, item, out| out.result(of_json(record), item)),
};

fn of_json(mut record: Object<'_>) -> Result<Row, String> {
    let time = record.take_text("timestamp");
    let instant = stamp(&time).ok_or_else(|| format!("`{time}` is no time"))?;
    let mut row = Row::new("PGSQLServerLogs");
    row.time("TimeGenerated", instant);
    let message = record.text("message");
    record.move_to(&mut row, &[("pid", "ProcessId")]);
    record.texts_to(
        &mut row,
        &[
            ("error_severity", "ErrorLevel"),
            ("state_code", "SqlErrorCode"),
            ("message", "Message"),
            ("detail", "Detail"),
            ("detail_log", "DetailLog"),
            ("hint", "Hint"),
            ("context", "Context"),
            ("statement", "Statement"),
            ("backend_type", "BackendType"),
        ],
    );
    pgaudit(&mut row, &message);
    record.pass_rest(&mut row);
    Ok(row)
}
