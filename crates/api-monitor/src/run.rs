//! One query on a thread of its own: bound, run, encoded, written down.
//!
//! An answer is held whole, within [`crate::Limits::bytes_max`], and leaves when its records are written.

use crate::error::ApiError;
use crate::exchange::{Ended, Exchange};
use crate::question::Question;
use crate::service::Service;
use crate::sources::Sources;
use encode::{DataSource, EncodeError, Encoder, Format, MonitorExtras, Statistics, Visualization};
use kql::bind::Environment;
use kql::catalog::RowScope;
use kql::plan::{BoundQuery, Node, Plan};
use kql_functions::FUNCTIONS;
use query::{QueryError, Request, ResultTable, Session, Tables};
use schema::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use stdx::Cancel;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Stack of a thread that binds queries, whose nesting the text decides. Only what is used is taken from memory.
const STACK_BYTES: usize = 256 << 20;
/// Rows that are encoded at a time: it bounds what is written beyond a limit.
const ROWS_AT_A_TIME: usize = 1024;
/// The status of a query whose client left, as web servers log it.
const CLIENT_LEFT: u16 = 499;
/// Kusto's number for a query that ran out of what it may use: 0x80DA0007, signed.
const LOW_MEMORY: &str = "-2133196793";

/// A query with all that is needed to run it.
pub(crate) struct Job {
    pub service: Arc<Service>,
    pub exchange: Exchange,
    pub question: Question,
    /// Only rows about this resource are seen.
    pub resource: Option<String>,
    /// Bytes of the answer at most.
    pub bytes_max: u64,
    pub cancel: Cancel,
    pub place: OwnedSemaphorePermit,
}

/// Runs a query and returns its answer, once its records are written. Dropping the future stops it.
pub(crate) async fn run(job: Job) -> Result<Vec<u8>, ApiError> {
    let (sender, receiver) = oneshot::channel();
    let waiting = CancelOnDrop(job.cancel.clone());
    let handle = Handle::current();
    let (service, exchange) = (job.service.clone(), job.exchange.clone());
    let thread = std::thread::Builder::new().name("query".to_string()).stack_size(STACK_BYTES);
    // Whoever left needs no answer.
    let started = thread.spawn(move || drop(sender.send(work(job, &handle))));
    let done = match started {
        Ok(_) => receiver.await.ok(),
        Err(_) => None,
    };
    drop(waiting);
    match done {
        Some(done) => done,
        None => {
            service.record(exchange.refused(&ApiError::Internal)).await?;
            Err(ApiError::Internal)
        }
    }
}

/// Stops a query when whoever waits for it stops waiting.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn work(mut job: Job, handle: &Handle) -> Result<Vec<u8>, ApiError> {
    let mut ended = Ended { status: 200, ..Ended::default() };
    let made = catch_unwind(AssertUnwindSafe(|| answer(&mut job, &mut ended)));
    let made = made.unwrap_or(Err(ApiError::Internal));
    if job.cancel.is_cancelled() {
        ended.status = CLIENT_LEFT;
        ended.failure = Some("the client left".to_string());
        // Nobody is left to be told that this failed.
        let _ = handle.block_on(job.service.record(job.exchange.ended(&ended)));
        drop(job.place);
        return Err(ApiError::Query(QueryError::Cancelled));
    }
    let records = match &made {
        Ok(_) => job.exchange.ended(&ended),
        Err(error) => job.exchange.refused(error),
    };
    let recorded = handle.block_on(job.service.record(records));
    drop(job.place);
    recorded.and(made)
}

/// Makes the answer, and notes how the query ended and which workspaces it read.
fn answer(job: &mut Job, ended: &mut Ended) -> Result<Vec<u8>, ApiError> {
    let begun = Instant::now();
    let api = &job.service.api;
    let timeout = job.question.prefer.wait.unwrap_or(api.limits.query_timeout).min(api.limits.query_timeout_max);
    let principal = job.exchange.principal.clone().ok_or(ApiError::Internal)?;
    let sources = Sources {
        databases: &api.databases,
        directory: &api.directory,
        principal: &principal,
        workspaces_max: api.limits.workspaces_max,
    };
    let timespan = job.question.timespan;
    let scope = RowScope {
        from: timespan.map(|span| span.from),
        to: timespan.map(|span| span.to),
        resource: job.resource.clone(),
    };
    let tables = Arc::new(sources.tables(&job.exchange.workspaces, &job.question.query, scope)?);
    let request = Request {
        principal: principal.name.clone(),
        database: job.exchange.workspaces.first().cloned().unwrap_or_default(),
        now: Some(api.clock.now_ticks()),
        cancel: job.cancel.clone(),
        timeout: Some(timeout),
    };
    let session = api.engine.session(tables.clone(), request);
    let bound = bind(&job.question.query, &session, &tables);
    for other in tables.others_read() {
        if !job.exchange.workspaces.contains(&other) {
            job.exchange.workspaces.push(other);
        }
    }
    let bound = bound.map_err(|error| match error {
        // A part that ran early and was stopped is reported as a finding.
        ApiError::Wrong { .. } if begun.elapsed() >= timeout => timed_out(timeout),
        error => error,
    })?;
    let limits = Limits::of(&bound, api.limits.rows_max, job.bytes_max)?;
    let extras = MonitorExtras {
        with_statistics: job.question.prefer.statistics,
        with_render: job.question.prefer.render,
        data_sources: job.question.prefer.data_sources.then(|| data_sources(&bound, job)),
    };
    let mut results = futures::executor::block_on(session.run(&bound)).map_err(ApiError::Query)?;
    let visualization = results.iter().find_map(|table| table.render.as_ref());
    let visualization = visualization.map(|render| Visualization::new(&render.visualization, &render.properties));
    let buffer = Buffer::default();
    let options = encode::Options { visualization, monitor: extras, ..encode::Options::default() };
    let mut encoder = encode::encoder(Format::Monitor, &options, Box::new(buffer.clone()));
    let made = rows(&mut results, &limits, encoder.as_mut(), &buffer, ended);
    let statistics = Statistics {
        ended: api.clock.now_ticks(),
        seconds: begun.elapsed().as_secs_f64(),
        rows_scanned: ended.scanned_rows,
        rows_total: ended.scanned_rows,
        ..Statistics::default()
    };
    match made {
        Ok(()) => encoder.finish(&statistics).map_err(|_| ApiError::Internal)?,
        Err(Stop::Truncated(message)) => {
            ended.failure = Some(message.clone());
            let truncated = Some(message);
            let finished = encoder.end_table().and_then(|()| encoder.finish(&Statistics { truncated, ..statistics }));
            finished.map_err(|_| ApiError::Internal)?;
        }
        // Rows that were made are right as far as they go.
        Err(Stop::Failed(error)) if ended.rows > 0 && is_limit(&error) => {
            ended.failure = Some(error.to_string());
            encoder.fail(LOW_MEMORY, &error.to_string()).map_err(|_| ApiError::Internal)?;
        }
        Err(Stop::Failed(error)) => return Err(ApiError::Query(error)),
        Err(Stop::Unencoded) => return Err(ApiError::Internal),
    }
    drop(encoder);
    Ok(buffer.take())
}

fn timed_out(timeout: Duration) -> ApiError {
    ApiError::Query(QueryError::Timeout { seconds: timeout.as_secs_f64() })
}

fn is_limit(error: &QueryError) -> bool {
    matches!(error, QueryError::MemoryExceeded { .. } | QueryError::DiskExceeded | QueryError::Limit { .. })
}

fn bind(text: &str, session: &Session, tables: &Tables) -> Result<BoundQuery, ApiError> {
    let environment = Environment {
        catalog: tables,
        functions: &*FUNCTIONS,
        host: Some(session),
        now: session.context().now,
        principal: &session.context().principal,
        parameters: &[],
    };
    let (bound, findings) = kql::bind::bind(text, environment);
    bound.ok_or_else(|| ApiError::Wrong { text: text.to_string(), findings })
}

/// How much of a result is given: what the service gives, or less if the query says so itself.
struct Limits {
    rows_max: u64,
    bytes_max: u64,
    /// Rows of each table, which are no limit but what is asked for.
    take_max: u64,
}

impl Limits {
    fn of(bound: &BoundQuery, rows_max: u64, bytes_max: u64) -> Result<Limits, ApiError> {
        let mut limits = Limits { rows_max, bytes_max, take_max: u64::MAX };
        for (name, value) in &bound.options {
            let limit = match name.as_str() {
                "truncationmaxrecords" => &mut limits.rows_max,
                "truncationmaxsize" => &mut limits.bytes_max,
                "query_take_max_records" => &mut limits.take_max,
                _ => continue,
            };
            let number = match value {
                Value::Long(n) => u64::try_from(*n).ok(),
                Value::Int(n) => u64::try_from(*n).ok(),
                _ => None,
            };
            let number = number.ok_or_else(|| ApiError::Malformed(format!("`set {name}` needs a whole number")))?;
            *limit = number.min(*limit);
        }
        Ok(limits)
    }
}

/// Why not all rows are in the answer.
enum Stop {
    Truncated(String),
    Failed(QueryError),
    /// A fault of an encoder that writes to memory: ours.
    Unencoded,
}

impl From<EncodeError> for Stop {
    fn from(_: EncodeError) -> Stop {
        Stop::Unencoded
    }
}

/// Encodes all tables.
fn rows(
    results: &mut [ResultTable],
    limits: &Limits,
    encoder: &mut dyn Encoder,
    buffer: &Buffer,
    ended: &mut Ended,
) -> Result<(), Stop> {
    for table in results {
        encoder.begin_table(&table.name, &table.columns)?;
        let mut table_rows = 0_u64;
        let progress = table.stream.progress();
        let before = (ended.scanned_rows, ended.scanned_bytes);
        while table_rows < limits.take_max {
            let batch = table.stream.next_blocking().transpose().map_err(Stop::Failed)?;
            let scanned = progress.scanned();
            (ended.scanned_rows, ended.scanned_bytes) = (before.0 + scanned.0, before.1 + scanned.1);
            let Some(batch) = batch else { break };
            let mut at = 0;
            while at < batch.num_rows() && table_rows < limits.take_max {
                let room = limits.rows_max.saturating_sub(ended.rows).min(limits.take_max - table_rows);
                let n_rows =
                    (batch.num_rows() - at).min(ROWS_AT_A_TIME).min(usize::try_from(room).unwrap_or(usize::MAX));
                if n_rows == 0 {
                    let max = limits.rows_max;
                    let why = "E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003";
                    return Err(Stop::Truncated(format!(
                        "the result has more than {max} rows, of which these are some ({why})"
                    )));
                }
                encoder.batch(&batch.slice(at, n_rows))?;
                at += n_rows;
                table_rows += n_rows as u64;
                ended.rows += n_rows as u64;
                if buffer.len() > limits.bytes_max {
                    let max = limits.bytes_max;
                    let why = "E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003";
                    return Err(Stop::Truncated(format!(
                        "the result has more than {max} bytes, and ends here ({why})"
                    )));
                }
            }
        }
        encoder.end_table()?;
    }
    Ok(())
}

/// Returns the tables that a query reads, by workspace.
fn data_sources(bound: &BoundQuery, job: &Job) -> Vec<DataSource> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let own = job.exchange.workspaces.first().cloned().unwrap_or_default();
    let mut plans: Vec<&Plan> = bound.results.iter().map(|result| &result.plan).collect();
    while let Some(plan) = plans.pop() {
        if let Node::Table { table, .. } = &plan.node {
            let (workspace, table) = query::split_name(table).unwrap_or((&own, table));
            found.entry(workspace.to_string()).or_default().insert(table.to_string());
        }
        plans.extend(plan.inputs());
    }
    let directory = &job.service.api.directory;
    let source = |(workspace, tables): (String, BTreeSet<String>)| {
        let name = directory.find(&workspace).unwrap_or(workspace);
        DataSource { resource_id: directory.resource_id(&name), tables: tables.into_iter().collect() }
    };
    found.into_iter().map(source).collect()
}

/// What the encoder writes to.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn len(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
