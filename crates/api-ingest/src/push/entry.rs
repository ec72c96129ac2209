//! What a sender handed in, whatever the protocol.

use std::borrow::Cow;

use schema::dynamic::raw;
use schema::dynamic::write_json_string;

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
