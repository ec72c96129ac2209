//! What a sender handed in, whatever the protocol.

use std::borrow::Cow;

use schema::dynamic::raw;
use schema::dynamic::write_json_string;

use super::PushLimits;
use super::time::Time;

/// One event, document or line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// Names that may be a table's or a log format's, the first that is one counts.
    pub names: Vec<String>,
    /// What its own table is named after where none of them is.
    pub own: String,
    /// Entries of one text come from one place, in its order: a format whose records are several lines finds them together.
    pub stream: String,
    pub time: Time,
    /// What is said of it beside its content: columns, and values as JSON.
    pub about: Vec<(String, String)>,
    pub content: Content,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Text(String),
    /// An object as JSON, without blanks between its tokens.
    Object(String),
}

impl Default for Content {
    fn default() -> Content {
        Content::Text(String::new())
    }
}

/// Members in which agents have the line that they read.
const TEXT_MEMBERS: [&str; 5] = ["_raw", "message", "log", "MESSAGE", "line"];

impl Entry {
    /// Returns how many bytes it has, about.
    fn bytes(&self) -> usize {
        let (Content::Text(content) | Content::Object(content)) = &self.content;
        let about: usize = self.about.iter().map(|(name, value)| name.len() + value.len()).sum();
        let names: usize = self.names.iter().map(String::len).sum();
        content.len() + about + names + self.own.len() + self.stream.len()
    }

    /// Adds a column with a text, unless it is empty.
    pub fn say(&mut self, column: &str, text: &str) {
        if !text.is_empty() {
            self.about.push((column.to_string(), quoted(text)));
        }
    }
}

impl Content {
    /// Returns the text, or the member of the object that is a line of a log, by its name.
    pub(super) fn line(&self) -> Option<(Option<&'static str>, Cow<'_, str>)> {
        match self {
            Content::Text(text) => Some((None, Cow::Borrowed(text))),
            Content::Object(json) => TEXT_MEMBERS.iter().find_map(|name| {
                let text = raw::string(raw::member(json, name)?)?;
                (!text.trim().is_empty()).then_some((Some(*name), text))
            }),
        }
    }
}

/// What a request's entries may be together: what is said once of many is in each of them.
#[derive(Debug)]
pub(super) struct Room {
    entries_left: usize,
    bytes_left: usize,
}

impl Room {
    pub fn of(limits: &PushLimits) -> Room {
        Room { entries_left: limits.entries_max, bytes_left: limits.bytes_max.saturating_mul(EXPANSION_MAX) }
    }

    /// Takes room for an entry.
    ///
    /// # Errors
    /// When there is none left, for the sender.
    pub fn take(&mut self, entry: &Entry, limits: &PushLimits) -> Result<(), String> {
        let left = self.entries_left.checked_sub(1);
        self.entries_left = left.ok_or_else(|| format!("a request has at most {} records", limits.entries_max))?;
        let left = self.bytes_left.checked_sub(entry.bytes());
        let max = limits.bytes_max.saturating_mul(EXPANSION_MAX);
        self.bytes_left =
            left.ok_or_else(|| format!("with all that is said of them, the records exceed {max} bytes"))?;
        Ok(())
    }
}

/// How many times a body's limit its entries may have.
const EXPANSION_MAX: usize = 4;

/// Returns the members of an object, with their names as they are meant.
pub(super) fn members(json: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    raw::members(json).map(|(name, value)| {
        let plain = if name.contains('\\') { raw::string(&format!("\"{name}\"")).map(Cow::into_owned) } else { None };
        (plain.map_or(Cow::Borrowed(name), Cow::Owned), value)
    })
}

/// Returns a text as JSON.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_json_string(&mut out, text);
    out
}
