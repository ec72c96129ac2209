//! Objects of a container or bucket, in the order of their names: those that came, and what those that grow have grown by.
//!
//! The position has an entry for each object that was taken lately: its tag, and of one that grows how far it was taken, with a hash
//! of the bytes before that place. When they are others by now the object was replaced, and is taken from its begin. Objects that have
//! not changed for [`KEPT`] are forgotten at the end of a round, and nothing that is older is taken any more.

use crate::error::PullError;
use crate::feed::{Content, Feed, Next, Piece, id_of};
use crate::growth::Shape;
use crate::reached::{HEAD_BYTES, Part, Quiet, READ_BYTES, Reached, TOO_LONG, Window};
use crate::state::{Change, State};
use crate::store::Place;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};
use schema::ticks::{self, DAY, HOUR};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sources::Sniff;
use std::collections::VecDeque;
use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// How long an object is remembered after its last change, and how long a record without an end is waited for, in ticks.
const KEPT: i64 = 7 * DAY;
const SETTLED: i64 = HOUR;
/// Objects of a round at most; what is more comes in the next one.
const LISTED_MAX: usize = 100_000;

/// A container or bucket.
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    name: String,
    /// Whether its objects may grow.
    may_grow: bool,
    source: Option<String>,
    since: Option<i64>,
    runtime: Runtime,
    now: i64,
    listed: VecDeque<Listed>,
    /// The newest change that was listed.
    newest: i64,
    is_cut: bool,
    is_over: bool,
}

#[derive(Clone)]
struct Listed {
    path: Path,
    size: u64,
    tag: String,
    modified: i64,
}

/// What is known of an object that was taken.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
struct Entry {
    /// Its tag, when all of it was taken that was there; empty before.
    tag: String,
    #[serde(flatten)]
    reached: Reached,
    /// The log format, of an object that grows.
    #[serde(default)]
    source: Option<String>,
    modified: String,
}

impl Objects {
    /// Makes a feed of what is below a prefix.
    pub(crate) fn new(place: Place, may_grow: bool) -> Result<Objects, PullError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let Place { store, prefix, name } = place;
        Ok(Objects {
            store,
            prefix,
            name,
            may_grow,
            source: None,
            since: None,
            runtime: runtime.map_err(PullError::Threads)?,
            now: 0,
            listed: VecDeque::new(),
            newest: 0,
            is_cut: false,
            is_over: false,
        })
    }

    /// Takes a store that is open, for those who have their own.
    ///
    /// # Errors
    /// When no threads can be started to speak with it.
    pub fn of_store(store: Arc<dyn ObjectStore>, name: &str, may_grow: bool) -> Result<Objects, PullError> {
        Objects::new(Place { store, prefix: Path::default(), name: name.to_string() }, may_grow)
    }

    /// Says of which log format the objects are, rather than to recognise it.
    #[must_use]
    pub fn with_source(self, source: Option<String>) -> Objects {
        Objects { source, ..self }
    }

    /// Leaves out what was last changed before `since`, in ticks, when there is no position.
    #[must_use]
    pub fn with_since(self, since: Option<i64>) -> Objects {
        Objects { since, ..self }
    }

    fn failure(&self, path: &Path) -> impl FnOnce(object_store::Error) -> PullError {
        let name = format!("`{path}` of {}", self.name);
        move |source| PullError::Object { name, source }
    }

    fn list(&mut self, state: &State) -> Result<(), PullError> {
        let from = state.get("from").and_then(|value| ticks::parse_datetime(value.as_str()?)).or(self.since);
        let prefix = (!self.prefix.as_ref().is_empty()).then_some(&self.prefix);
        let mut objects = self.store.list(prefix);
        let (mut listed, mut newest, mut is_cut) = (Vec::new(), 0, false);
        loop {
            let next = self.runtime.block_on(objects.next()).transpose();
            let Some(meta) = next.map_err(self.failure(&self.prefix))? else { break };
            let object = Listed::of(meta);
            newest = newest.max(object.modified);
            if self.is_wanted(state, &object, from) {
                if listed.len() == LISTED_MAX {
                    is_cut = true;
                    break;
                }
                listed.push(object);
            }
        }
        drop(objects);
        listed.sort_by(|a, b| a.path.cmp(&b.path));
        (self.listed, self.newest, self.is_cut) = (listed.into(), newest, is_cut);
        Ok(())
    }

    /// Returns whether there is something to take of an object.
    fn is_wanted(&self, state: &State, object: &Listed, from: Option<i64>) -> bool {
        match entry(state, &object.path) {
            Some(entry) => entry.tag != object.tag || (entry.reached.has_rest && self.is_settled(object)),
            None => from.is_none_or(|from| object.modified >= from) && object.size > 0,
        }
    }

    fn is_settled(&self, object: &Listed) -> bool {
        object.modified + SETTLED <= self.now
    }

    fn read(&self, object: &Listed, range: Range<u64>) -> Result<Bytes, PullError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        self.runtime.block_on(self.store.get_range(&object.path, range)).map_err(self.failure(&object.path))
    }

    /// Returns what comes next of an object, and whether it is done with.
    fn take(&self, state: &State, object: &Listed) -> Result<(Option<Next>, bool), PullError> {
        let known = entry(state, &object.path);
        let known = known.filter(|entry| self.may_grow && entry.reached.shape != Shape::Whole && entry.reached.at > 0);
        let mut entry = match known.filter(|entry| entry.reached.at <= object.size) {
            Some(entry) => entry,
            None => self.begin(object)?,
        };
        if entry.reached.shape == Shape::Whole {
            return Ok((Some(Next::Piece(self.whole(object)?)), true));
        }
        let mut bytes = self.window(object, &entry.reached)?;
        if !entry.reached.is_behind(bytes.get(..entry.reached.n_before() as usize).unwrap_or_default()) {
            // It is another object under the same name.
            entry = self.begin(object)?;
            if entry.reached.shape == Shape::Whole {
                return Ok((Some(Next::Piece(self.whole(object)?)), true));
            }
            bytes = self.window(object, &entry.reached)?;
        }
        let from = entry.reached.at;
        let (before, fresh) = bytes.split_at(bytes.len().min(entry.reached.n_before() as usize));
        let is_all = from + fresh.len() as u64 >= object.size;
        let quiet = if self.is_settled(object) { Quiet::End } else { Quiet::No };
        let source = entry.source.as_deref().and_then(sources::find);
        let context = sources::Context { path: object.path.to_string(), now: self.now };
        let (part, is_moved) = entry.reached.advance(&Window { before, fresh, is_all, quiet }, source, &context);
        // What is left may be settled already: then it is looked at once more.
        let is_done = is_all && !(is_moved && entry.reached.has_rest && quiet == Quiet::End);
        entry.tag = if is_done { object.tag.clone() } else { String::new() };
        let after = self.change(object, &entry)?;
        let (content, body) = match part {
            None => return Ok((Some(Next::Moved(after)), is_done)),
            Some(Part::Records(body)) => (entry.source.map_or_else(|| self.content(), Content::Records), body),
            Some(Part::TooLong(body)) => (Content::Lost(TOO_LONG.to_string()), body),
        };
        let id = id_of(&[
            self.name.as_bytes(),
            object.path.as_ref().as_bytes(),
            &from.to_be_bytes(),
            &Sha256::digest(&body),
        ]);
        let body = Box::new(Cursor::new(body));
        Ok((Some(Next::Piece(Piece { label: object.path.to_string(), id, content, body, after })), is_done))
    }

    /// Reads on from the place that was reached, with what stands before it.
    fn window(&self, object: &Listed, reached: &Reached) -> Result<Bytes, PullError> {
        self.read(object, reached.at - reached.n_before()..object.size.min(reached.at + READ_BYTES))
    }

    /// Returns what is known of an object of which nothing was taken.
    fn begin(&self, object: &Listed) -> Result<Entry, PullError> {
        let (shape, source) = match self.may_grow {
            true => {
                let head = self.read(object, 0..object.size.min(HEAD_BYTES))?;
                let found = || sources::detect(&Sniff::new(object.path.as_ref(), &head));
                let source = self.source.clone().or_else(|| found().map(|source| source.name.to_string()));
                (Shape::of(&head), source)
            }
            false => (Shape::Whole, None),
        };
        Ok(Entry { tag: String::new(), reached: Reached::begin(shape), source, modified: String::new() })
    }

    /// Opens an object that is taken as a whole.
    fn whole(&self, object: &Listed) -> Result<Piece, PullError> {
        let options = GetOptions {
            if_match: (!object.tag.is_empty()).then(|| object.tag.clone()),
            range: (object.size > 0).then_some(GetRange::Bounded(0..object.size)),
            ..GetOptions::default()
        };
        let got = self.runtime.block_on(self.store.get_opts(&object.path, options));
        let stream = got.map_err(self.failure(&object.path))?.into_stream();
        let (reached, modified) = (Reached::begin(Shape::Whole), String::new());
        let entry = Entry { tag: object.tag.clone(), reached, source: None, modified };
        let size = object.size.to_be_bytes();
        Ok(Piece {
            label: object.path.to_string(),
            id: id_of(&[self.name.as_bytes(), object.path.as_ref().as_bytes(), object.tag.as_bytes(), &size]),
            content: self.content(),
            body: Box::new(Body { stream, runtime: self.runtime.handle().clone(), bytes: Bytes::new() }),
            after: self.change(object, &entry)?,
        })
    }

    fn content(&self) -> Content {
        self.source.clone().map_or(Content::Unknown, Content::Records)
    }

    fn change(&self, object: &Listed, entry: &Entry) -> Result<Change, PullError> {
        let entry = Entry { modified: ticks::datetime_text(object.modified), ..entry.clone() };
        let value = serde_json::to_value(entry)
            .map_err(|error| PullError::Answer { url: self.name.clone(), why: error.to_string() })?;
        Ok(Change::set(key(&object.path), value))
    }

    /// Returns how the position moves at a round's end: what has not changed for long is forgotten.
    fn moved(&self, state: &State) -> Option<Change> {
        let before = state.get("from").and_then(|value| ticks::parse_datetime(value.as_str()?));
        let from = (self.newest - KEPT).max(before.or(self.since).unwrap_or(0));
        if self.newest == 0 || before == Some(from) {
            return None;
        }
        let is_over = |value: &serde_json::Value| {
            value["modified"].as_str().and_then(ticks::parse_datetime).is_some_and(|modified| modified < from)
        };
        let drop = state.under("object/").filter(|(_, value)| is_over(value)).map(|(key, _)| format!("object/{key}"));
        Some(Change { drop: drop.collect(), ..Change::set("from", ticks::datetime_text(from)) })
    }
}

impl Feed for Objects {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn begin(&mut self, state: &State, now: i64) -> Result<(), PullError> {
        (self.now, self.is_over) = (now, false);
        self.list(state)
    }

    fn next(&mut self, state: &State) -> Result<Next, PullError> {
        loop {
            while let Some(object) = self.listed.front().cloned() {
                match self.take(state, &object) {
                    Ok((next, is_done)) => {
                        if is_done {
                            self.listed.pop_front();
                        }
                        if let Some(next) = next {
                            return Ok(next);
                        }
                    }
                    // It changed or went away meanwhile: the next round sees what is there.
                    Err(PullError::Object {
                        source: object_store::Error::NotFound { .. } | object_store::Error::Precondition { .. },
                        ..
                    }) => {
                        self.listed.pop_front();
                    }
                    Err(error) => return Err(error),
                }
            }
            if self.is_over {
                return Ok(Next::Nothing);
            }
            if self.is_cut {
                self.list(state)?;
                continue;
            }
            self.is_over = true;
            if let Some(change) = self.moved(state) {
                return Ok(Next::Moved(change));
            }
        }
    }

    fn position(&self, state: &State) -> String {
        let n = state.under("object/").count();
        match self.newest {
            0 => "nothing yet".to_string(),
            newest => format!("{n} objects, changed up to {}", ticks::datetime_text(newest)),
        }
    }
}

impl Listed {
    fn of(meta: ObjectMeta) -> Listed {
        let ObjectMeta { location, last_modified, size, e_tag, .. } = meta;
        let nanos = last_modified.timestamp_nanos_opt().unwrap_or_default();
        let modified = ticks::from_unix_nanos(nanos);
        // Without a tag, its length and time say whether it changed.
        let tag = e_tag.unwrap_or_else(|| format!("{size} {modified}"));
        Listed { path: location, size, tag, modified }
    }
}

fn key(path: &Path) -> String {
    format!("object/{path}")
}

fn entry(state: &State, path: &Path) -> Option<Entry> {
    Entry::deserialize(state.get(&key(path))?).ok()
}

/// The bytes of an object as they come.
struct Body {
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    runtime: tokio::runtime::Handle,
    bytes: Bytes,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.bytes.is_empty() {
            match self.runtime.block_on(self.stream.try_next()).map_err(io::Error::other)? {
                Some(bytes) => self.bytes = bytes,
                None => return Ok(0),
            }
        }
        let n = self.bytes.len().min(buffer.len());
        let part = self.bytes.split_to(n);
        if let Some(room) = buffer.get_mut(..n) {
            room.copy_from_slice(&part);
        }
        Ok(n)
    }
}
