//! The clock: what time it is, in ticks of 100 ns since 0001-01-01T00:00:00Z.

use std::time::{SystemTime, UNIX_EPOCH};

/// Ticks between 0001-01-01 and 1970-01-01.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// Returns the current time in ticks of 100 ns since 0001-01-01T00:00:00Z.
    fn now_ticks(&self) -> i64;
}

/// The operating system's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ticks(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UNIX_EPOCH_TICKS + (since_epoch.as_nanos() / 100) as i64
    }
}

/// A clock that stands still, for tests and for queries whose `now()` is fixed.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub i64);

impl Clock for FixedClock {
    fn now_ticks(&self) -> i64 {
        self.0
    }
}
