//! One query from its text to its rows as text.

use kql::Diagnostic;
use kql::bind::{Environment, bind};
use kql_functions::FUNCTIONS;
use kql_functions::args::value_at;
use query::{Engine, EngineOptions, Request, Tables};
use schema::{Column, Value};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use stdx::Cancel;

/// What a query gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The first result table: its columns and its rows as CSV lines.
    Rows { columns: Vec<Column>, rows: Vec<String> },
    /// The first finding that stops the query: its code, the text that it underlines, its message.
    Refused { code: String, at: String, message: String },
    /// The query failed while it ran.
    Failed(String),
}

/// What `now()` gives in tests: 2026-01-02T03:04:05.
const NOW: i64 = 639_029_198_450_000_000;

static ENGINE: LazyLock<Result<Engine, String>> = LazyLock::new(|| {
    let options = EngineOptions { timeout: Some(Duration::from_secs(60)), threads: 2, ..EngineOptions::default() };
    Engine::new(options).map_err(|error| error.to_string())
});

/// Runs a query over tables.
pub fn run(text: &str, tables: &Arc<Tables>) -> Outcome {
    let engine = match &*ENGINE {
        Ok(engine) => engine,
        Err(error) => return Outcome::Failed(error.clone()),
    };
    let request = Request {
        principal: "tester".to_string(),
        database: "NetDefaultDB".to_string(),
        now: Some(NOW),
        cancel: Cancel::default(),
        timeout: None,
    };
    let session = engine.session(tables.clone(), request);
    let environment = Environment {
        catalog: tables.as_ref(),
        functions: &*FUNCTIONS,
        host: Some(&session),
        now: NOW,
        principal: "tester",
        parameters: &[],
    };
    let (bound, diagnostics) = bind(text, environment);
    let Some(bound) = bound else {
        return match diagnostics.iter().find(|d| d.is_error()) {
            Some(d) => refused(text, d),
            None => Outcome::Failed("no plan and no diagnostic".to_string()),
        };
    };
    let answered = futures::executor::block_on(async {
        let mut tables = session.run(&bound).await?;
        if tables.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let table = tables.swap_remove(0);
        let columns = table.columns.clone();
        Ok::<_, query::QueryError>((columns, table.stream.collect_batches().await?))
    });
    match answered {
        Err(error) => Outcome::Failed(error_text(&error)),
        Ok((columns, batches)) => {
            let mut rows = Vec::new();
            for batch in batches {
                for row in 0..batch.num_rows() {
                    let cells = columns
                        .iter()
                        .enumerate()
                        .map(|(c, column)| quoted(&cell_text(&value_at(batch.column(c), column.ktype, row))));
                    rows.push(cells.collect::<Vec<_>>().join(","));
                }
            }
            Outcome::Rows { columns, rows }
        }
    }
}

fn refused(text: &str, diagnostic: &Diagnostic) -> Outcome {
    Outcome::Refused {
        code: diagnostic.code.to_string(),
        at: text.get(diagnostic.span.start..diagnostic.span.end).unwrap_or("").to_string(),
        message: diagnostic.message.clone(),
    }
}

/// Returns an error with its causes.
fn error_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Returns a cell's text: as `tostring()` gives it, but bools in lower case.
pub fn cell_text(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Dynamic(value @ (schema::Dynamic::Array(_) | schema::Dynamic::Bag(_))) => value.to_json(),
        Value::Real(value) => schema::number::real_output_text(*value),
        other => other.to_text(),
    }
}

/// Quotes a cell for CSV where it must be.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_string() }
}
