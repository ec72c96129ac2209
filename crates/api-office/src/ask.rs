//! One query on a thread of its own: bound, run, written down, its rows held whole.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use encode::{Format, Options, Statistics};
use kql::bind::Environment;
use kql_functions::FUNCTIONS;
use query::{QueryError, Request};
use serde_json::Value;
use stdx::Cancel;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::exchange::{Ended, Exchange};
use crate::fault::Fault;
use crate::row::Row;
use crate::service::Service;

/// Stack of a thread that binds queries, as everywhere. Only what is used is taken from memory.
const STACK_BYTES: usize = 256 << 20;
/// The status of a query whose client left, as web servers log it.
const CLIENT_LEFT: u16 = 499;

/// Runs a query of ours over the workspace of a request, and returns its rows once its record is written. Dropping the future stops it.
pub(crate) async fn ask(service: &Arc<Service>, exchange: &Exchange, query: String) -> Result<Vec<Row>, Fault> {
    let place = service.place()?;
    let cancel = Cancel::default();
    let waiting = CancelOnDrop(cancel.clone());
    let (sender, receiver) = oneshot::channel();
    let handle = Handle::current();
    let job = Job { service: service.clone(), exchange: exchange.clone(), query: query.clone(), cancel, place };
    let thread = std::thread::Builder::new().name("query".to_string()).stack_size(STACK_BYTES);
    // Whoever left needs no answer.
    let started = thread.spawn(move || drop(sender.send(job.work(&handle))));
    let done = match started {
        Ok(_) => receiver.await.ok(),
        Err(_) => None,
    };
    drop(waiting);
    match done {
        Some(done) => done,
        None => {
            let ended = Ended { status: 500, failure: Some(Fault::Internal.to_string()), ..Ended::default() };
            service.record(exchange.record(&query, &ended)).await?;
            Err(Fault::Internal)
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

struct Job {
    service: Arc<Service>,
    exchange: Exchange,
    query: String,
    cancel: Cancel,
    place: OwnedSemaphorePermit,
}

impl Job {
    fn work(self, handle: &Handle) -> Result<Vec<Row>, Fault> {
        let mut ended = Ended { status: 200, ..Ended::default() };
        let made = catch_unwind(AssertUnwindSafe(|| self.rows(&mut ended))).unwrap_or(Err(Fault::Internal));
        if let Err(fault) = &made {
            let status = if self.cancel.is_cancelled() { CLIENT_LEFT } else { 500 };
            ended = Ended { status, failure: Some(stdx::error_chain(fault)), ..ended };
        }
        let recorded = handle.block_on(self.service.record(self.exchange.record(&self.query, &ended)));
        drop(self.place);
        recorded.and(made)
    }

    fn rows(&self, ended: &mut Ended) -> Result<Vec<Row>, Fault> {
        let api = &self.service.api;
        let workspace = &self.exchange.workspace;
        let mut tables = api.databases.tables(workspace, &self.query).map_err(Fault::Database)?;
        tables.set_database(workspace);
        let tables = Arc::new(tables);
        let request = Request {
            principal: self.exchange.principal.as_ref().map(|who| who.name.clone()).unwrap_or_default(),
            database: workspace.clone(),
            now: Some(api.clock.now_ticks()),
            cancel: self.cancel.clone(),
            timeout: Some(api.limits.query_timeout),
        };
        let session = api.engine.session(tables.clone(), request);
        let environment = Environment {
            catalog: &*tables,
            functions: &*FUNCTIONS,
            host: Some(&session),
            now: session.context().now,
            principal: &session.context().principal,
            parameters: &[],
        };
        let (bound, findings) = kql::bind::bind(&self.query, environment);
        let wrong = || {
            let said = findings.iter().find(|finding| finding.is_error()).map(|finding| finding.message.clone());
            Fault::Query(QueryError::Read(said.unwrap_or_else(|| "the table cannot be asked".to_string())))
        };
        let bound = bound.ok_or_else(wrong)?;
        let results = futures::executor::block_on(session.run(&bound)).map_err(Fault::Query)?;
        let mut rows = Vec::new();
        for mut table in results {
            let buffer = Buffer::default();
            let mut encoder = encode::encoder(Format::JsonLines, &Options::default(), Box::new(buffer.clone()));
            encoder.begin_table(&table.name, &table.columns).map_err(|_| Fault::Internal)?;
            let progress = table.stream.progress();
            while let Some(batch) = table.stream.next_blocking() {
                encoder.batch(&batch.map_err(Fault::Query)?).map_err(|_| Fault::Internal)?;
                if buffer.len() > api.limits.bytes_max {
                    return Err(Fault::TooMuch { max: api.limits.bytes_max });
                }
            }
            encoder.end_table().and_then(|()| encoder.finish(&Statistics::default())).map_err(|_| Fault::Internal)?;
            drop(encoder);
            ended.scanned_bytes = Some(ended.scanned_bytes.unwrap_or(0) + progress.scanned().1);
            for line in buffer.take().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                match serde_json::from_slice(line) {
                    Ok(Value::Object(columns)) => rows.push(Row(columns)),
                    _ => return Err(Fault::Internal),
                }
            }
        }
        ended.rows = Some(rows.len() as u64);
        Ok(rows)
    }
}

/// What the encoder writes to.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
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
