//! The queries that run and those that ran lately: who asked what, how far it came, and a way to stop it.

use schema::ticks;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use stdx::{Cancel, Clock};

/// Queries that are remembered after their end.
const ENDED_MAX: usize = 1_000;
/// Bytes of a query's text that are kept, as Kusto shows them.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// How a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryState {
    InProgress,
    Completed,
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// Its client left.
    Abandoned,
}

impl QueryState {
    /// Returns the state as Kusto's `.show queries` has it.
    pub fn name(self) -> &'static str {
        match self {
            QueryState::InProgress => "InProgress",
            QueryState::Completed => "Completed",
            QueryState::Failed => "Failed",
            QueryState::Cancelled => "Cancelled",
            QueryState::Abandoned => "Aborted",
        }
    }
}

/// Who asks what.
#[derive(Debug, Clone, Default)]
pub struct QueryStart {
    /// What the client calls it, by which it is cancelled.
    pub client_request_id: String,
    /// A guid.
    pub activity_id: String,
    pub text: String,
    pub database: String,
    /// The name of whoever signed in.
    pub user: String,
    pub principal_id: String,
    pub application: String,
    /// The request's properties, as JSON text.
    pub properties: String,
}

/// A query as `.show queries` tells of it.
#[derive(Debug, Clone)]
pub struct RunningQuery {
    pub start: QueryStart,
    /// In ticks.
    pub started: i64,
    /// In ticks.
    pub updated: i64,
    pub state: QueryState,
    /// Why it failed, or was cancelled.
    pub failure: Option<String>,
    /// Rows and bytes of its result so far.
    pub result_rows: u64,
    pub result_bytes: u64,
    pub scanned_rows: u64,
    pub scanned_bytes: u64,
}

impl RunningQuery {
    /// Returns how long it ran, or runs so far, in ticks.
    pub fn duration(&self, now: i64) -> i64 {
        let until = if self.state == QueryState::InProgress { now } else { self.updated };
        until.saturating_sub(self.started).clamp(0, 365 * ticks::DAY)
    }
}

/// The queries of a server.
pub struct RunningQueries {
    clock: Arc<dyn Clock>,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    next: u64,
    running: Vec<Entry>,
    /// The last one that ended is the last one.
    ended: VecDeque<RunningQuery>,
}

struct Entry {
    number: u64,
    query: RunningQuery,
    cancel: Cancel,
    /// Why it was cancelled, once it was.
    reason: Option<String>,
}

impl RunningQueries {
    /// Begins with none.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<RunningQueries> {
        Arc::new(RunningQueries { clock, entries: Mutex::default() })
    }

    /// Puts a query on the list. It ends when what this returns is dropped, or told of its end.
    pub fn begin(self: &Arc<Self>, mut start: QueryStart, cancel: Cancel) -> QueryTicket {
        let mut end = start.text.len().min(TEXT_BYTES_MAX);
        while !start.text.is_char_boundary(end) {
            end -= 1;
        }
        start.text.truncate(end);
        let now = self.clock.now_ticks();
        let query = RunningQuery {
            start,
            started: now,
            updated: now,
            state: QueryState::InProgress,
            failure: None,
            result_rows: 0,
            result_bytes: 0,
            scanned_rows: 0,
            scanned_bytes: 0,
        };
        let mut entries = self.entries();
        let number = entries.next;
        entries.next += 1;
        entries.running.push(Entry { number, query, cancel, reason: None });
        QueryTicket { queries: self.clone(), number, ended: None }
    }

    /// Returns all queries, those that run first, and of each kind the latest first.
    pub fn list(&self) -> Vec<RunningQuery> {
        let entries = self.entries();
        let running = entries.running.iter().rev().map(|entry| entry.query.clone());
        running.chain(entries.ended.iter().rev().cloned()).collect()
    }

    /// Stops the queries of a name that `may` allows to be stopped, and returns how many there were. They end soon.
    pub fn cancel(&self, client_request_id: &str, reason: &str, may: impl Fn(&RunningQuery) -> bool) -> usize {
        let mut n_cancelled = 0;
        for entry in &mut self.entries().running {
            if entry.query.start.client_request_id == client_request_id && may(&entry.query) {
                entry.reason.get_or_insert_with(|| reason.to_string());
                entry.cancel.cancel();
                n_cancelled += 1;
            }
        }
        n_cancelled
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, number: u64, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut entries = self.entries();
        entries.running.iter_mut().find(|entry| entry.number == number).map(change)
    }
}

/// A query on the list.
pub struct QueryTicket {
    queries: Arc<RunningQueries>,
    number: u64,
    /// How it ended, once that is known.
    ended: Option<(QueryState, Option<String>)>,
}

impl QueryTicket {
    /// Says how far the query came.
    pub fn progress(&self, result: (u64, u64), scanned: (u64, u64)) {
        let now = self.queries.clock.now_ticks();
        self.queries.change(self.number, |entry| {
            (entry.query.result_rows, entry.query.result_bytes) = result;
            (entry.query.scanned_rows, entry.query.scanned_bytes) = scanned;
            entry.query.updated = now;
        });
    }

    /// Returns why somebody cancelled the query, if somebody did.
    pub fn cancelled(&self) -> Option<String> {
        self.queries.change(self.number, |entry| entry.reason.clone()).flatten()
    }

    /// Says how the query ended.
    pub fn end(&mut self, state: QueryState, failure: Option<String>) {
        self.ended = Some((state, failure));
    }
}

impl Drop for QueryTicket {
    fn drop(&mut self) {
        let now = self.queries.clock.now_ticks();
        let mut entries = self.queries.entries();
        let Some(place) = entries.running.iter().position(|entry| entry.number == self.number) else { return };
        let Entry { mut query, reason, .. } = entries.running.remove(place);
        let (state, failure) = match (self.ended.take(), reason) {
            (Some((QueryState::Completed, _)), _) => (QueryState::Completed, None),
            (_, Some(reason)) => (QueryState::Cancelled, Some(reason)),
            (Some(ended), None) => ended,
            (None, None) => (QueryState::Abandoned, None),
        };
        (query.state, query.failure, query.updated) = (state, failure, now);
        entries.ended.push_back(query);
        if entries.ended.len() > ENDED_MAX {
            entries.ended.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::FixedClock;

    fn start(name: &str) -> QueryStart {
        QueryStart { client_request_id: name.to_string(), user: "ann".into(), ..QueryStart::default() }
    }

    #[test]
    fn queries_are_listed_from_their_beginning_past_their_end() {
        let queries = RunningQueries::new(Arc::new(FixedClock(5)));
        let mut first = queries.begin(start("a"), Cancel::default());
        let second = queries.begin(QueryStart { text: "é".repeat(TEXT_BYTES_MAX), ..start("b") }, Cancel::default());
        first.progress((2, 20), (3, 30));
        first.end(QueryState::Failed, Some("why".into()));
        drop(first);
        let listed = queries.list();
        let shown: Vec<_> =
            listed.iter().map(|q| (q.start.client_request_id.as_str(), q.state.name(), q.failure.as_deref())).collect();
        assert_eq!(shown, [("b", "InProgress", None), ("a", "Failed", Some("why"))]);
        assert_eq!(listed[0].start.text.len(), TEXT_BYTES_MAX);
        assert_eq!((listed[1].result_rows, listed[1].scanned_bytes), (2, 30));
        drop(second);
        assert_eq!(queries.list()[0].state, QueryState::Abandoned);
        for _ in 0..ENDED_MAX + 5 {
            queries.begin(start("c"), Cancel::default()).end(QueryState::Completed, None);
        }
        assert_eq!(queries.list().len(), ENDED_MAX);
    }

    #[test]
    fn whoever_may_stops_queries_by_their_name() {
        let queries = RunningQueries::new(Arc::new(FixedClock(5)));
        let (one, other) = (Cancel::default(), Cancel::default());
        let ticket = queries.begin(start("a"), one.clone());
        let _other = queries.begin(start("b"), other.clone());
        assert_eq!(queries.cancel("a", "no", |query| query.start.user == "eve"), 0);
        assert_eq!((ticket.cancelled(), one.is_cancelled()), (None, false));
        assert_eq!(queries.cancel("a", "too long", |query| query.start.user == "ann"), 1);
        assert_eq!(
            (ticket.cancelled().as_deref(), one.is_cancelled(), other.is_cancelled()),
            (Some("too long"), true, false)
        );
        drop(ticket);
        let ended = queries.list().into_iter().find(|query| query.start.client_request_id == "a").unwrap();
        assert_eq!((ended.state, ended.failure.as_deref()), (QueryState::Cancelled, Some("too long")));
        assert_eq!(queries.cancel("a", "again", |_| true), 0);
    }
}
