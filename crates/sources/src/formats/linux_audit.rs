//! Lines of Linux's audit daemon. Each is a record in the columns that NXLog gives it in the table LinuxAudit_CL: a member's name with
//! an ending that says its type.
//!
//! # Source
//! auditd's `audit.log`; NXLog's `im_linuxaudit`.

use crate::columns::{Columns, identifier};
use crate::detect::Sniff;
use crate::frame::{By, of_lines};
use crate::output::Output;
use crate::row::Row;
use crate::source::{Shape, Source};
use crate::time;
use schema::KqlType;
use schema::dynamic::{raw, write_json_string};

pub(super) const TABLE: &str = "LinuxAudit_CL";

pub static SOURCE: Source = Source {
    name: "linux_audit",
    about: "lines of Linux's audit daemon",
    shape: Shape::Text,
    tables: &[TABLE],
    detect: |sniff: &Sniff<'_>| if sniff.share(|line| head(line).is_some()) >= 50 { 95 } else { 0 },
    parser: |_| of_lines(By(|line: &str, out: &mut Output| out.result(of_line(line), line))),
};

/// A line's kind, time, number, and what follows.
struct Head<'a> {
    node: &'a str,
    kind: &'a str,
    seconds: &'a str,
    number: &'a str,
    rest: &'a str,
}

fn head(line: &str) -> Option<Head<'_>> {
    let mut rest = line.trim_start();
    let mut node = "";
    if let Some((name, after)) = rest.strip_prefix("node=").and_then(|rest| rest.split_once(' ')) {
        (node, rest) = (name, after);
    }
    let (kind, rest) = rest.strip_prefix("type=")?.split_once(" msg=audit(")?;
    let (stamp, rest) = rest.split_once("):")?;
    let (seconds, number) = stamp.split_once(':')?;
    Some(Head { node, kind, seconds, number, rest: rest.trim_start() })
}

fn of_line(line: &str) -> Result<Row, String> {
    let head = head(line).ok_or("it has no `type=` and `msg=audit(...)`")?;
    let instant = time::epoch(head.seconds).ok_or_else(|| format!("`{}` is no time", head.seconds))?;
    let mut row = Row::new(TABLE);
    row.time("TimeGenerated", instant);
    row.time("time_t", instant);
    row.text("Computer", head.node);
    member(&mut row, "type", &quoted(head.kind));
    member(&mut row, "seq", &quoted(head.number));
    // What the daemon adds for people stands behind a separator, and often the kernel's words stand in `msg`.
    for part in head.rest.split('\u{1d}') {
        pairs(&mut row, part);
    }
    Ok(row)
}

fn quoted(text: &str) -> String {
    let mut json = String::new();
    write_json_string(&mut json, text);
    json
}

/// Reads `name=value` pairs; a value in quotes may hold blanks, one in apostrophes holds pairs.
fn pairs(row: &mut Row, text: &str) {
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_start();
        // Words without a value before it are not lost.
        let (words, name) = name.rsplit_once(' ').unwrap_or(("", name));
        if !words.is_empty() {
            row.pass_text("words", words);
        }
        let (value, next) = if let Some(inner) = after.strip_prefix('\'') {
            let (inner, next) = inner.rsplit_once('\'').unwrap_or((inner, ""));
            pairs(row, inner);
            rest = next.trim_start();
            continue;
        } else if let Some(inner) = after.strip_prefix('"') {
            inner.split_once('"').unwrap_or((inner, ""))
        } else {
            after.split_once(' ').unwrap_or((after, ""))
        };
        member(row, name, &quoted(value));
        rest = next.trim_start();
    }
    if !rest.is_empty() {
        row.pass_text("words", rest);
    }
}

/// Sets the column of a member: as a number where the table has it as one.
pub(super) fn member(row: &mut Row, name: &str, json: &str) {
    let name = identifier(name);
    let number = format!("{name}_d");
    let is_number = Columns::of(TABLE).is_some_and(|columns| columns.get(&number).is_some());
    let text = raw::text(json);
    if is_number && text.trim().parse::<f64>().is_ok_and(f64::is_finite) {
        row.json(&number, text.trim());
    } else if raw::kind(json) == raw::Kind::Number && !is_number {
        row.column(&number, KqlType::Real, json);
    } else {
        row.column(&format!("{name}_s"), KqlType::String, &quoted(&text));
    }
}
