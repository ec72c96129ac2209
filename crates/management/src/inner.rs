//! Queries in commands: bound, run to their end, kept in memory.

use crate::answer::AnswerTable;
use crate::context::Context;
use crate::error::CommandError;
use kql::bind::Environment;
use kql::render::Render;
use kql_functions::FUNCTIONS;
use query::{Request, Tables};
use std::sync::Arc;

/// Bytes of a query's rows in a command at most.
const BYTES_MAX: usize = 512 << 20;

/// What a query in a command gave.
pub struct Found {
    pub tables: Vec<AnswerTable>,
    pub render: Option<Render>,
}

impl Context<'_> {
    /// Runs a query over tables. The text is that of the whole command, with blanks in place of what is no part of the query, so that places
    /// in findings are places in the command.
    ///
    /// # Errors
    /// When the query is wrong or fails.
    pub fn query(&self, text: &str, tables: Tables) -> Result<Found, CommandError> {
        let request = self.request;
        let tables = Arc::new(tables);
        let asked = Request {
            principal: request.principal.name.clone(),
            database: self.database().to_string(),
            now: Some(request.now),
            cancel: request.cancel.clone(),
            timeout: Some(request.timeout),
        };
        let session = self.manager.engine.session(tables.clone(), asked);
        let environment = Environment {
            catalog: &*tables,
            functions: &*FUNCTIONS,
            host: Some(&session),
            now: session.context().now,
            principal: &session.context().principal,
            parameters: &request.parameters,
        };
        let (bound, findings) = kql::bind::bind(text, environment);
        let bound = bound.ok_or(CommandError::Wrong(findings))?;
        let results = futures::executor::block_on(session.run(&bound))?;
        let mut found = Found { tables: Vec::new(), render: None };
        let mut n_bytes = 0;
        for mut result in results {
            let mut batches = Vec::new();
            while let Some(batch) = result.stream.next_blocking() {
                let batch = batch?;
                n_bytes += batch.get_array_memory_size();
                if n_bytes > BYTES_MAX {
                    let message = format!("the query in the command gives more than {} MB", BYTES_MAX >> 20);
                    return Err(CommandError::Refused(message));
                }
                batches.push(batch);
            }
            found.render = found.render.or(result.render);
            found.tables.push(AnswerTable { name: result.name, columns: result.columns, batches });
        }
        Ok(found)
    }
}

/// Returns a text in which all before a place is blank, but for the ends of lines, and something else stands at its beginning.
///
/// # Errors
/// When that is longer than what is before the place; a fault of ours.
pub fn blanked(text: &str, until: usize, begin: &str) -> Result<String, CommandError> {
    let before = text.get(..until).unwrap_or(text);
    let blank = |c: char| -> String { if c == '\n' { "\n".to_string() } else { " ".repeat(c.len_utf8()) } };
    let blanks: String = before.chars().map(blank).collect();
    let rest =
        blanks.get(begin.len()..).ok_or_else(|| CommandError::Internal("no room before the query".to_string()))?;
    Ok(format!("{begin}{rest}{}", text.get(until..).unwrap_or("")))
}
