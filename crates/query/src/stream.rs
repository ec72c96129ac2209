//! A result as a stream of batches: run by the engine's threads, within limits, until it is dropped.

use crate::engine::Engine;
use crate::error::QueryError;
use crate::session::result_layout;
use arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::{Stream, StreamExt};
use kql::plan::Field;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use stdx::Cancel;
use tokio::sync::mpsc;

/// Batches that may wait for their reader.
const WAITING_BATCHES: usize = 2;
/// How often a query that gives nothing looks whether it should stop.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Limits of one result.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub cancel: Cancel,
    pub deadline: Option<Instant>,
    pub timeout: Option<Duration>,
    pub max_memory: u64,
    pub max_rows: Option<u64>,
    pub max_bytes: Option<u64>,
}

impl Limits {
    /// Returns the error of a query that must stop now.
    pub fn check(&self) -> Result<(), QueryError> {
        if self.cancel.is_cancelled() {
            return Err(QueryError::Cancelled);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(QueryError::Timeout { seconds: self.timeout.unwrap_or_default().as_secs_f64() });
        }
        Ok(())
    }
}

/// A planned result, ready to run.
pub(crate) struct Run {
    pub plan: Arc<dyn ExecutionPlan>,
    pub task: Arc<TaskContext>,
    pub columns: Vec<Field>,
    pub limits: Limits,
}

/// A result's batches. Dropping it stops the query.
pub struct ResultStream {
    state: State,
    progress: Progress,
}

enum State {
    Ready(Engine, Box<Run>),
    Running {
        batches: mpsc::Receiver<Result<RecordBatch, QueryError>>,
        task: tokio::task::JoinHandle<()>,
        _engine: Engine,
    },
    Done,
}

/// What a running query has read so far.
#[derive(Clone)]
pub struct Progress {
    plan: Arc<dyn ExecutionPlan>,
}

impl Progress {
    /// Returns the rows and the bytes read from tables so far.
    pub fn scanned(&self) -> (u64, u64) {
        let (mut rows, mut bytes) = (0, 0);
        let mut plans = vec![self.plan.clone()];
        while let Some(plan) = plans.pop() {
            let children = plan.children();
            if children.is_empty()
                && let Some(metrics) = plan.metrics()
            {
                rows += metrics.output_rows().unwrap_or(0) as u64;
                bytes += metrics.sum_by_name("bytes_scanned").map_or(0, |value| value.as_usize()) as u64;
            }
            plans.extend(children.into_iter().cloned());
        }
        (rows, bytes)
    }
}

impl Progress {
    /// Returns the processor time that the parts of the plan have taken so far, in seconds, as far as they count it.
    pub fn cpu_seconds(&self) -> f64 {
        let mut nanos = 0_u64;
        let mut plans = vec![self.plan.clone()];
        while let Some(plan) = plans.pop() {
            let spent = plan.metrics().and_then(|metrics| metrics.elapsed_compute()).unwrap_or(0);
            nanos = nanos.saturating_add(spent as u64);
            plans.extend(plan.children().into_iter().cloned());
        }
        nanos as f64 / 1e9
    }
}

impl ResultStream {
    pub(crate) fn new(engine: Engine, run: Run) -> ResultStream {
        let progress = Progress { plan: run.plan.clone() };
        ResultStream { state: State::Ready(engine, Box::new(run)), progress }
    }

    /// Returns a view of what has been read so far.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Returns the next batch; for callers outside of any async runtime.
    ///
    /// # Errors
    /// When the query fails; nothing follows.
    pub fn next_blocking(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        futures::executor::block_on(self.next())
    }

    /// Reads the whole result.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn collect_batches(mut self) -> Result<Vec<RecordBatch>, QueryError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }

    fn start(&mut self) -> Result<(), QueryError> {
        let State::Ready(engine, run) = std::mem::replace(&mut self.state, State::Done) else {
            return Ok(());
        };
        let (sender, batches) = mpsc::channel(WAITING_BATCHES);
        let task = engine.handle()?.spawn(drive(*run, sender));
        self.state = State::Running { batches, task, _engine: engine };
        Ok(())
    }
}

impl Stream for ResultStream {
    type Item = Result<RecordBatch, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if matches!(self.state, State::Ready(..))
            && let Err(error) = self.start()
        {
            return Poll::Ready(Some(Err(error)));
        }
        let State::Running { batches, .. } = &mut self.state else { return Poll::Ready(None) };
        let next = futures::ready!(batches.poll_recv(cx));
        if !matches!(next, Some(Ok(_))) {
            self.state = State::Done;
        }
        Poll::Ready(next)
    }
}

impl Drop for ResultStream {
    fn drop(&mut self) {
        if let State::Running { task, .. } = &self.state {
            task.abort();
        }
    }
}

/// Runs a plan and sends what it gives, or the error that ended it.
async fn drive(run: Run, sender: mpsc::Sender<Result<RecordBatch, QueryError>>) {
    // A panic is ours to answer for, but the reader must hear of it.
    let outcome = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(send_all(&run, &sender))).await;
    let error = match outcome {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(_) => QueryError::internal("running the query", "a function panicked"),
    };
    // The reader may have gone; then nobody is left to tell.
    let _ = sender.send(Err(error)).await;
}

async fn send_all(run: &Run, sender: &mpsc::Sender<Result<RecordBatch, QueryError>>) -> Result<(), QueryError> {
    let limits = &run.limits;
    let failed = |error| QueryError::from_engine(error, "running the query", limits.max_memory);
    limits.check()?;
    let (schema, positions) = result_layout(&run.columns, &run.plan.schema())?;
    let mut stream = execute_stream(run.plan.clone(), run.task.clone()).map_err(failed)?;
    let (mut rows, mut bytes) = (0_u64, 0_u64);
    loop {
        let Ok(next) = tokio::time::timeout(LOOK_EVERY, stream.next()).await else {
            limits.check()?;
            continue;
        };
        limits.check()?;
        let Some(batch) = next else { return Ok(()) };
        let batch = batch.map_err(failed)?;
        rows += batch.num_rows() as u64;
        bytes += batch.get_array_memory_size() as u64;
        if let Some(max) = limits.max_rows.filter(|max| rows > *max) {
            return Err(QueryError::TooManyRows { max });
        }
        if let Some(max_bytes) = limits.max_bytes.filter(|max| bytes > *max) {
            return Err(QueryError::TooManyBytes { max_bytes });
        }
        if batch.num_rows() == 0 {
            continue;
        }
        let columns = positions.iter().map(|i| batch.column(*i).clone()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)
            .map_err(|error| QueryError::internal("reading the result", error.to_string()))?;
        if sender.send(Ok(batch)).await.is_err() {
            return Ok(());
        }
    }
}
