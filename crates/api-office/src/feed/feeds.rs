//! What is kept of the feeds of a workspace: who subscribed to what, and how long the log was when somebody looked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use schema::ticks;
use serde::{Deserialize, Serialize};

use super::content_type::ContentType;
use super::error::FeedError;
use super::time_range::KEPT;
use crate::fault::Fault;
use crate::kept::Kept;

const KIND: &str = "feed";
const NAME: &str = "feed";
/// The least time between two cuts.
const CUT_EVERY: i64 = 15 * ticks::SECOND;
/// What holds ids of content together is this long.
const SECRET_BYTES: usize = 32;

/// A subscription of whoever comes with a token of some name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub content_type: String,
    /// The name of the token, which stays when the token is replaced.
    pub holder: String,
    /// The id of the token that changed it last, and when, in ticks.
    pub by: String,
    pub since: i64,
    pub enabled: bool,
    /// The first entry of the log that it is about.
    pub from: u64,
}

/// How long the log was at some time: what is before it was available then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cut {
    pub time: i64,
    pub size: u64,
}

/// All that is kept of a workspace's feeds.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Feed {
    secret: Vec<u8>,
    pub subscriptions: Vec<Subscription>,
    /// The log's size at the last cut that is forgotten.
    base: u64,
    cuts: Vec<Cut>,
}

/// What became available at some time: entries of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub created: i64,
    pub from: u64,
    pub to: u64,
}

impl Feed {
    /// Returns what makes ids of content.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Returns somebody's subscription to a content type, if it is enabled.
    pub fn enabled(&self, holder: &str, kind: ContentType) -> Result<&Subscription, FeedError> {
        let is_it = |of: &&Subscription| of.enabled && of.holder == holder && of.content_type == kind.name();
        self.subscriptions.iter().find(is_it).ok_or(FeedError::NoSubscription)
    }

    /// Returns what became available between two times, from an entry of the log on, in order.
    pub fn spans(&self, from: i64, to: i64, first: u64) -> Vec<Span> {
        let before = std::iter::once(self.base).chain(self.cuts.iter().map(|cut| cut.size));
        let spans = before.zip(&self.cuts);
        let spans = spans.map(|(before, cut)| Span { created: cut.time, from: before.max(first), to: cut.size });
        spans.filter(|span| (from..to).contains(&span.created) && span.from < span.to).collect()
    }

    /// Adds a cut, if there is something new and it is time.
    fn cut(&mut self, now: i64, size: u64) -> bool {
        // Clients see milliseconds.
        let now = now - now.rem_euclid(ticks::MILLISECOND);
        let last = self.cuts.last().copied();
        let known = last.map_or(self.base, |cut| cut.size);
        if size <= known || last.is_some_and(|cut| now - cut.time < CUT_EVERY) {
            return false;
        }
        self.cuts.push(Cut { time: now, size });
        let old = self.cuts.iter().take_while(|cut| cut.time < now - KEPT - ticks::DAY).count();
        if let Some(last) = self.cuts.drain(..old).next_back() {
            self.base = last.size;
        }
        true
    }
}

/// The feeds of a store.
pub(crate) struct Feeds {
    kept: Kept,
    known: Mutex<BTreeMap<String, Arc<Feed>>>,
}

impl Feeds {
    /// Returns the feeds of a store.
    pub fn new(kept: Kept) -> Feeds {
        Feeds { kept, known: Mutex::default() }
    }

    /// Returns the feeds of a workspace. Waits for files.
    pub fn of(&self, workspace: &str) -> Result<Arc<Feed>, Fault> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = known.get(workspace) {
            return Ok(feed.clone());
        }
        let feed = Arc::new(self.kept.read::<Feed>(workspace, KIND, NAME)?.unwrap_or_default());
        known.insert(workspace.to_string(), feed.clone());
        Ok(feed)
    }

    /// Changes the feeds of a workspace; when `change` says that something changed, it is durable before it counts.
    fn change<T, E: From<Fault>>(
        &self,
        workspace: &str,
        change: impl FnOnce(&mut Feed) -> Result<(bool, T), E>,
    ) -> Result<(Arc<Feed>, T), E> {
        let before = self.of(workspace)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(workspace).cloned().unwrap_or(before);
        let mut next = Feed::clone(&before);
        let (is_changed, value) = change(&mut next)?;
        if !is_changed {
            return Ok((before, value));
        }
        if next.secret.len() != SECRET_BYTES {
            let mut secret = vec![0; SECRET_BYTES];
            getrandom::fill(&mut secret).map_err(|_| Fault::Internal)?;
            next.secret = secret;
        }
        self.kept.write(workspace, KIND, NAME, &next)?;
        let next = Arc::new(next);
        known.insert(workspace.to_string(), next.clone());
        Ok((next, value))
    }

    /// Enables a subscription from a place in the log on.
    pub fn start(
        &self,
        workspace: &str,
        kind: ContentType,
        (holder, by): (&str, &str),
        since: i64,
        from: u64,
    ) -> Result<(), FeedError> {
        let changed = self.change(workspace, |feed| {
            if feed.enabled(holder, kind).is_ok() {
                return Err(FeedError::AlreadyEnabled);
            }
            feed.subscriptions.retain(|of| of.holder != holder || of.content_type != kind.name());
            let (content_type, holder, by) = (kind.name().to_string(), holder.to_string(), by.to_string());
            feed.subscriptions.push(Subscription { content_type, holder, by, since, enabled: true, from });
            Ok((true, ()))
        });
        changed.map(|_| ())
    }

    /// Disables a subscription.
    pub fn stop(
        &self,
        workspace: &str,
        kind: ContentType,
        (holder, by): (&str, &str),
        since: i64,
    ) -> Result<(), FeedError> {
        let changed = self.change(workspace, |feed| {
            feed.enabled(holder, kind)?;
            for of in &mut feed.subscriptions {
                if of.holder == holder && of.content_type == kind.name() {
                    (of.enabled, of.by, of.since) = (false, by.to_string(), since);
                }
            }
            Ok((true, ()))
        });
        changed.map(|_| ())
    }

    /// Makes what came into the log available, and returns the feeds of the workspace. Waits for files.
    pub fn cut(&self, workspace: &str, now: i64, size: u64) -> Result<Arc<Feed>, Fault> {
        self.change(workspace, |feed| Ok::<_, Fault>((feed.cut(now, size), ()))).map(|(feed, ())| feed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 639_158_256_000_000_000;

    /// Whatever the cuts, entry after entry is in exactly one span.
    #[test]
    fn every_entry_becomes_available_once() {
        let mut feed = Feed::default();
        let (mut size, mut now) = (7, NOW);
        for step in 0..2000_u64 {
            size += step % 3;
            now += ticks::MINUTE * i64::try_from(step % 5).unwrap_or(0);
            let is_cut = feed.cut(now, size);
            assert!(!is_cut || !feed.cut(now + CUT_EVERY - ticks::MILLISECOND, size + 1), "no sooner than its time");
        }
        let spans = feed.spans(0, i64::MAX, 0);
        assert!(spans.windows(2).all(|two| two[0].to == two[1].from && two[0].created < two[1].created));
        assert_eq!(spans.first().map(|span| span.from), Some(feed.base));
        // Parts of the time together are the whole.
        let (mut at, mut parts) = (spans[0].created, Vec::new());
        while at <= now {
            parts.extend(feed.spans(at, at + ticks::HOUR, 0));
            at += ticks::HOUR;
        }
        assert_eq!(parts, spans);
        let later = feed.spans(0, i64::MAX, spans[5].from + 1);
        assert_eq!((later[0].from, later.last()), (spans[5].from + 1, spans.last()));
    }

    #[test]
    fn old_cuts_are_forgotten_and_what_they_gave_does_not_come_again() {
        let mut feed = Feed::default();
        assert!(feed.cut(NOW, 5) && feed.cut(NOW + ticks::DAY, 8));
        assert!(feed.cut(NOW + 8 * ticks::DAY + ticks::HOUR, 9));
        assert_eq!((feed.base, feed.cuts.len()), (5, 2));
        assert_eq!(feed.spans(0, i64::MAX, 0).first().map(|span| (span.from, span.to)), Some((5, 8)));
        assert!(!feed.cut(NOW + 9 * ticks::DAY, 9), "nothing is new");
    }
}
