//! What requests may use.

use listeners::http::BodyLimits;
use std::time::Duration;

/// Limits of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    pub body: BodyLimits,
    /// Queries that run at the same time; a further one is told to come again.
    pub queries_max: usize,
    /// Requests of one token about one workspace in [`Limits::rate_window`].
    pub requests_per_window: u32,
    pub rate_window: Duration,
    /// How long one query may run.
    pub query_timeout: Duration,
    /// Bytes of the rows that are read for one answer.
    pub bytes_max: usize,
    /// Blobs on a page of what is available.
    pub blobs_max: usize,
    /// Rows on a page of Graph's, also where the request names no number.
    pub page_max: usize,
    /// Rows on a page of records of a search.
    pub records_max: usize,
    /// Searches that are kept for a workspace.
    pub searches_max: usize,
}

impl Default for Limits {
    /// Microsoft's own limits, where they are known: 2 000 requests a minute, pages of 1 000 rows.
    fn default() -> Limits {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Limits {
            body: BodyLimits { bytes_max: 1 << 20, timeout: Duration::from_secs(30) },
            queries_max: threads * 10,
            requests_per_window: 2_000,
            rate_window: Duration::from_secs(60),
            query_timeout: Duration::from_secs(3 * 60),
            bytes_max: 128 << 20,
            blobs_max: 200,
            page_max: 1_000,
            records_max: 150,
            searches_max: 1_000,
        }
    }
}
