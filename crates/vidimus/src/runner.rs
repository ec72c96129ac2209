//! From a query's text to its results: parse, bind, run.

use crate::show::{self, Piece};
use encode::Visualization;
use kql::Diagnostic;
use kql::bind::Environment;
use kql::diagnostic::Kind;
use kql::plan::BoundQuery;
use kql_functions::FUNCTIONS;
use query::{Engine, QueryError, Request, ResultStream, ResultTable, Session, Tables};
use std::sync::Arc;
use stdx::{Cancel, Clock, SystemClock};

/// Why a query gave no result.
#[derive(Debug)]
pub enum Failure {
    /// The query's text is wrong, or asks for what is refused.
    Diagnostics(Vec<Diagnostic>),
    /// It was right but failed while it ran.
    Run(QueryError),
}

/// What a query gives before its rows are read.
pub struct Answer {
    pub tables: Vec<ResultTable>,
    pub warnings: Vec<Diagnostic>,
    /// Kept for as long as rows are read.
    pub _session: Session,
}

impl Answer {
    /// Returns what `render` asked for.
    pub fn visualization(&self) -> Option<Visualization> {
        let render = self.tables.iter().find_map(|table| table.render.as_ref())?;
        Some(Visualization::new(&render.visualization, &render.properties))
    }

    /// Returns the result piece by piece.
    pub fn pieces(self) -> Pieces {
        Pieces { tables: self.tables.into_iter(), stream: None, _session: self._session }
    }
}

/// A result that is read while its query runs.
pub struct Pieces {
    tables: std::vec::IntoIter<ResultTable>,
    /// The rows of the table under way.
    stream: Option<ResultStream>,
    _session: Session,
}

impl Iterator for Pieces {
    type Item = anyhow::Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(stream) = &mut self.stream else {
            let table = self.tables.next()?;
            self.stream = Some(table.stream);
            return Some(Ok(Piece::Table { name: table.name, columns: table.columns }));
        };
        match stream.next_blocking() {
            Some(Ok(batch)) => Some(Ok(Piece::Batch(batch))),
            Some(Err(error)) => Some(Err(show::chain(&error))),
            None => {
                self.stream = None;
                Some(Ok(Piece::EndOfTable))
            }
        }
    }
}

/// Runs queries over one set of tables.
#[derive(Clone)]
pub struct Runner {
    pub engine: Engine,
    pub tables: Arc<Tables>,
    /// Values for `declare query_parameters`.
    pub parameters: Vec<(String, String)>,
    /// What `now()` gives, in ticks; the clock's when `None`.
    pub now: Option<i64>,
}

impl Runner {
    /// Binds and starts a query. Call it where the stack is deep (see [`on_deep_stack`]).
    pub fn start(&self, text: &str, cancel: Cancel) -> Result<Answer, Failure> {
        let (session, bound, warnings) = self.bind(text, cancel)?;
        let tables = futures::executor::block_on(session.run(&bound)).map_err(Failure::Run)?;
        Ok(Answer { tables, warnings, _session: session })
    }

    /// Returns how a query is understood and run: (stage, text), in order.
    pub fn explain(&self, text: &str) -> Result<Vec<(String, String)>, Failure> {
        let (session, bound, _) = self.bind(text, Cancel::default())?;
        let explained = futures::executor::block_on(session.explain(&bound)).map_err(Failure::Run)?;
        Ok(explained.stages)
    }

    /// Returns the errors in a text without running any part of it. Call it where the stack is deep.
    pub fn errors(&self, text: &str) -> Vec<Diagnostic> {
        let environment = Environment {
            catalog: self.tables.as_ref(),
            functions: &*FUNCTIONS,
            host: None,
            now: self.now.unwrap_or_else(|| SystemClock.now_ticks()),
            principal: "",
            parameters: &self.parameters,
        };
        let (_, mut diagnostics) = kql::bind::bind(text, environment);
        // What only a host can do (`toscalar`) is found unsupported without one, and is right all the same.
        diagnostics.retain(|diagnostic| diagnostic.is_error() && diagnostic.kind != Kind::Unsupported);
        diagnostics
    }

    fn bind(&self, text: &str, cancel: Cancel) -> Result<(Session, BoundQuery, Vec<Diagnostic>), Failure> {
        let request = Request {
            principal: std::env::var("USER").unwrap_or_default(),
            database: kql::catalog::Catalog::database(self.tables.as_ref()),
            now: self.now,
            cancel,
            timeout: None,
        };
        let session = self.engine.session(self.tables.clone(), request);
        let environment = Environment {
            catalog: self.tables.as_ref(),
            functions: &*FUNCTIONS,
            host: Some(&session),
            now: session.context().now,
            principal: &session.context().principal,
            parameters: &self.parameters,
        };
        let (bound, diagnostics) = kql::bind::bind(text, environment);
        let Some(bound) = bound else { return Err(Failure::Diagnostics(diagnostics)) };
        Ok((session, bound, diagnostics))
    }
}

/// Stack of a thread that binds queries, whose nesting the text decides.
const STACK_BYTES: usize = 256 << 20;

/// Runs a closure on a thread with a deep stack and waits for it.
///
/// # Errors
/// The panic's text when the closure panics, which is a defect of ours.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("bind".to_string()).stack_size(STACK_BYTES);
        let handle = thread.spawn_scoped(scope, work).map_err(|error| format!("cannot start a thread: {error}"))?;
        handle.join().map_err(|panic| panic_text(panic.as_ref()))
    })
}

/// Returns the text of a panic.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no text").to_string()
}
