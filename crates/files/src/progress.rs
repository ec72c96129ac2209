//! How far a query's reading has come.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that every reader of one query adds to. Bytes are those on disk: compressed ones for a compressed file.
#[derive(Debug, Default)]
pub struct Progress {
    rows: AtomicU64,
    bytes: AtomicU64,
    bytes_total: AtomicU64,
}

impl Progress {
    /// Returns the rows read so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Returns the bytes read so far. Readers of parts of one file look beyond their ends; what that adds is not shown.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed).min(self.bytes_total())
    }

    /// Returns the bytes that the readers opened so far will read in all.
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total.load(Ordering::Relaxed)
    }

    pub(crate) fn add_rows(&self, n: u64) {
        self.rows.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, n: u64) {
        self.bytes.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn add_total(&self, n: u64) {
        self.bytes_total.fetch_add(n, Ordering::Relaxed);
    }
}
