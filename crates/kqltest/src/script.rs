//! `.kqltest` files: reading, checking, updating.

use crate::run::{Outcome, run};
use query::Tables;
use std::path::Path;
use std::sync::Arc;

/// What a case expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// The header, then rows; compared as a multiset when unordered.
    Rows { lines: Vec<String>, unordered: bool },
    /// A finding's code and, when given, the text that it underlines.
    Error { code: String, at: Option<String> },
}

/// One case of a file.
#[derive(Debug, Clone)]
pub struct Case {
    /// The line on which the case starts, from 1.
    pub line: usize,
    pub query: String,
    pub expected: Expectation,
}

/// Reads a file's cases.
///
/// # Errors
/// Names the line that is not understood.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut body = Vec::new();
        while let Some((_, next)) = lines.next_if(|(_, next)| !next.trim().is_empty()) {
            body.push(next.to_string());
        }
        let line_number = number + 1;
        if let Some(rest) = line.strip_prefix("error ") {
            let (code, at) = match rest.split_once(" at ") {
                Some((code, at)) => (code.trim(), Some(at.trim().trim_matches('`').to_string())),
                None => (rest.trim(), None),
            };
            let expected = Expectation::Error { code: code.to_string(), at };
            cases.push(Case { line: line_number, query: body.join("\n"), expected });
            continue;
        }
        let unordered = match line.trim() {
            "query" => false,
            "query unordered" => true,
            other => return Err(format!("line {line_number}: `{other}` is neither `query` nor `error CODE`")),
        };
        let rule = body.iter().position(|l| l == "----").ok_or_else(|| format!("line {line_number}: no `----`"))?;
        let rows = body.split_off(rule + 1);
        body.truncate(rule);
        cases.push(Case {
            line: line_number,
            query: body.join("\n"),
            expected: Expectation::Rows { lines: rows, unordered },
        });
    }
    Ok(cases)
}

/// Runs every case of a file and returns what differs. With `UPDATE=1` in the environment the file is rewritten.
pub fn check_file(path: &Path, tables: &Arc<Tables>) -> Vec<String> {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return vec![format!("{shown}: {error}")],
    };
    let cases = match read(&text) {
        Ok(cases) => cases,
        Err(error) => return vec![format!("{shown}: {error}")],
    };
    let mut failures = Vec::new();
    let mut updated = text.clone();
    for case in &cases {
        let outcome = run(&case.query, tables);
        let Some(difference) = difference(&case.expected, &outcome) else { continue };
        failures.push(format!("{shown}:{}: {difference}\n{}\n", case.line, indented(&case.query)));
        if let (Expectation::Rows { lines, .. }, Outcome::Rows { .. }) = (&case.expected, &outcome) {
            let before = format!("{}\n----\n{}", case.query, lines.join("\n"));
            let after = format!("{}\n----\n{}", case.query, printed(&outcome).join("\n"));
            updated = updated.replacen(before.trim_end(), after.trim_end(), 1);
        }
    }
    if std::env::var_os("UPDATE").is_some() && updated != text && std::fs::write(path, updated).is_err() {
        failures.push(format!("{shown}: cannot be written"));
    }
    failures
}

/// Returns a result as the lines of a case: the header, then the rows.
pub fn printed(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Rows { columns, rows } => {
            let header: Vec<String> = columns.iter().map(|c| format!("{}:{}", c.name, c.ktype)).collect();
            std::iter::once(header.join(",")).chain(rows.iter().cloned()).collect()
        }
        Outcome::Refused { code, at, message } => vec![format!("error {code} at `{at}`: {message}")],
        Outcome::Failed(message) => vec![format!("failed: {message}")],
    }
}

fn difference(expected: &Expectation, outcome: &Outcome) -> Option<String> {
    match (expected, outcome) {
        (Expectation::Rows { lines, unordered }, Outcome::Rows { .. }) => {
            let mut found = printed(outcome);
            let mut wanted = lines.clone();
            if *unordered {
                found[1..].sort();
                if let Some(rows) = wanted.get_mut(1..) {
                    rows.sort();
                }
            }
            let same = found == wanted || (wanted.is_empty() && found == [""]);
            (!same).then(|| {
                format!(
                    "expected\n{}\n  found\n{}",
                    indented(&lines.join("\n")),
                    indented(&printed(outcome).join("\n"))
                )
            })
        }
        (Expectation::Error { code, at }, Outcome::Refused { code: found, at: place, .. }) => {
            let same = code == found && at.as_ref().is_none_or(|at| at == place);
            (!same).then(|| format!("expected error {code} at {at:?}, found {}", printed(outcome).join("")))
        }
        (Expectation::Error { code, .. }, Outcome::Failed(message)) if code == "runtime" => {
            message.is_empty().then(|| "the error has no text".to_string())
        }
        _ => Some(format!("expected {expected:?}, found {}", printed(outcome).join("\n"))),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
