//! How many requests come with each token: beyond a limit they are told when to come again.

use schema::ticks;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Tokens that are counted; when there are more, those whose window is over are forgotten first.
const COUNTED_MAX: usize = 10_000;

/// Counts requests by whoever sends them.
#[derive(Default)]
pub struct Rate(Mutex<HashMap<String, Window>>);

struct Window {
    began: i64,
    requests: u32,
}

impl Rate {
    /// Counts a request. Returns after how many seconds it may be sent again when there were too many in this window.
    pub fn count(&self, who: &str, now: i64, max: u32, window: Duration) -> Result<(), u64> {
        let length = i64::try_from(window.as_nanos() / 100).unwrap_or(i64::MAX);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= COUNTED_MAX && !counted.contains_key(who) {
            counted.retain(|_, window| now.saturating_sub(window.began) < length);
            if counted.len() >= COUNTED_MAX {
                return Err(window.as_secs().max(1));
            }
        }
        let entry = counted.entry(who.to_string()).or_insert(Window { began: now, requests: 0 });
        // A clock that went back begins anew.
        if !(0..length).contains(&now.saturating_sub(entry.began)) {
            *entry = Window { began: now, requests: 0 };
        }
        if entry.requests >= max {
            let left = entry.began.saturating_add(length).saturating_sub(now);
            return Err(u64::try_from(left.div_euclid(ticks::SECOND)).unwrap_or(0) + 1);
        }
        entry.requests += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_told_when_to_come_again() {
        let rate = Rate::default();
        let window = Duration::from_secs(30);
        let count = |who: &str, seconds: i64| rate.count(who, 1_000 * ticks::DAY + seconds * ticks::SECOND, 2, window);
        assert_eq!((count("a", 0), count("a", 10), count("a", 10)), (Ok(()), Ok(()), Err(21)));
        assert_eq!(count("b", 10), Ok(()));
        assert_eq!((count("a", 29), count("a", 30)), (Err(2), Ok(())));
        assert_eq!(count("a", -100), Ok(()));
    }
}
