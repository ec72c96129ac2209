//! The engine: threads, memory and disk that queries share.

use crate::error::QueryError;
use crate::kernel::RunContext;
use crate::session::{Request, Session};
use crate::table::Tables;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use extents::ColumnCache;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What queries may use. Limits are per query.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Bytes of working memory: sorts, aggregations and joins that need more go to disk, or fail when they cannot.
    pub max_memory: u64,
    /// Bytes of decoded columns of stored tables that all queries share.
    pub cache_memory: u64,
    /// Bytes of temporary files.
    pub max_disk: u64,
    /// Wall-clock time.
    pub timeout: Option<Duration>,
    /// Threads that compute.
    pub threads: usize,
    /// Folder for temporary files; the system's when `None`.
    pub temp_dir: Option<PathBuf>,
    /// MaxMind database for `geo_info_from_ip_address`.
    pub geo_database: Option<PathBuf>,
    /// Rows of one result.
    pub max_result_rows: Option<u64>,
    /// Bytes of one result.
    pub max_result_bytes: Option<u64>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            max_memory: 4 << 30,
            cache_memory: 1 << 30,
            max_disk: 100 << 30,
            timeout: None,
            threads: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            temp_dir: None,
            geo_database: None,
            max_result_rows: None,
            max_result_bytes: None,
        }
    }
}

/// Runs queries. Cheap to clone; the threads stop with the last clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub options: EngineOptions,
    /// Taken out only on drop.
    runtime: Option<tokio::runtime::Runtime>,
    environment: Arc<RuntimeEnv>,
    pub cache: Arc<ColumnCache>,
}

/// Rows of a usual batch.
pub(crate) const BATCH_ROWS: usize = 8192;

/// Returns the part of a limit that operators may not take: the program itself, batches on their way and what the allocator
/// holds are not counted by them, and the process as a whole is to stay within the limit.
fn reserve(max_memory: usize) -> usize {
    (max_memory / 4).min((64 << 20) + max_memory / 16)
}

/// Stack of a thread that computes: plans nest as deep as the query's text does.
const STACK_BYTES: usize = 16 << 20;

impl Engine {
    /// Starts an engine.
    ///
    /// # Errors
    /// When threads or the folder for temporary files cannot be made.
    pub fn new(options: EngineOptions) -> Result<Engine, QueryError> {
        let starting = |text: String| QueryError::internal("starting the engine", text);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.threads.max(1))
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|error| starting(error.to_string()))?;
        let mut builder = RuntimeEnvBuilder::new().with_max_temp_directory_size(options.max_disk);
        if let Some(folder) = &options.temp_dir {
            builder = builder.with_temp_file_path(folder.clone());
        }
        let environment = builder.build_arc().map_err(|error| starting(error.to_string()))?;
        let cache = Arc::new(ColumnCache::new(options.cache_memory));
        Ok(Engine { inner: Arc::new(Inner { options, runtime: Some(runtime), environment, cache }) })
    }

    /// Returns the options in force.
    pub fn options(&self) -> &EngineOptions {
        &self.inner.options
    }

    /// Opens a session: one query, from its binding to its results.
    pub fn session(&self, tables: Arc<Tables>, request: Request) -> Session {
        Session::new(self.clone(), tables, request)
    }

    /// Returns the threads that compute.
    pub(crate) fn handle(&self) -> Result<&tokio::runtime::Handle, QueryError> {
        let stopped = || QueryError::internal("running the query", "the engine has stopped");
        self.inner.runtime.as_ref().map(tokio::runtime::Runtime::handle).ok_or_else(stopped)
    }

    /// Makes the memory of one query, on the disk that all share.
    pub(crate) fn environment(&self) -> Arc<RuntimeEnv> {
        let max_memory = usize::try_from(self.inner.options.max_memory).unwrap_or(usize::MAX);
        let pool = TrackConsumersPool::new(FairSpillPool::new(max_memory - reserve(max_memory)), NonZeroUsize::MIN);
        Arc::new(RuntimeEnv { memory_pool: Arc::new(pool), ..self.inner.environment.as_ref().clone() })
    }

    /// Makes the state in which one query is planned and run.
    pub(crate) fn query_state(&self, environment: &Arc<RuntimeEnv>, run: RunContext) -> SessionState {
        let mut config = SessionConfig::new()
            .with_target_partitions(run.threads)
            .with_batch_size(BATCH_ROWS)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false)
            .with_extension(Arc::new(run));
        let execution = &mut config.options_mut().execution;
        execution.parquet.pushdown_filters = true;
        execution.parquet.reorder_filters = true;
        // Every column may be null as far as plans say; what the optimizer concludes beyond that is of no consequence.
        execution.skip_physical_aggregate_schema_check = true;
        SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(environment.clone())
            // Plans are made with exact types: there is nothing to coerce or to resolve.
            .with_analyzer_rules(vec![])
            .with_physical_optimizer_rules(crate::order::physical_rules())
            .with_query_planner(Arc::new(crate::planner::Planner))
            .build()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Waiting for the threads is not allowed inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
