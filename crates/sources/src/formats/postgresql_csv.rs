//! PostgreSQL's server log as csvlog: cells in a fixed order, without a header. It lands in PGSQLServerLogs, as the logs of Azure's own
//! servers do; records of pgaudit are taken apart besides.
//!
//! # Source
//! PostgreSQL, "Error Reporting and Logging", 19.8.4; pgaudit, "Format".

use crate::detect::Sniff;
use crate::frame::delimited::{Rows, cells};
use crate::frame::{By, Framed};
use crate::output::Output;
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::ticks;

pub static SOURCE: Source = Source {
    name: "postgresql_csv",
    about: "PostgreSQL's server log as csvlog, records of pgaudit included",
    shape: Shape::Text,
    tables: &["PGSQLServerLogs"],
    detect: |sniff: &Sniff<'_>| {
        let is_ours = |line: &str| {
            let cells = cells(line);
            cells.len() >= 12
                && cells.first().is_some_and(|cell| stamp(cell).is_some())
                && cells.get(11).is_some_and(|cell| is_level(cell))
        };
        if sniff.lines().next().is_some_and(is_ours) { 95 } else { 0 }
    },
    parser: |_| {
        Box::new(Framed::new(Rows::default(), By(|row: &str, out: &mut Output| out.result(of_cells(&cells(row)), row))))
    },
};

pub(super) const LEVELS: [&str; 13] = [
    "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5", "INFO", "NOTICE", "WARNING", "ERROR", "LOG", "FATAL", "PANIC",
    "DETAIL",
];

fn is_level(text: &str) -> bool {
    LEVELS.contains(&text)
}

/// Reads `2026-01-01 10:00:00.123 UTC`. A zone by a name that does not say its hours counts as UTC.
pub(super) fn stamp(text: &str) -> Option<i64> {
    let mut words = text.split(' ');
    let (date, clock, zone) = (words.next()?, words.next()?, words.next().unwrap_or("UTC"));
    if date.len() != 10 || words.next().is_some() {
        return None;
    }
    ticks::parse_datetime(&format!("{date} {clock} {zone}"))
        .or_else(|| ticks::parse_datetime(&format!("{date} {clock}")))
}

/// csvlog's cells and their columns, in order; those without a column keep the name that jsonlog gives them.
const CELLS: [&str; 26] = [
    "timestamp",
    "user",
    "dbname",
    "pid",
    "remote_host",
    "session_id",
    "line_num",
    "ps",
    "session_start",
    "vxid",
    "txid",
    "ErrorLevel",
    "SqlErrorCode",
    "Message",
    "Detail",
    "Hint",
    "internal_query",
    "internal_position",
    "Context",
    "Statement",
    "cursor_position",
    "Location",
    "application_name",
    "BackendType",
    "leader_pid",
    "query_id",
];

fn of_cells(cells: &[String]) -> Result<Row, String> {
    if cells.len() < 23 || cells.len() > CELLS.len() {
        return Err(format!("it has {} cells, and csvlog has 23 to 26", cells.len()));
    }
    let time = cells.first().map_or("", String::as_str);
    let instant = stamp(time).ok_or_else(|| format!("`{time}` is no time"))?;
    let mut row = Row::new("PGSQLServerLogs");
    row.time("TimeGenerated", instant);
    for (name, cell) in CELLS.iter().zip(cells).skip(1).filter(|(_, cell)| !cell.is_empty()) {
        match *name {
            "pid" => row.number("ProcessId", cell),
            name if name.starts_with(|c: char| c.is_ascii_uppercase()) => row.text(name, cell),
            name => row.pass_text(name, cell),
        }
    }
    pgaudit(&mut row, cells.get(13).map_or("", String::as_str));
    Ok(row)
}

/// Takes apart `AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.t,"select ...",<none>`.
pub(super) fn pgaudit(row: &mut Row, message: &str) {
    let Some(record) = message.strip_prefix("AUDIT: ") else { return };
    const NAMES: [&str; 9] = [
        "AuditType",
        "AuditStatementId",
        "AuditSubstatementId",
        "AuditClass",
        "AuditCommand",
        "AuditObjectType",
        "AuditObjectName",
        "AuditStatement",
        "AuditParameters",
    ];
    for (name, cell) in NAMES.iter().zip(cells(record)).filter(|(_, cell)| !cell.is_empty()) {
        row.pass_text(name, &cell);
    }
}
