//! The Office 365 Management Activity API: content that becomes available in windows of time, each a document of records.
//!
//! A window is listed from a while before the position on, as content may be listed late; what was taken is known by its id. The
//! position of a content type moves when all content of a window was taken. Content that is gone is kept as what was lost, in its own
//! words, as is the time that was not asked for within the seven days that the service keeps.
//!
//! # Source
//! "Office 365 Management Activity API reference".

use crate::client::Client;
use crate::error::PullError;
use crate::feed::{Content, Feed, Next, Piece, id_of};
use crate::state::{Change, State};
use schema::ticks::{self, DAY, HOUR, MINUTE};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::io::Cursor;

/// How far back the service lists, and a little less, as asking takes a while.
const KEPT: i64 = 7 * DAY - 10 * MINUTE;
/// The longest window.
const WINDOW: i64 = DAY;
/// Pages of a window at most: a service that never ends is not followed.
const PAGES_MAX: usize = 100_000;

/// What is followed, and how.
#[derive(Debug, Clone)]
pub struct OfficeOptions {
    /// The tenant's id.
    pub tenant: String,
    /// Such as `Audit.General`.
    pub content_types: Vec<String>,
    /// Whose quota it counts against; the tenant's id when `None`.
    pub publisher: Option<String>,
    /// Whether subscriptions are started.
    pub start: bool,
    /// How long content may be listed late, in ticks.
    pub overlap: i64,
    /// From when on, in ticks, when there is no position; as far back as there is when `None`.
    pub since: Option<i64>,
}

/// The feed of a tenant.
pub struct Office {
    client: Client,
    root: String,
    options: OfficeOptions,
    is_started: bool,
    now: i64,
    /// Content types of this round that are not done.
    types: VecDeque<String>,
    window: Option<Window>,
}

/// A window that is being taken.
struct Window {
    content_type: String,
    end: i64,
    /// What was listed and is not taken.
    items: VecDeque<Item>,
}

#[derive(Deserialize, Serialize, Clone)]
#[serde(rename_all = "camelCase")]
struct Item {
    content_id: String,
    content_uri: String,
    content_created: String,
    #[serde(default)]
    content_type: String,
}

impl Office {
    /// Makes a feed of what a client reaches.
    pub fn new(client: Client, mut options: OfficeOptions) -> Office {
        // Else no window would reach beyond the position.
        options.overlap = options.overlap.clamp(0, WINDOW / 2);
        let root = format!("/api/v1.0/{}/activity/feed", options.tenant);
        Office { client, root, options, is_started: false, now: 0, types: VecDeque::new(), window: None }
    }

    fn publisher(&self) -> (&'static str, &str) {
        ("PublisherIdentifier", self.options.publisher.as_deref().unwrap_or(&self.options.tenant))
    }

    /// Starts the subscriptions that are not.
    fn start(&self) -> Result<(), PullError> {
        for content_type in &self.options.content_types {
            let path = format!("{}/subscriptions/start", self.root);
            let started = self.client.post(&self.client.url(&path, &[("contentType", content_type), self.publisher()]));
            match started {
                // It is started already.
                Err(PullError::Refused { status: 400, code, .. }) if code == "AF20024" => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Lists a window.
    fn list(&self, content_type: &str, begin: i64, end: i64) -> Result<VecDeque<Item>, PullError> {
        let (begin, end) = (time(begin), time(end));
        let parameters = [("contentType", content_type), ("startTime", &begin), ("endTime", &end), self.publisher()];
        let mut url = self.client.url(&format!("{}/subscriptions/content", self.root), &parameters);
        let mut items = VecDeque::new();
        for _ in 0..PAGES_MAX {
            let (page, next) = self.client.get(&url, |answer| {
                let page: Vec<Item> = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
                let next = answer.headers.get("nextpageuri").map(|next| next.to_str().map(str::to_string));
                Ok((page, next.transpose().map_err(|_| "its `NextPageUri` is no text".to_string())?))
            })?;
            items.extend(page);
            match next {
                Some(next) if !next.is_empty() => url = self.with_publisher(self.client.follow(&next)?),
                _ => return Ok(items),
            }
        }
        Err(PullError::Answer { url: self.root.clone(), why: format!("it has more than {PAGES_MAX} pages") })
    }

    /// Returns an address that the service gave, with whose quota it counts against.
    fn with_publisher(&self, mut url: url::Url) -> url::Url {
        let (name, value) = self.publisher();
        if !url.query_pairs().any(|(key, _)| key == name) {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }

    /// Fetches content.
    fn fetch(&self, item: &Item) -> Result<Piece, PullError> {
        let label = format!("{} {}", item.content_type, item.content_id);
        let after = Change::set(taken(&item.content_id), item.content_created.clone());
        let url = self.with_publisher(self.client.follow(&item.content_uri)?);
        let fetched = self.client.get(&url, |answer| {
            // A document that was cut off is fetched again.
            serde_json::from_slice::<Vec<&RawValue>>(&answer.body).map_err(|error| error.to_string())?;
            Ok(answer.body)
        });
        let (body, content) = match fetched {
            Ok(body) => (body, Content::Records("office_management".to_string())),
            Err(error @ PullError::Refused { status: 400 | 404 | 410, .. }) => {
                (serde_json::to_vec(item).unwrap_or_default(), Content::Lost(error.to_string()))
            }
            Err(error) => return Err(error),
        };
        let id = id_of(&[self.name().as_bytes(), item.content_id.as_bytes(), &Sha256::digest(&body)]);
        Ok(Piece { label, id, content, body: Box::new(Cursor::new(body)), after })
    }

    /// Begins the next window of a content type. What is gone by now is a piece that says so.
    fn open(&mut self, state: &State, content_type: &str) -> Result<Option<Next>, PullError> {
        let oldest = self.now - KEPT;
        let listed = state.get(&listed(content_type)).and_then(|value| ticks::parse_datetime(value.as_str()?));
        let position = listed.or(self.options.since).unwrap_or(oldest);
        if let Some(listed) = listed.filter(|listed| *listed < oldest) {
            let gap = serde_json::json!({ "contentType": content_type, "from": time(listed), "to": time(oldest) });
            let (gap, why) = (gap.to_string().into_bytes(), "it was not asked for while the service kept it");
            return Ok(Some(Next::Piece(Piece {
                label: format!("{content_type} before {}", time(oldest)),
                id: id_of(&[self.name().as_bytes(), b"gap", &gap]),
                content: Content::Lost(why.to_string()),
                body: Box::new(Cursor::new(gap)),
                after: Change::set(self::listed(content_type), time(oldest)),
            })));
        }
        if position >= self.now {
            return Ok(None);
        }
        let begin = (position - self.options.overlap).max(oldest);
        let end = (begin + WINDOW).min(self.now);
        let mut items = self.list(content_type, begin, end)?;
        items.retain(|item| state.get(&taken(&item.content_id)).is_none());
        // The same may be listed twice.
        let mut seen = std::collections::HashSet::new();
        items.retain(|item| seen.insert(item.content_id.clone()));
        for item in &mut items {
            item.content_type = content_type.to_string();
        }
        self.window = Some(Window { content_type: content_type.to_string(), end, items });
        Ok(None)
    }
}

impl Feed for Office {
    fn name(&self) -> String {
        format!("office {}", self.client.url(&self.root, &[]))
    }

    fn begin(&mut self, _state: &State, now: i64) -> Result<(), PullError> {
        if self.options.start && !self.is_started {
            self.start()?;
            self.is_started = true;
        }
        self.now = now - now.rem_euclid(ticks::SECOND);
        self.types = self.options.content_types.iter().cloned().collect();
        self.window = None;
        Ok(())
    }

    fn next(&mut self, state: &State) -> Result<Next, PullError> {
        loop {
            if let Some(window) = &mut self.window {
                if let Some(item) = window.items.front().cloned() {
                    let piece = self.fetch(&item)?;
                    if let Some(window) = &mut self.window {
                        window.items.pop_front();
                    }
                    return Ok(Next::Piece(piece));
                }
                let change = moved(state, &self.options, &window.content_type, window.end);
                if window.end >= self.now {
                    self.types.pop_front();
                }
                self.window = None;
                return Ok(Next::Moved(change));
            }
            let Some(content_type) = self.types.front().cloned() else { return Ok(Next::Nothing) };
            if let Some(next) = self.open(state, &content_type)? {
                return Ok(next);
            }
            if self.window.is_none() {
                self.types.pop_front();
            }
        }
    }

    fn position(&self, state: &State) -> String {
        let of = |content_type: &String| {
            let at = state.get(&listed(content_type)).and_then(|value| value.as_str()).unwrap_or("nothing yet");
            format!("{content_type} up to {at}")
        };
        self.options.content_types.iter().map(of).collect::<Vec<_>>().join(", ")
    }
}

/// Returns how the position moves at a window's end: what cannot be listed again is forgotten.
fn moved(state: &State, options: &OfficeOptions, content_type: &str, end: i64) -> Change {
    // Content of other types may be behind.
    let others = options.content_types.iter().filter(|of| *of != content_type);
    let slowest = others.filter_map(|of| ticks::parse_datetime(state.get(&listed(of))?.as_str()?)).fold(end, i64::min);
    let forgotten = slowest - options.overlap - HOUR;
    let is_over = |created: &serde_json::Value| {
        created.as_str().and_then(ticks::parse_datetime).is_some_and(|created| created < forgotten)
    };
    let drop = state.under("taken/").filter(|(_, created)| is_over(created)).map(|(key, _)| format!("taken/{key}"));
    Change { drop: drop.collect(), ..Change::set(listed(content_type), time(end)) }
}

/// Returns where the position keeps up to when a content type was taken.
fn listed(content_type: &str) -> String {
    format!("listed/{content_type}")
}

/// Returns where the position keeps that content was taken.
fn taken(content_id: &str) -> String {
    format!("taken/{}", id_of(&[content_id.as_bytes()]))
}

/// Returns a time as the service takes it, which is in UTC and has whole seconds.
fn time(instant: i64) -> String {
    ticks::datetime_text(instant).chars().take(19).collect()
}
