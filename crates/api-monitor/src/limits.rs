//! What requests may use.

use listeners::http::BodyLimits;
use std::time::Duration;

/// Limits of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    pub body: BodyLimits,
    /// Queries that run at the same time; a further one is answered 429.
    pub queries_max: usize,
    /// Requests of one token in [`Limits::rate_window`]; a further one is answered 429, with the time to wait.
    pub requests_per_window: u32,
    pub rate_window: Duration,
    /// How long a query may run that does not say so itself.
    pub query_timeout: Duration,
    /// How long a query may ask to run.
    pub query_timeout_max: Duration,
    /// Rows of an answer.
    pub rows_max: u64,
    /// Bytes of an answer, and of all answers of a batch together.
    pub bytes_max: u64,
    /// Workspaces that one query reads.
    pub workspaces_max: usize,
    /// Queries of one batch.
    pub batch_max: usize,
}

impl Default for Limits {
    /// Azure Monitor's own limits, where it has them: 200 requests in 30 seconds, 3 minutes and at most 10, 500 000 rows, 64 MB, 100
    /// workspaces.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Limits {
            body: BodyLimits { bytes_max: 4 << 20, timeout: Duration::from_secs(30) },
            queries_max: threads * 10,
            requests_per_window: 200,
            rate_window: Duration::from_secs(30),
            query_timeout: Duration::from_secs(3 * 60),
            query_timeout_max: Duration::from_secs(10 * 60),
            rows_max: 500_000,
            bytes_max: 64_000_000,
            workspaces_max: 100,
            batch_max: 100,
        }
    }
}
