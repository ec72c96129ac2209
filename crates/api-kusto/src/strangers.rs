//! Requests of nobody: of those without a valid token only so many are written down, lest whoever has none fill the log.

use schema::ticks;
use std::sync::{Mutex, PoisonError};

/// Refused sign-ins that are written down within a second. A program with a stale token makes fewer.
const WRITTEN_PER_SECOND: u64 = 10;

/// How many refused sign-ins there were.
#[derive(Default)]
pub struct Strangers(Mutex<Window>);

#[derive(Default)]
struct Window {
    second: i64,
    written: u64,
    /// Since one was written last.
    unwritten: u64,
}

impl Strangers {
    /// Counts a refused sign-in. When it is to be written down, returns how many before it were not.
    pub fn count(&self, now: i64) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let second = now / ticks::SECOND;
        if second != window.second {
            (window.second, window.written) = (second, 0);
        }
        if window.written >= WRITTEN_PER_SECOND {
            window.unwritten += 1;
            return None;
        }
        window.written += 1;
        Some(std::mem::take(&mut window.unwritten))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_are_written_and_none_is_forgotten() {
        let strangers = Strangers::default();
        let now = 639_158_256_000_000_000;
        for _ in 0..WRITTEN_PER_SECOND {
            assert_eq!(strangers.count(now), Some(0));
        }
        assert_eq!(strangers.count(now), None);
        assert_eq!(strangers.count(now + ticks::SECOND - 1), None);
        assert_eq!(strangers.count(now + ticks::SECOND), Some(2));
        assert_eq!(strangers.count(now + ticks::SECOND), Some(0));
    }
}
