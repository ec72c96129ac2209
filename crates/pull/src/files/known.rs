//! What is known of files: how far each was taken, and of contents that are there no more what they were.
//!
//! ```text
//! file/<device:number>        a file that is followed, or that is a copy of one
//! gone/<device:number>/<at>   what a file held that was removed, or that holds something else by now
//! ```

use super::look::{Found, is_of_family};
use super::reader::{Packing, Reader};
use crate::reached::{Reached, hash};
use crate::state::{Change, State};
use schema::ticks;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;
use std::path::Path;

/// Bytes of a file's beginning by which it is known again.
const HEAD_BYTES: usize = 1024;

/// What is known of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub path: String,
    #[serde(flatten)]
    pub reached: Reached,
    /// The first bytes: how many, and their hash.
    pub head: (usize, String),
    /// The log format, where it is one.
    pub source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing: Option<Packing>,
    /// What the file was like when all was taken that was there; empty before.
    pub stamp: String,
    /// The file of which this is a copy: what is in it is taken there, as long as that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// Since when nothing holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
}

impl Entry {
    /// Begins a file with nothing taken.
    pub fn begin(
        found: &Found,
        head: &[u8],
        reached: Reached,
        source: Option<String>,
        packing: Option<Packing>,
    ) -> Entry {
        let head = head.get(..HEAD_BYTES).unwrap_or(head);
        Entry {
            path: found.label(),
            reached,
            head: (head.len(), hash(head)),
            source,
            packing,
            stamp: String::new(),
            copy_of: None,
            gone: None,
        }
    }

    /// Returns the same for another file that holds what was taken here.
    pub fn moved_to(&self, found: &Found, packing: Option<Packing>) -> Entry {
        Entry { path: found.label(), packing, stamp: String::new(), copy_of: None, gone: None, ..self.clone() }
    }

    /// Returns whether what is read next belongs to what was taken, or to the beginning that was looked at.
    pub fn goes_on(&self, before: &[u8], fresh: &[u8]) -> bool {
        let is_begin = self.reached.at > 0 || fresh.get(..self.head.0).is_some_and(|head| hash(head) == self.head.1);
        is_begin && before.len() as u64 == self.reached.n_before() && self.reached.is_behind(before)
    }

    /// Returns whether a file may hold what was taken here, as its name and first bytes say.
    pub fn may_be(&self, path: &Path, head: &[u8]) -> bool {
        let is_like = self.reached.at > 0 && is_of_family(Path::new(&self.path), path);
        is_like && head.get(..self.head.0).is_some_and(|head| hash(head) == self.head.1)
    }

    /// Returns whether a file holds what was taken here, as the bytes say that stand before the place that was reached.
    pub fn is_held_by(&self, reader: &mut Reader) -> io::Result<bool> {
        let n = self.reached.n_before();
        let before = reader.read(self.reached.at - n, n)?;
        Ok(before.len() as u64 == n && self.reached.is_behind(before))
    }
}

/// Returns where the position keeps a file.
pub(super) fn key(id: &str) -> String {
    format!("file/{id}")
}

/// Returns what is known of a file.
pub(super) fn entry(state: &State, id: &str) -> Option<Entry> {
    Entry::deserialize(state.get(&key(id))?).ok()
}

/// Returns whether all is known of a file that there was to take, and nothing has to be looked at.
pub(super) fn is_settled(state: &State, found: &Found) -> bool {
    let value = state.get(&key(&found.id));
    value.is_some_and(|value| value["stamp"] == found.stamp() && value["has_rest"] == false)
}

/// Returns what the files that are known are known by.
pub(super) fn ids(state: &State) -> impl Iterator<Item = &str> {
    state.under("file/").map(|(id, _)| id)
}

/// Returns the copies of a file, by what each is known by.
pub(super) fn copies<'a>(state: &'a State, of: &'a str) -> impl Iterator<Item = (String, Entry)> + 'a {
    entries(state, "file/", move |value| value["copy_of"] == of)
}

/// Returns the files that may be what a path was or is a copy of, by what each is known by.
pub(super) fn files_like<'a>(state: &'a State, path: &'a Path) -> impl Iterator<Item = (String, Entry)> + 'a {
    entries(state, "file/", move |value| value["copy_of"].is_null() && is_like(value, path))
}

/// Returns the contents that are gone and that may be in a file of a path, by where the position keeps them.
pub(super) fn gone_like<'a>(state: &'a State, path: &'a Path) -> impl Iterator<Item = (String, Entry)> + 'a {
    let like = entries(state, "gone/", move |value| is_like(value, path));
    like.map(|(key, entry)| (format!("gone/{key}"), entry))
}

fn is_like(value: &Value, path: &Path) -> bool {
    value["path"].as_str().is_some_and(|known| is_of_family(Path::new(known), path))
}

fn entries<'a>(
    state: &'a State,
    prefix: &'a str,
    is_wanted: impl Fn(&Value) -> bool + 'a,
) -> impl Iterator<Item = (String, Entry)> + 'a {
    let wanted = state.under(prefix).filter(move |(_, value)| is_wanted(value));
    wanted.filter_map(|(id, value)| Some((id.to_string(), Entry::deserialize(value).ok()?)))
}

/// Returns where the position keeps contents that are gone since before `from`.
pub(super) fn long_gone(state: &State, from: i64) -> Vec<String> {
    let is_over = |value: &Value| value["gone"].as_str().and_then(ticks::parse_datetime).is_none_or(|gone| gone < from);
    state.under("gone/").filter(|(_, value)| is_over(value)).map(|(key, _)| format!("gone/{key}")).collect()
}

/// Returns the change after which this is known of a file.
pub(super) fn set(id: &str, entry: &Entry) -> Change {
    // An entry is text and numbers: it is always written.
    Change::set(key(id), serde_json::to_value(entry).unwrap_or_default())
}

/// Returns the change after which nothing holds what a file held.
pub(super) fn bury(id: &str, entry: &Entry, now: i64) -> Change {
    let mut change = Change { drop: vec![key(id)], ..Change::default() };
    if entry.reached.at > 0 && entry.copy_of.is_none() {
        let gone = Entry { gone: Some(ticks::datetime_text(now)), stamp: String::new(), ..entry.clone() };
        let value = serde_json::to_value(gone).unwrap_or_default();
        change.set.insert(format!("gone/{id}/{}", entry.reached.at), value);
    }
    change
}
