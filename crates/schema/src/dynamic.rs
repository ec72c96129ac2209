//! The `dynamic` type: JSON text that keeps numbers, nulls and order as received.
//!
//! A column of type dynamic holds JSON text. [`raw`] reads parts of that text without building a tree, which is what a
//! query's path access does per row; [`Dynamic`] is the tree, for functions that build or change values.

use crate::number;

/// A dynamic value as a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Dynamic {
    Null,
    Bool(bool),
    /// The number's text as received.
    Number(String),
    String(String),
    Array(Vec<Dynamic>),
    /// Members in the order received; a name given twice keeps its first place and its last value.
    Bag(Vec<(String, Dynamic)>),
}

/// Depth of nesting past which a text counts as no JSON; it bounds the recursion.
const DEPTH_MAX: usize = 512;

impl Dynamic {
    /// Reads JSON text. `None` when the text is not exactly one JSON value.
    pub fn parse(text: &str) -> Option<Dynamic> {
        let mut reader = Reader { text, at: 0 };
        reader.blanks();
        let value = reader.value(0)?;
        reader.blanks();
        (reader.at == text.len()).then_some(value)
    }

    /// Makes a number; NaN and the infinities become strings, as JSON has no such numbers.
    pub fn from_real(value: f64) -> Dynamic {
        let text = number::real_output_text(value);
        if value.is_finite() { Dynamic::Number(text) } else { Dynamic::String(text) }
    }

    /// Makes a whole number.
    pub fn from_long(value: i64) -> Dynamic {
        Dynamic::Number(value.to_string())
    }

    /// Returns the value as compact JSON text.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// Appends the value as compact JSON text.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Dynamic::Null => out.push_str("null"),
            Dynamic::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Dynamic::Number(text) => out.push_str(text),
            Dynamic::String(text) => write_json_string(out, text),
            Dynamic::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Dynamic::Bag(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_json_string(out, name);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// Returns a bag's member, or `None` when there is none or the value is no bag.
    pub fn member(&self, name: &str) -> Option<&Dynamic> {
        match self {
            Dynamic::Bag(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns the value as a long when it is a number with an integer's text.
    pub fn as_long(&self) -> Option<i64> {
        match self {
            Dynamic::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the value as a real when it is a number, or one of the texts `NaN`, `Infinity`, `-Infinity`.
    pub fn as_real(&self) -> Option<f64> {
        match self {
            Dynamic::Number(text) => text.parse().ok(),
            Dynamic::String(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {
                number::parse_real(text)
            }
            _ => None,
        }
    }
}

/// Returns a finite real as a JSON number: `1.0` for one, `1e300` for large and small ones.
pub fn json_real(value: f64) -> String {
    number::real_output_text(value)
}

/// Appends a text as a JSON string with quotes.
pub fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    let mut start = 0;
    for (i, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0C => "\\f",
            0..=0x1F => {
                out.push_str(&text[start..i]);
                out.push_str(&format!("\\u{byte:04x}"));
                start = i + 1;
                continue;
            }
            _ => continue,
        };
        out.push_str(&text[start..i]);
        out.push_str(escape);
        start = i + 1;
    }
    out.push_str(&text[start..]);
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.at += usize::from(hit);
        hit
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn value(&mut self, depth: usize) -> Option<Dynamic> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            b'{' => {
                self.at += 1;
                let mut members: Vec<(String, Dynamic)> = Vec::new();
                self.blanks();
                if self.eat(b'}') {
                    return Some(Dynamic::Bag(members));
                }
                loop {
                    self.blanks();
                    let name = self.string()?;
                    self.blanks();
                    if !self.eat(b':') {
                        return None;
                    }
                    self.blanks();
                    let value = self.value(depth + 1)?;
                    match members.iter_mut().find(|(key, _)| *key == name) {
                        Some(member) => member.1 = value,
                        None => members.push((name, value)),
                    }
                    self.blanks();
                    if self.eat(b'}') {
                        return Some(Dynamic::Bag(members));
                    }
                    if !self.eat(b',') {
                        return None;
                    }
                }
            }
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                self.blanks();
                if self.eat(b']') {
                    return Some(Dynamic::Array(items));
                }
                loop {
                    self.blanks();
                    items.push(self.value(depth + 1)?);
                    self.blanks();
                    if self.eat(b']') {
                        return Some(Dynamic::Array(items));
                    }
                    if !self.eat(b',') {
                        return None;
                    }
                }
            }
            b'"' => self.string().map(Dynamic::String),
            b't' => self.word("true").map(|()| Dynamic::Bool(true)),
            b'f' => self.word("false").map(|()| Dynamic::Bool(false)),
            b'n' => self.word("null").map(|()| Dynamic::Null),
            _ => self.number().map(|text| Dynamic::Number(text.to_string())),
        }
    }

    /// Moves past a value without building it. `Some(true)` when blanks or escapes stand in it.
    fn skip_value(&mut self, depth: usize) -> Option<bool> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            open @ (b'{' | b'[') => {
                let close = if open == b'{' { b'}' } else { b']' };
                self.at += 1;
                let mut loose = self.skip_blanks();
                if self.eat(close) {
                    return Some(loose);
                }
                loop {
                    loose |= self.skip_blanks();
                    if open == b'{' {
                        loose |= self.skip_text()?;
                        loose |= self.skip_blanks();
                        if !self.eat(b':') {
                            return None;
                        }
                        loose |= self.skip_blanks();
                    }
                    loose |= self.skip_value(depth + 1)?;
                    loose |= self.skip_blanks();
                    if self.eat(close) {
                        return Some(loose);
                    }
                    if !self.eat(b',') {
                        return None;
                    }
                }
            }
            b'"' => self.skip_text(),
            b't' => self.word("true").map(|()| false),
            b'f' => self.word("false").map(|()| false),
            b'n' => self.word("null").map(|()| false),
            _ => self.number().map(|_| false),
        }
    }

    /// Moves past blanks; says whether there were any.
    fn skip_blanks(&mut self) -> bool {
        let start = self.at;
        self.blanks();
        self.at > start
    }

    /// Moves past a string; `Some(true)` when it has escapes.
    fn skip_text(&mut self) -> Option<bool> {
        let start = self.at;
        self.skip_string()?;
        Some(memchr::memchr(b'\\', &self.text.as_bytes()[start..self.at]).is_some())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.eat(b'-');
        // JSON numbers have no leading zeros: `007` is a text, as an id should stay.
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Some(&self.text[start..self.at])
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_string()?;
        Some(unescape(&self.text[start + 1..self.at - 1]))
    }

    /// Moves past a string; checks its escapes.
    fn skip_string(&mut self) -> Option<()> {
        if !self.eat(b'"') {
            return None;
        }
        let bytes = self.text.as_bytes();
        loop {
            let rest = bytes.get(self.at..)?;
            let step = memchr::memchr2(b'"', b'\\', rest)?;
            self.at += step;
            if bytes[self.at] == b'"' {
                self.at += 1;
                return Some(());
            }
            match bytes.get(self.at + 1)? {
                b'u' => {
                    let hex = bytes.get(self.at + 2..self.at + 6)?;
                    if !hex.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    self.at += 6;
                }
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                _ => return None,
            }
        }
    }
}

/// Undoes JSON's escapes in the text between the quotes. A lone surrogate becomes U+FFFD.
fn unescape(text: &str) -> String {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        let mut used = 2;
        match escape {
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let unit = |from: usize| rest.get(from..from + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                let high = unit(at + 2).unwrap_or(0xFFFD);
                used = 6;
                let mut code = high;
                if (0xD800..0xDC00).contains(&high)
                    && rest.get(at + 6..at + 8) == Some("\\u")
                    && let Some(low) = unit(at + 8)
                    && (0xDC00..0xE000).contains(&low)
                {
                    code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    used = 12;
                }
                out.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(at + used..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

pub mod raw {
    //! Access to parts of JSON text without building a tree. Every text given here must be valid JSON, as every value of
    //! a dynamic column is; on other text the answers are arbitrary but nothing panics.

    use std::borrow::Cow;

    /// What a JSON text is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Kind {
        Null,
        Bool,
        Number,
        String,
        Array,
        Bag,
    }

    /// Returns the first byte that is no blank. Nearly always there is none to skip.
    #[inline]
    fn first_byte(json: &str) -> Option<u8> {
        json.bytes().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
    }

    /// Returns the text without JSON's blanks around it.
    #[inline]
    fn trimmed(json: &str) -> &str {
        json.trim_matches([' ', '\t', '\n', '\r'])
    }

    /// Returns what the value is, from its first character.
    pub fn kind(json: &str) -> Kind {
        match first_byte(json) {
            Some(b'{') => Kind::Bag,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// Returns whether the text is exactly one JSON value.
    pub fn is_valid(text: &str) -> bool {
        check(text).is_some()
    }

    /// Returns the text as a dynamic column holds it: without blanks around its tokens, and with no escape that JSON
    /// does not ask for. Numbers, order and repeated names stay as they are. `None` when the text is not exactly one
    /// JSON value.
    pub fn compact(text: &str) -> Option<Cow<'_, str>> {
        let (trimmed, loose) = check(text)?;
        if !loose {
            return Some(Cow::Borrowed(trimmed));
        }
        let bytes = trimmed.as_bytes();
        let mut out = String::with_capacity(trimmed.len());
        let (mut start, mut at) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let end = string_end(bytes, at)?;
                    let inner = trimmed.get(at + 1..end - 1)?;
                    if inner.contains('\\') {
                        out.push_str(trimmed.get(start..at)?);
                        super::write_json_string(&mut out, &super::unescape(inner));
                        start = end;
                    }
                    at = end;
                }
                b' ' | b'\t' | b'\n' | b'\r' => {
                    out.push_str(trimmed.get(start..at)?);
                    at += 1;
                    start = at;
                }
                _ => at += 1,
            }
        }
        out.push_str(trimmed.get(start..)?);
        Some(Cow::Owned(out))
    }

    /// Returns the value's text without blanks around it, and whether blanks or escapes stand inside it; `None` when
    /// the text is not exactly one JSON value.
    fn check(text: &str) -> Option<(&str, bool)> {
        let mut reader = super::Reader { text, at: 0 };
        reader.blanks();
        let start = reader.at;
        let loose = reader.skip_value(0)?;
        let end = reader.at;
        reader.blanks();
        (reader.at == text.len()).then(|| (&text[start..end], loose))
    }

    /// Returns the text of a bag's member, or `None` when there is none or the value is no bag.
    pub fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
        let mut found = None;
        for (key, value) in members(json) {
            if key == name || (key.contains('\\') && super::unescape(key) == name) {
                found = Some(value);
            }
        }
        found
    }

    /// Returns the text of an array's element; a negative index counts from the end.
    pub fn element(json: &str, index: i64) -> Option<&str> {
        if index >= 0 {
            return items(json).nth(usize::try_from(index).ok()?);
        }
        let back = usize::try_from(index.checked_neg()?).ok()?;
        let n = items(json).count();
        items(json).nth(n.checked_sub(back)?)
    }

    /// Returns the texts of an array's elements; nothing when the value is no array.
    pub fn items(json: &str) -> impl Iterator<Item = &str> {
        let mut scan = Scan::open(json, b'[');
        std::iter::from_fn(move || scan.next_value())
    }

    /// Returns the members of a bag as (raw name without quotes, value text); nothing when the value is no bag.
    pub fn members(json: &str) -> impl Iterator<Item = (&str, &str)> {
        let mut scan = Scan::open(json, b'{');
        std::iter::from_fn(move || {
            let key = scan.next_value()?;
            let name = key.get(1..key.len().checked_sub(1)?)?;
            Some((name, scan.next_value()?))
        })
    }

    /// Returns the text inside a JSON string, escapes undone; `None` when the value is no string.
    pub fn string(json: &str) -> Option<Cow<'_, str>> {
        let inner = trimmed(json).strip_prefix('"')?.strip_suffix('"')?;
        Some(if inner.contains('\\') { Cow::Owned(super::unescape(inner)) } else { Cow::Borrowed(inner) })
    }

    /// Returns what `tostring()` gives: a string's text, nothing for null, else the JSON text.
    pub fn text(json: &str) -> Cow<'_, str> {
        match kind(json) {
            Kind::Null => Cow::Borrowed(""),
            Kind::String => string(json).unwrap_or(Cow::Borrowed("")),
            Kind::Bool => Cow::Borrowed(if first_byte(json) == Some(b't') { "true" } else { "false" }),
            _ => Cow::Borrowed(json),
        }
    }

    /// Walks the values of one array or bag, separators skipped.
    struct Scan<'a> {
        json: &'a str,
        at: usize,
    }

    impl<'a> Scan<'a> {
        fn open(json: &'a str, bracket: u8) -> Scan<'a> {
            let start = json.len() - json.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let at = if json.as_bytes().get(start) == Some(&bracket) { start + 1 } else { json.len() };
            Scan { json, at }
        }

        fn next_value(&mut self) -> Option<&'a str> {
            let bytes = self.json.as_bytes();
            while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')) {
                self.at += 1;
            }
            let start = self.at;
            match bytes.get(self.at)? {
                b']' | b'}' => return None,
                b'"' => self.at = string_end(bytes, self.at)?,
                b'{' | b'[' => {
                    let mut depth = 0usize;
                    loop {
                        let step =
                            bytes.get(self.at..)?.iter().position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']'))?;
                        self.at += step;
                        match bytes[self.at] {
                            b'"' => {
                                self.at = string_end(bytes, self.at)?;
                                continue;
                            }
                            b'{' | b'[' => depth += 1,
                            _ => depth = depth.saturating_sub(1),
                        }
                        self.at += 1;
                        if depth == 0 {
                            break;
                        }
                    }
                }
                _ => {
                    let rest = &bytes[self.at..];
                    let step =
                        rest.iter().position(|b| matches!(b, b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\n' | b'\r'));
                    self.at += step.unwrap_or(rest.len());
                }
            }
            self.json.get(start..self.at)
        }
    }

    /// Returns the place after the string that opens at `at`.
    fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
        let mut at = at + 1;
        loop {
            at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
            if bytes[at] == b'"' {
                return Some(at + 1);
            }
            at += 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_numbers_and_order() {
        let text = r#"{"b":1.50,"a":[null,true,"x\n\"é"],"c":{"d":1e3}}"#;
        assert_eq!(Dynamic::parse(text).map(|value| value.to_json()).as_deref(), Some(text));
        for bad in ["", "{", "[1,]", "{\"a\"}", "01", "-", "\"\\q\"", "1 2", "nul"] {
            assert_eq!(Dynamic::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn compact_drops_what_json_does_not_need() {
        let cases = [
            (r#" { "a" : [ 1 , 2.50 ] ,"b":"x y" } "#, Some(r#"{"a":[1,2.50],"b":"x y"}"#)),
            (r#"["\u00e9\/","\u000a","\""]"#, Some("[\"\u{e9}/\",\"\\n\",\"\\\"\"]")),
            ("  -1e5\n", Some("-1e5")),
            (r#"{"a":1,"a":2}"#, Some(r#"{"a":1,"a":2}"#)),
            ("[1,]", None),
            (r#"{"a" 1}"#, None),
            (r#""\x""#, None),
            ("", None),
            ("1 2", None),
        ];
        for (text, compact) in cases {
            assert_eq!(raw::compact(text).as_deref(), compact, "{text}");
            assert_eq!(raw::is_valid(text), Dynamic::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn raw_access_agrees_with_the_tree() {
        let text = r#" { "a" : [1, {"x": "]"}, "q\"," ] , "b":{"c":-2.5} , "a\u0062":7}"#;
        assert_eq!(raw::member(text, "b").and_then(|b| raw::member(b, "c")), Some("-2.5"));
        assert_eq!(raw::member(text, "a").and_then(|a| raw::element(a, 1)), Some(r#"{"x": "]"}"#));
        assert_eq!(raw::member(text, "a").and_then(|a| raw::element(a, -1)), Some(r#""q\",""#));
        assert_eq!(raw::member(text, "ab"), Some("7"));
        assert_eq!(raw::member(text, "zz"), None);
        assert_eq!(raw::items("5").count(), 0);
    }
}
