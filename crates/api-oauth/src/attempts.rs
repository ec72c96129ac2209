//! Wrong secrets, counted by where they come from.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use listeners::http::sender_of;
use schema::ticks;

/// Wrong secrets of one application from one address within [`WINDOW`] before the next has to wait.
const PER_APPLICATION: u32 = 5;
/// The same for all applications together, whose ids may be guesses too.
const PER_ADDRESS: u32 = 30;
/// In ticks.
const WINDOW: i64 = ticks::MINUTE;
/// Counts at most; when there are more, the oldest windows are forgotten.
const COUNTS_MAX: usize = 10_000;

/// Counts of wrong secrets.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<Key, Count>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    address: IpAddr,
    /// Of all applications when `None`.
    application: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: i64,
    n_wrong: u32,
}

impl Attempts {
    /// Returns for how many seconds an address has to wait before it may try a secret of an application; `None` when it need not.
    pub fn wait(&self, address: IpAddr, application: &str, now: i64) -> Option<i64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |(key, max): (Key, u32)| {
            let count = counts.get(&key)?;
            let left = count.since + WINDOW - now;
            (count.n_wrong >= max && left > 0).then_some(left)
        };
        let left = keys(address, application).into_iter().filter_map(left).max()?;
        Some((left + ticks::SECOND - 1) / ticks::SECOND)
    }

    /// Counts a wrong secret.
    pub fn count(&self, address: IpAddr, application: &str, now: i64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() + 2 > COUNTS_MAX {
            counts.retain(|_, count| count.since + WINDOW > now);
        }
        if counts.len() + 2 > COUNTS_MAX {
            // More addresses at once than are told apart: those that began to guess in the older half of the window begin anew.
            counts.retain(|_, count| count.since + WINDOW / 2 > now);
        }
        if counts.len() + 2 > COUNTS_MAX {
            counts.clear();
        }
        for (key, _) in keys(address, application) {
            let count = counts.entry(key).or_insert(Count { since: now, n_wrong: 0 });
            if count.since + WINDOW <= now {
                *count = Count { since: now, n_wrong: 0 };
            }
            count.n_wrong = count.n_wrong.saturating_add(1);
        }
    }
}

fn keys(address: IpAddr, application: &str) -> [(Key, u32); 2] {
    let address = sender_of(address);
    let own = Key { address, application: Some(application.to_string()) };
    [(own, PER_APPLICATION), (Key { address, application: None }, PER_ADDRESS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_guesses_waits_and_others_do_not() {
        let attempts = Attempts::default();
        let (guesser, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let now = 100 * ticks::DAY;
        for _ in 0..PER_APPLICATION {
            assert_eq!(attempts.wait(guesser, "app", now), None);
            attempts.count(guesser, "app", now);
        }
        assert_eq!(attempts.wait(guesser, "app", now), Some(60));
        assert_eq!(attempts.wait(guesser, "app", now + 59 * ticks::SECOND + 1), Some(1));
        assert_eq!(attempts.wait(guesser, "app2", now), None);
        assert_eq!(attempts.wait(other, "app", now), None);
        assert_eq!(attempts.wait(guesser, "app", now + WINDOW), None);
        // Guessing ids too ends soon.
        for n in 0..PER_ADDRESS {
            attempts.count(other, &format!("guess{n}"), now);
        }
        assert_eq!(attempts.wait(other, "fresh", now), Some(60));
    }

    #[test]
    fn no_crowd_fills_the_memory() {
        let attempts = Attempts::default();
        for n in 0..3 * COUNTS_MAX as u32 {
            attempts.count(IpAddr::from(n.to_be_bytes()), "app", i64::from(n));
        }
        assert!(attempts.0.lock().unwrap_or_else(PoisonError::into_inner).len() <= COUNTS_MAX);
    }
}
