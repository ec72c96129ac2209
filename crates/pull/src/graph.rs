//! A collection of Microsoft Graph that grows by time: the directory's sign-ins and audits.
//!
//! It is asked for in windows of time, each from a while before the position on, as records may come late; those that were taken are
//! known by their id. A page is a piece. The position moves when all pages of a window were taken; a window that was cut off is asked
//! for again. A record that the service changes later stays as it was when it was taken.
//!
//! # Source
//! "List signIns", "List directoryAudits" of Microsoft Graph; OData 4.01, "Server-Driven Paging".

use crate::client::Client;
use crate::error::PullError;
use crate::feed::{Content, Feed, Next, Piece, id_of};
use crate::state::{Change, State};
use schema::ticks::{self, DAY, HOUR};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Cursor;
use url::Url;

/// The first window, the shortest and the longest: after one page at most the next is twice as long, after many half as long.
const WINDOW: i64 = 6 * HOUR;
const WINDOW_MIN: i64 = HOUR;
const WINDOW_MAX: i64 = 30 * DAY;
const MANY_PAGES: usize = 200;
/// How far back the service keeps records.
const KEPT: i64 = 30 * DAY;
/// Pages of a window at most: a service that never ends is not followed.
const PAGES_MAX: usize = 100_000;

/// A collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collection {
    /// Its path.
    pub path: &'static str,
    /// The member that says when.
    pub time: &'static str,
}

impl Collection {
    /// The collections that are known.
    pub const ALL: [Collection; 2] = [
        Collection { path: "auditLogs/signIns", time: "createdDateTime" },
        Collection { path: "auditLogs/directoryAudits", time: "activityDateTime" },
    ];

    /// Returns a collection by its path.
    pub fn find(path: &str) -> Option<Collection> {
        Collection::ALL.into_iter().find(|collection| collection.path == path)
    }
}

/// The feed of a collection.
pub struct Graph {
    client: Client,
    collection: Collection,
    /// How late records may come, in ticks.
    overlap: i64,
    since: Option<i64>,
    now: i64,
    /// How long the next window is, in ticks.
    span: i64,
    window: Option<Window>,
}

/// A window that is being taken.
struct Window {
    end: i64,
    /// The next page; `None` when all were taken.
    next: Option<Url>,
    n_pages: usize,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// A page's records: their text, and how the position moves with each.
struct Records {
    texts: Vec<(String, String, String)>,
    next: Option<String>,
}

impl Graph {
    /// Makes a feed of a collection that a client reaches; `overlap` and `since` are in ticks.
    pub fn new(client: Client, collection: Collection, overlap: i64, since: Option<i64>) -> Graph {
        Graph { client, collection, overlap, since, now: 0, span: WINDOW, window: None }
    }

    fn open(&self, state: &State) -> Option<Window> {
        let listed = state.get("listed").and_then(|value| ticks::parse_datetime(value.as_str()?));
        let position = listed.or(self.since).unwrap_or(self.now - KEPT);
        if position >= self.now {
            return None;
        }
        let end = (position + self.span).min(self.now);
        let begin = position - self.overlap;
        let Collection { path, time: member } = self.collection;
        let filter = format!("{member} ge {} and {member} lt {}", time(begin), time(end));
        let url = self.client.url(&format!("/v1.0/{path}"), &[("$filter", &filter), ("$top", "500")]);
        Some(Window { end, next: Some(url), n_pages: 0 })
    }

    /// Gets a page: records that were not taken, and the address of the next one.
    fn page(&self, url: &Url) -> Result<Records, PullError> {
        let member = self.collection.time;
        self.client.get(url, |answer| {
            let page: Page<'_> = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
            let mut texts = Vec::with_capacity(page.value.len());
            for record in page.value {
                let parsed: BTreeMap<&str, &RawValue> =
                    serde_json::from_str(record.get()).map_err(|error| error.to_string())?;
                let text = |name: &str| parsed.get(name).and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
                // Without an id it is known by its content.
                let id = text("id").unwrap_or_else(|| record.get().to_string());
                let at = text(member).unwrap_or_default();
                texts.push((taken(&id), at, record.get().to_string()));
            }
            Ok(Records { texts, next: page.next })
        })
    }
}

impl Feed for Graph {
    fn name(&self) -> String {
        format!("graph {}", self.client.url(&format!("/v1.0/{}", self.collection.path), &[]))
    }

    fn begin(&mut self, _state: &State, now: i64) -> Result<(), PullError> {
        self.now = now - now.rem_euclid(ticks::SECOND);
        self.window = None;
        Ok(())
    }

    fn next(&mut self, state: &State) -> Result<Next, PullError> {
        loop {
            if self.window.is_none() {
                self.window = self.open(state);
            }
            let Some(window) = &self.window else { return Ok(Next::Nothing) };
            let Some(url) = window.next.clone() else {
                let change = moved(state, window.end, self.overlap);
                self.span = match window.n_pages {
                    ..=1 => (self.span * 2).min(WINDOW_MAX),
                    MANY_PAGES.. => (self.span / 2).max(WINDOW_MIN),
                    _ => self.span,
                };
                self.window = None;
                return Ok(Next::Moved(change));
            };
            let (end, n_pages) = (window.end, window.n_pages + 1);
            if n_pages > PAGES_MAX {
                let why = format!("it has more than {PAGES_MAX} pages");
                return Err(PullError::Answer { url: self.name(), why });
            }
            let Records { texts, next } = self.page(&url)?;
            let next = next.map(|next| self.client.follow(&next)).transpose()?;
            self.window = Some(Window { end, next, n_pages });
            let mut after = Change::default();
            let mut body = Vec::new();
            for (key, at, text) in texts {
                if state.get(&key).is_some() || after.set.contains_key(&key) {
                    continue;
                }
                body.extend_from_slice(if body.is_empty() { b"[" } else { b",\n" });
                body.extend_from_slice(text.as_bytes());
                after.set.insert(key, at.into());
            }
            if body.is_empty() {
                continue;
            }
            body.push(b']');
            return Ok(Next::Piece(Piece {
                label: format!("{}, {} records before {}", self.collection.path, after.set.len(), time(end)),
                id: id_of(&[self.name().as_bytes(), &body]),
                content: Content::Records("entra".to_string()),
                body: Box::new(Cursor::new(body)),
                after,
            }));
        }
    }

    fn position(&self, state: &State) -> String {
        format!("up to {}", state.get("listed").and_then(|value| value.as_str()).unwrap_or("nothing yet"))
    }
}

/// Returns how the position moves at a window's end: what cannot be listed again is forgotten.
fn moved(state: &State, end: i64, overlap: i64) -> Change {
    let is_over =
        |at: &serde_json::Value| at.as_str().and_then(ticks::parse_datetime).is_none_or(|at| at < end - overlap);
    let drop = state.under("taken/").filter(|(_, at)| is_over(at)).map(|(key, _)| format!("taken/{key}"));
    Change { drop: drop.collect(), ..Change::set("listed", time(end)) }
}

/// Returns where the position keeps that a record was taken.
fn taken(id: &str) -> String {
    format!("taken/{}", id_of(&[id.as_bytes()]))
}

/// Returns a time as filters take it.
fn time(instant: i64) -> String {
    let mut text: String = ticks::datetime_text(instant).chars().take(19).collect();
    text.push('Z');
    text
}
