//! The batch contracts: JSON lines in, one JSON line each out, flushed at once.

use crate::runner::{Failure, Runner, panic_text};
use kql::Diagnostic;
use kql_functions::args::value_at;
use schema::{Column, Dynamic, Value, dynamic::write_json_string};
use std::io::{BufRead, Write};
use std::sync::mpsc;
use std::time::Duration;
use stdx::Cancel;

/// A line of the input.
pub struct Case {
    pub id: serde_json::Value,
    pub query: String,
}

/// Reads a line; `None` when it is not an object with an id and a query.
pub fn read_case(line: &str) -> Option<Case> {
    let mut value: serde_json::Value = serde_json::from_str(line).ok()?;
    let query = value.get("query").or_else(|| value.get("q"))?.as_str()?.to_string();
    let id = value.get_mut("id").map(serde_json::Value::take).unwrap_or_default();
    Some(Case { id, query })
}

/// Stack of a thread that answers a case.
const STACK_BYTES: usize = 256 << 20;

/// Answers every line of standard input by `answer`, each on a thread of its own, so that one that hangs or fails does
/// not take the others down.
pub fn serve(
    timeout: Duration,
    answer: impl Fn(&Case, Cancel) -> String + Clone + Send + 'static,
) -> std::io::Result<()> {
    let stdin = std::io::stdin().lock();
    let mut stdout = std::io::stdout().lock();
    for line in stdin.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let Some(case) = read_case(&line) else {
            let text =
                r#"{"id":null,"error":{"code":"VQ100","message":"the line is no object with `id` and `query`"}}"#;
            writeln!(stdout, "{text}")?;
            stdout.flush()?;
            continue;
        };
        let id = case.id.to_string();
        let (sender, receiver) = mpsc::channel();
        let cancel = Cancel::default();
        let (answer, stop) = (answer.clone(), cancel.clone());
        let work = move || {
            let answered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| answer(&case, stop)));
            // The receiver may have gone on after the time limit.
            sender.send(answered.map_err(|panic| panic_text(panic.as_ref()))).unwrap_or(());
        };
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work)?;
        let text = match receiver.recv_timeout(timeout) {
            Ok(Ok(text)) => text,
            Ok(Err(panic)) => error_line(&id, "VQ101", "runtime", &format!("internal error: {panic}"), None),
            Err(_) => {
                cancel.cancel();
                let message = format!("the query ran longer than its limit of {} s", timeout.as_secs());
                error_line(&id, "VQ102", "limit", &message, None)
            }
        };
        writeln!(stdout, "{text}")?;
        stdout.flush()?;
    }
    Ok(())
}

/// Answers one case of `query --batch`.
pub fn answer_query(runner: &Runner, case: &Case, cancel: Cancel) -> String {
    let id = case.id.to_string();
    let answer = match runner.start(&case.query, cancel) {
        Ok(answer) => answer,
        Err(Failure::Diagnostics(diagnostics)) => return diagnostics_line(&id, &diagnostics),
        Err(Failure::Run(error)) => return error_line(&id, "VQ103", "runtime", &error.to_string(), None),
    };
    let mut out = format!("{{\"id\":{id},\"tables\":[");
    for (i, mut table) in answer.tables.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str("{\"name\":");
        write_json_string(&mut out, &table.name);
        out.push_str(",\"columns\":");
        write_columns(&mut out, &table.columns);
        out.push_str(",\"rows\":[");
        let mut first = true;
        while let Some(batch) = table.stream.next_blocking() {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return error_line(&id, "VQ103", "runtime", &error.to_string(), None),
            };
            for row in 0..batch.num_rows() {
                out.push_str(if first { "[" } else { ",[" });
                first = false;
                for (c, column) in table.columns.iter().enumerate() {
                    if c > 0 {
                        out.push(',');
                    }
                    write_cell(&mut out, &value_at(batch.column(c), column.ktype, row));
                }
                out.push(']');
            }
        }
        out.push_str("]}");
    }
    out.push_str("]}");
    out
}

fn write_cell(out: &mut String, value: &Value) {
    match value {
        Value::Null(_) => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Long(value) => out.push_str(&value.to_string()),
        Value::Real(value) => Dynamic::from_real(*value).write_json(out),
        Value::Dynamic(value) => value.write_json(out),
        other => write_json_string(out, &other.to_text()),
    }
}

/// Writes columns as `[[name, type], ...]`.
pub fn write_columns(out: &mut String, columns: &[Column]) {
    out.push('[');
    for (i, column) in columns.iter().enumerate() {
        out.push_str(if i > 0 { ",[" } else { "[" });
        write_json_string(out, &column.name);
        out.push_str(",\"");
        out.push_str(column.ktype.name());
        out.push_str("\"]");
    }
    out.push(']');
}

fn diagnostics_line(id: &str, diagnostics: &[Diagnostic]) -> String {
    match diagnostics.iter().find(|d| d.is_error()) {
        Some(d) => {
            let message = match &d.help {
                Some(help) => format!("{}; {help}", d.message),
                None => d.message.clone(),
            };
            error_line(id, d.code, d.kind.name(), &message, Some((d.span.start, d.span.end)))
        }
        None => error_line(id, "VQ101", "runtime", "internal error: no plan and no diagnostic", None),
    }
}

fn error_line(id: &str, code: &str, kind: &str, message: &str, span: Option<(usize, usize)>) -> String {
    let mut out = format!("{{\"id\":{id},\"error\":{{\"code\":\"{code}\",\"kind\":\"{kind}\",\"message\":");
    write_json_string(&mut out, message);
    let (start, end) = span.unwrap_or_default();
    out.push_str(&format!(",\"start\":{start},\"end\":{end}}}}}"));
    out
}
