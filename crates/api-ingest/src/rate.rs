//! How many requests and bytes come in a minute, by rule or workspace: beyond a limit, senders are told when to come again.

use schema::ticks;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Counts what comes.
#[derive(Default)]
pub(crate) struct Rate(Mutex<HashMap<String, Window>>);

#[derive(Default)]
struct Window {
    minute: i64,
    requests: u64,
    bytes: u64,
}

impl Rate {
    /// Counts a request, or bytes of one. Returns after how many seconds it may be sent again when it is too much for this minute.
    pub fn count(&self, what: &str, now: i64, (requests, bytes): (u64, u64), max: (u64, u64)) -> Result<(), u64> {
        let minute = now.div_euclid(ticks::MINUTE);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of those that are not sending now nothing need be known.
        counted.retain(|_, window| window.minute == minute);
        let window = counted.entry(what.to_string()).or_insert(Window { minute, ..Window::default() });
        if window.requests.saturating_add(requests) > max.0 || window.bytes.saturating_add(bytes) > max.1 {
            let left = ticks::MINUTE - now.rem_euclid(ticks::MINUTE);
            return Err(u64::try_from(left.div_euclid(ticks::SECOND)).unwrap_or(0) + 1);
        }
        window.requests += requests;
        window.bytes += bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_room_for_so_much() {
        let rate = Rate::default();
        let at = |seconds: i64| 1_000 * ticks::DAY + seconds * ticks::SECOND;
        let count = |what: &str, seconds, requests, bytes| rate.count(what, at(seconds), (requests, bytes), (2, 100));
        assert_eq!((count("a", 0, 1, 60), count("a", 1, 1, 50)), (Ok(()), Err(60)));
        assert_eq!((count("a", 2, 1, 40), count("a", 50, 1, 0)), (Ok(()), Err(11)));
        assert_eq!((count("b", 50, 1, 0), count("a", 60, 1, 0)), (Ok(()), Ok(())));
    }
}
