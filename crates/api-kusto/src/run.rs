//! One query on a thread of its own: bound, run, encoded, written down.

use crate::described;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::outlet::{Gone, Outlet};
use crate::properties::Properties;
use crate::question::Question;
use crate::running::{QueryState, QueryTicket};
use crate::service::Service;
use audit::QueryRecord;
use encode::{EncodeError, Encoder, Format, RequestIds, Statistics, Visualization};
use kql::bind::Environment;
use kql::plan::BoundQuery;
use kql_functions::FUNCTIONS;
use query::{QueryError, Request, ResultTable, Session, Tables};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use stdx::Cancel;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// Stack of a thread that binds queries, whose nesting the text decides. Only what is used is taken from memory.
const STACK_BYTES: usize = 256 << 20;
/// Rows that are encoded at a time: it bounds what is written beyond a limit.
const ROWS_AT_A_TIME: usize = 1024;
/// The status of a query whose client left, as web servers log it.
const CLIENT_LEFT: u16 = 499;

/// A query with all that is needed to run it.
pub(crate) struct Job {
    pub service: Arc<Service>,
    pub exchange: Exchange,
    pub question: Question,
    pub format: Format,
    pub cancel: Cancel,
    /// Its place on the list of queries.
    pub ticket: QueryTicket,
    pub outlet: Outlet,
    pub handle: Handle,
    /// Its place among the queries that may run at once.
    pub place: OwnedSemaphorePermit,
}

/// How a query ended, once it had a result.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub status: u16,
    pub rows: u64,
    pub scanned_bytes: u64,
    scanned_rows: u64,
    /// Bytes of its rows as they were encoded.
    bytes: u64,
    cpu_seconds: f64,
    /// Why the result is not whole.
    pub failure: Option<String>,
}

/// Why an answer's making stopped.
enum Stop {
    /// Nothing was encoded yet: the answer is the error.
    Refused(ApiError),
    /// Something was encoded: the error goes among the rows.
    Failed(ApiError),
    /// The client left.
    Gone,
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Stop {
        Stop::Gone
    }
}

/// Starts a query's thread. What becomes of it comes by way of the job's outlet.
///
/// # Errors
/// When no thread can be made.
pub(crate) fn start(job: Job) -> Result<(), ApiError> {
    let thread = std::thread::Builder::new().name("kusto".to_string()).stack_size(STACK_BYTES);
    thread.spawn(move || run(job)).map(|_| ()).map_err(|_| ApiError::Internal)
}

fn run(job: Job) {
    let Job { service, exchange, question, format, cancel, mut ticket, mut outlet, handle, place } = job;
    let mut ended = Ended { status: 200, ..Ended::default() };
    let work = Work {
        service: &service,
        exchange: &exchange,
        question: &question,
        cancel: &cancel,
        ticket: &ticket,
        handle: &handle,
    };
    let made = catch_unwind(AssertUnwindSafe(|| work.answer(format, &mut outlet, &mut ended)));
    let stop = match made {
        Ok(Ok(())) => None,
        Ok(Err(stop)) => Some(stop),
        Err(_) if outlet.holds_all() => Some(Stop::Refused(ApiError::Internal)),
        // Dropping the outlet cuts the answer off.
        Err(_) => {
            ended.failure = Some(ApiError::Internal.to_string());
            Some(Stop::Gone)
        }
    };
    // A query that somebody stopped has a client that waits for word of it.
    let stop = match (stop, ticket.cancelled()) {
        (Some(_), Some(reason)) if outlet.holds_all() => Some(Stop::Refused(ApiError::Cancelled { reason })),
        (stop, _) => stop,
    };
    let state = match (&stop, &ended.failure) {
        (None, None) => (QueryState::Completed, None),
        (None, Some(failure)) => (QueryState::Failed, Some(failure.clone())),
        (Some(Stop::Refused(error) | Stop::Failed(error)), _) => (QueryState::Failed, Some(error.to_string())),
        (Some(Stop::Gone), _) => (QueryState::Abandoned, Some("the client left".to_string())),
    };
    match stop {
        // The record is written already.
        None => drop(outlet.finish()),
        Some(Stop::Refused(error)) if !cancel.is_cancelled() || matches!(error, ApiError::Cancelled { .. }) => {
            let written = work.record(exchange.record(&error));
            outlet.refuse(written.err().unwrap_or(error));
        }
        Some(_) => {
            ended.status = CLIENT_LEFT;
            ended.failure.get_or_insert_with(|| "the client left".to_string());
            // Nobody is left to be told that this failed.
            let _ = work.record(exchange.ended_record(&ended));
        }
    }
    ticket.progress((ended.rows, ended.bytes), (ended.scanned_rows, ended.scanned_bytes));
    ticket.end(state.0, state.1);
    drop(ticket);
    drop(place);
}

/// What the steps of a query share.
struct Work<'a> {
    service: &'a Arc<Service>,
    exchange: &'a Exchange,
    question: &'a Question,
    cancel: &'a Cancel,
    ticket: &'a QueryTicket,
    handle: &'a Handle,
}

impl Work<'_> {
    /// Makes the answer, and writes its record before the last of it, or all of it where it is short, may leave.
    fn answer(&self, format: Format, outlet: &mut Outlet, ended: &mut Ended) -> Result<(), Stop> {
        let begun = Instant::now();
        let mut prepared = self.prepare().map_err(Stop::Refused)?;
        let options = encode::Options {
            frames: prepared.properties.frames,
            visualization: prepared.visualization(),
            request: RequestIds {
                client_request_id: self.exchange.client_request_id.clone(),
                activity_id: self.exchange.activity_id.clone(),
            },
            ..encode::Options::default()
        };
        // The first rows are asked for before the first byte is written: what fails at once is an error, not a result.
        let runs = !(prepared.properties.schema_only || prepared.properties.validates);
        let first =
            prepared.tables.first_mut().filter(|_| runs).and_then(|table| table.stream.next_blocking()).transpose();
        let first = first.map_err(|error| Stop::Refused(ApiError::Query(error)))?;
        let mut encoder = encode::encoder(format, &options, Box::new(outlet.buffer()));
        let made = self.rows(&mut prepared, first, encoder.as_mut(), outlet, ended);
        let failure = match made {
            Ok(()) => None,
            Err(Stop::Failed(error)) if !self.cancel.is_cancelled() => Some(error),
            Err(stop) => match self.ticket.cancelled() {
                Some(reason) if !outlet.holds_all() => Some(ApiError::Cancelled { reason }),
                _ => return Err(stop),
            },
        };
        ended.failure = failure.as_ref().map(ToString::to_string);
        let failure = match self.record(self.exchange.ended_record(ended)) {
            Ok(()) => failure,
            Err(unwritten) if outlet.holds_all() => return Err(Stop::Refused(unwritten)),
            Err(unwritten) => Some(unwritten),
        };
        let statistics = self.statistics(begun, ended);
        let written = match failure {
            None => encoder.finish(&statistics),
            Some(error) if error.is_truncation() && prepared.properties.defers_truncation => {
                let truncated = Some(error.message());
                encoder.end_table().and_then(|()| encoder.finish(&Statistics { truncated, ..statistics }))
            }
            Some(error) => encoder.fail(error.code(), &error.message()).map(|_| ()),
        };
        written.map_err(|_| Stop::Refused(ApiError::Internal))
    }

    /// Binds the query and begins to run it.
    fn prepare(&self) -> Result<Prepared, ApiError> {
        let api = &self.service.api;
        let mut tables =
            api.databases.tables(&self.question.database, &self.question.query).map_err(ApiError::Database)?;
        tables.set_database(&self.question.database);
        if let Some(range) = self.question.properties.time_range() {
            tables.set_time_range(&range);
        }
        let tables = Arc::new(tables);
        let mut properties = self.question.properties.clone();
        let request = Request {
            principal: self.exchange.principal.as_ref().map(|principal| principal.name.clone()).unwrap_or_default(),
            database: self.question.database.clone(),
            now: Some(properties.now.unwrap_or_else(|| api.clock.now_ticks())),
            cancel: self.cancel.clone(),
            timeout: Some(properties.timeout(&api.limits)),
        };
        let (begun, timeout) = (Instant::now(), properties.timeout(&api.limits));
        let session = api.engine.session(tables.clone(), request);
        let bound = self.bind(&session, &tables, &properties).map_err(|error| match error {
            // A part that ran early and was stopped is reported as a finding.
            ApiError::Wrong { .. } if self.cancel.is_cancelled() => ApiError::Query(QueryError::Cancelled),
            ApiError::Wrong { .. } if begun.elapsed() >= timeout => {
                ApiError::Query(QueryError::Timeout { seconds: timeout.as_secs_f64() })
            }
            error => error,
        })?;
        properties.set_by_query(&bound.options)?;
        let results = futures::executor::block_on(session.run(&bound)).map_err(ApiError::Query)?;
        Ok(Prepared { tables: results, properties, _session: session })
    }

    fn bind(&self, session: &Session, tables: &Tables, properties: &Properties) -> Result<BoundQuery, ApiError> {
        let environment = Environment {
            catalog: tables,
            functions: &*FUNCTIONS,
            host: Some(session),
            now: session.context().now,
            principal: &session.context().principal,
            parameters: &properties.parameters,
        };
        let text = &self.question.query;
        let (bound, findings) = kql::bind::bind(text, environment);
        bound.ok_or_else(|| ApiError::Wrong { text: text.clone(), findings })
    }

    /// Encodes all tables.
    fn rows(
        &self,
        prepared: &mut Prepared,
        mut first: Option<arrow::array::RecordBatch>,
        encoder: &mut dyn Encoder,
        outlet: &mut Outlet,
        ended: &mut Ended,
    ) -> Result<(), Stop> {
        let limits = &self.service.api.limits;
        let (rows_max, bytes_max) = (prepared.properties.rows_max(limits), prepared.properties.bytes_max(limits));
        let take_max = prepared.properties.take_max.unwrap_or(u64::MAX);
        if prepared.properties.schema_only || prepared.properties.validates {
            return self.instead_of_rows(prepared, encoder, ended);
        }
        for table in &mut prepared.tables {
            encoder.begin_table(&table.name, &table.columns).map_err(encoding)?;
            let mut table_rows = 0_u64;
            let progress = table.stream.progress();
            let before = (ended.scanned_rows, ended.scanned_bytes);
            while table_rows < take_max {
                let batch = match first.take() {
                    Some(batch) => Some(batch),
                    None => table.stream.next_blocking().transpose().map_err(|e| Stop::Failed(ApiError::Query(e)))?,
                };
                let scanned = progress.scanned();
                (ended.scanned_rows, ended.scanned_bytes) = (before.0 + scanned.0, before.1 + scanned.1);
                self.ticket.progress((ended.rows, ended.bytes), (ended.scanned_rows, ended.scanned_bytes));
                let Some(batch) = batch else { break };
                let mut at = 0;
                while at < batch.num_rows() && table_rows < take_max {
                    let room = (rows_max - ended.rows).min(take_max - table_rows);
                    let n_rows =
                        (batch.num_rows() - at).min(ROWS_AT_A_TIME).min(usize::try_from(room).unwrap_or(usize::MAX));
                    if n_rows == 0 {
                        return Err(Stop::Failed(ApiError::TooManyRows { max: rows_max }));
                    }
                    let before = outlet.buffer().len();
                    encoder.batch(&batch.slice(at, n_rows)).map_err(encoding)?;
                    at += n_rows;
                    table_rows += n_rows as u64;
                    ended.rows += n_rows as u64;
                    ended.bytes += outlet.buffer().len().saturating_sub(before) as u64;
                    if ended.bytes > bytes_max {
                        return Err(Stop::Failed(ApiError::TooManyBytes { max: bytes_max }));
                    }
                    if outlet.is_full() {
                        self.record(self.exchange.begun_record()).map_err(Stop::Refused)?;
                        outlet.begin()?;
                    }
                    outlet.pass()?;
                }
            }
            ended.cpu_seconds += progress.cpu_seconds();
            encoder.end_table().map_err(encoding)?;
        }
        Ok(())
    }

    /// Encodes what is asked for in place of the results: their columns, or that the query may run.
    fn instead_of_rows(&self, prepared: &Prepared, encoder: &mut dyn Encoder, ended: &mut Ended) -> Result<(), Stop> {
        let internal = |_| Stop::Failed(ApiError::Internal);
        let tables = match prepared.properties.validates {
            true => vec![("PrimaryResult".to_string(), described::permission().map_err(internal)?)],
            false => {
                let described = |table: &ResultTable| Ok((table.name.clone(), described::columns(&table.columns)?));
                prepared.tables.iter().map(described).collect::<Result<_, _>>().map_err(internal)?
            }
        };
        for (name, (columns, batch)) in tables {
            encoder.begin_table(&name, &columns).map_err(encoding)?;
            encoder.batch(&batch).map_err(encoding)?;
            encoder.end_table().map_err(encoding)?;
            ended.rows += batch.num_rows() as u64;
        }
        Ok(())
    }

    /// Writes a record and waits for it.
    fn record(&self, record: QueryRecord) -> Result<(), ApiError> {
        self.handle.block_on(self.service.record(record))
    }

    fn statistics(&self, begun: Instant, ended: &Ended) -> Statistics {
        Statistics {
            ended: self.service.api.clock.now_ticks(),
            seconds: begun.elapsed().as_secs_f64(),
            cpu_seconds: ended.cpu_seconds,
            rows_scanned: ended.scanned_rows,
            rows_total: ended.scanned_rows,
            ..Statistics::default()
        }
    }
}

/// A fault of an encoder that writes to memory: ours.
fn encoding(_: EncodeError) -> Stop {
    Stop::Failed(ApiError::Internal)
}

/// A query that has begun to run.
struct Prepared {
    tables: Vec<ResultTable>,
    properties: Properties,
    /// Kept for as long as rows are read.
    _session: Session,
}

impl Prepared {
    /// Returns what `render` asked for.
    fn visualization(&self) -> Option<Visualization> {
        let render = self.tables.iter().find_map(|table| table.render.as_ref())?;
        Some(Visualization::new(&render.visualization, &render.properties))
    }
}
