//! A JSON object whose members are asked for one by one, so that what nobody asked for can be passed on.

use crate::row::Row;
use schema::dynamic::raw::{self, Kind};
use std::borrow::Cow;

/// Returns JSON text without blanks, as every reader takes it; `None` when it is not exactly one value.
pub(crate) fn compact(text: &str) -> Option<Cow<'_, str>> {
    let json = raw::compact(text)?;
    if !json.bytes().any(|byte| byte < 0x20) {
        return Some(json);
    }
    // Writers forget to escape what is no letter: it stands in a string.
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if c < ' ' {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    Some(Cow::Owned(escaped))
}

/// The members of an object; those that were taken are marked.
pub(crate) struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a str, bool)>,
}

impl<'a> Object<'a> {
    /// Reads the members of valid JSON text; `None` when it is no object.
    pub fn of(json: &'a str) -> Option<Object<'a>> {
        (raw::kind(json) == Kind::Bag).then(|| Object::members_of(json))
    }

    /// Reads the members of valid JSON text; none when it is no object.
    pub fn members_of(json: &'a str) -> Object<'a> {
        let unescaped = |name: &'a str| {
            if !name.contains('\\') {
                return Cow::Borrowed(name);
            }
            let quoted = format!("\"{name}\"");
            raw::string(&quoted).map_or(Cow::Borrowed(name), |text| Cow::Owned(text.into_owned()))
        };
        Object { members: raw::members(json).map(|(name, value)| (unescaped(name), value, false)).collect() }
    }

    /// Returns a member's JSON text; nothing for null.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.members.iter().rev().find(|(member, ..)| member == name);
        found.map(|(_, value, _)| *value).filter(|value| raw::kind(value) != Kind::Null)
    }

    /// Returns whether there is such a member, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(member, ..)| member == name)
    }

    /// Returns whether there are all these members.
    pub fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.has(name))
    }

    /// Returns the text of a member, `""` when there is none.
    pub fn text(&self, name: &str) -> Cow<'a, str> {
        self.get(name).map_or(Cow::Borrowed(""), raw::text)
    }

    /// Returns a member's JSON text and marks it as taken.
    pub fn take(&mut self, name: &str) -> Option<&'a str> {
        let value = self.get(name);
        for (member, _, taken) in &mut self.members {
            *taken |= member == name;
        }
        value
    }

    /// As [`Object::take`], for a member's text.
    pub fn take_text(&mut self, name: &str) -> Cow<'a, str> {
        self.take(name).map_or(Cow::Borrowed(""), raw::text)
    }

    /// Moves members to columns, JSON as it is.
    pub fn move_to(&mut self, row: &mut Row, names: &[(&str, &str)]) {
        for (name, column) in names {
            if let Some(json) = self.take(name) {
                row.json(column, json);
            }
        }
    }

    /// Moves members to string columns, as text: what is no string as its JSON.
    pub fn texts_to(&mut self, row: &mut Row, names: &[(&str, &str)]) {
        for (name, column) in names {
            if let Some(json) = self.take(name) {
                row.text_of(column, json);
            }
        }
    }

    /// Returns the members that nobody took.
    pub fn rest(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().filter(|(.., taken)| !taken).map(|(name, value, _)| (name.as_ref(), *value))
    }

    /// Passes on the members that nobody took.
    pub fn pass_rest(&self, row: &mut Row) {
        for (name, value) in self.rest() {
            row.pass(name, value);
        }
    }

    /// Returns the names of all members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, ..)| name.as_ref())
    }
}
