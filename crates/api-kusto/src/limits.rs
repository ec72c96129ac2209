//! What requests may use.

use std::time::Duration;

/// Limits of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request's body, unpacked.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Bytes of records that are handed in at once, packed and unpacked.
    pub ingestion_bytes_max: usize,
    /// How long records may take to arrive.
    pub ingestion_timeout: Duration,
    /// Bodies of records that are in memory at the same time; a further one is answered 429.
    pub ingestions_max: usize,
    /// Queries that run at the same time; a further one is answered 429.
    pub queries_max: usize,
    /// How long a query may run that does not say so itself.
    pub query_timeout: Duration,
    /// How long a query may ask to run.
    pub query_timeout_max: Duration,
    /// Rows of an answer, unless the request says otherwise.
    pub rows_max: u64,
    /// Bytes of an answer's rows, unless the request says otherwise.
    pub bytes_max: u64,
    /// How long a client may take to read a part of its answer before it counts as gone.
    pub read_timeout: Duration,
}

impl Default for Limits {
    /// Kusto's own limits, where it has them: 4 minutes and at most an hour, 500 000 rows, 64 MiB.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Limits {
            body_bytes_max: 4 << 20,
            body_timeout: Duration::from_secs(30),
            ingestion_bytes_max: 32 << 20,
            ingestion_timeout: Duration::from_secs(60),
            ingestions_max: 32,
            // Ten for each core, as Kusto allows each node.
            queries_max: threads * 10,
            query_timeout: Duration::from_secs(4 * 60),
            query_timeout_max: Duration::from_secs(60 * 60),
            rows_max: 500_000,
            bytes_max: 64 << 20,
            read_timeout: Duration::from_secs(60),
        }
    }
}
