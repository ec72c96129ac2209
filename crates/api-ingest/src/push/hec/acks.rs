//! Acknowledgements: how many requests of each channel were answered. An id is given when the request's events are durable, so that every
//! id that was given is acknowledged.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Channels that are remembered.
const CHANNELS_MAX: usize = 10_000;

/// The requests that were answered, by sender and channel.
#[derive(Debug, Default)]
pub(crate) struct Acks(Mutex<Channels>);

#[derive(Debug, Default)]
struct Channels {
    counts: HashMap<(String, String), u64>,
    order: VecDeque<(String, String)>,
}

impl Acks {
    /// Returns the id of a request that is answered now.
    pub fn next(&self, sender: &str, channel: &str) -> u64 {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (sender.to_string(), channel.to_string());
        if !channels.counts.contains_key(&key) {
            channels.order.push_back(key.clone());
            if channels.order.len() > CHANNELS_MAX
                && let Some(oldest) = channels.order.pop_front()
            {
                channels.counts.remove(&oldest);
            }
        }
        let count = channels.counts.entry(key).or_default();
        let id = *count;
        *count = count.saturating_add(1);
        id
    }

    /// Returns whether a request was answered.
    pub fn is_known(&self, sender: &str, channel: &str, id: u64) -> bool {
        let channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.counts.get(&(sender.to_string(), channel.to_string())).is_some_and(|count| id < *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_is_acknowledged_and_nothing_else() {
        let acks = Acks::default();
        assert_eq!((acks.next("a", "1"), acks.next("a", "1"), acks.next("a", "2")), (0, 1, 0));
        let known = |sender, channel, id| acks.is_known(sender, channel, id);
        assert!(known("a", "1", 1) && !known("a", "1", 2) && !known("b", "1", 0) && !known("a", "2", 1));
        for channel in 0..CHANNELS_MAX {
            acks.next("b", &channel.to_string());
        }
        assert!(!known("a", "1", 0) && known("b", "9999", 0));
    }
}
