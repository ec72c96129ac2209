//! Writes JSON objects member by member.

use schema::dynamic::write_json_string;
use schema::ticks;

/// An object that is being written; [`Object::close`] ends it.
pub struct Object<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> Object<'a> {
    /// Begins an object at the end of a text.
    pub fn open(out: &'a mut String) -> Object<'a> {
        out.push('{');
        Object { out, is_empty: true }
    }

    fn key(&mut self, name: &str) {
        if !self.is_empty {
            self.out.push(',');
        }
        self.is_empty = false;
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    pub fn text(&mut self, name: &str, value: &str) -> &mut Object<'a> {
        self.key(name);
        write_json_string(self.out, value);
        self
    }

    pub fn number(&mut self, name: &str, value: i64) -> &mut Object<'a> {
        self.raw(name, &value.to_string())
    }

    pub fn flag(&mut self, name: &str, value: bool) -> &mut Object<'a> {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Writes an instant.
    pub fn time(&mut self, name: &str, instant: i64) -> &mut Object<'a> {
        self.key(name);
        self.out.push('"');
        ticks::write_datetime(self.out, instant);
        self.out.push('"');
        self
    }

    /// Writes a value that is JSON already.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Object<'a> {
        self.key(name);
        self.out.push_str(json);
        self
    }

    pub fn close(&mut self) {
        self.out.push('}');
    }
}

/// Returns an object of texts.
pub fn texts(members: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(64);
    let mut object = Object::open(&mut out);
    for (name, value) in members {
        object.text(name, value);
    }
    object.close();
    out
}
