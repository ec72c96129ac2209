//! `parse-kv`: values of named keys out of a text of keys and values.
//!
//! A text is read in one of three ways: as pairs between delimiters, as a text in which the keys stand somewhere and each
//! is followed by its value, or by a regular expression of one pair. Of a key that occurs twice the first value is taken;
//! blanks around keys and values do not count.
//!
//! # Source
//! Kusto reference, "parse-kv operator".

use super::typed::{Typed, TypedColumn};
use crate::args::EvalError;
use crate::scalar::regexes::compile;
use arrow::array::{Array, ArrayRef, StringViewArray};
use kql::plan::ParseKv as Layout;
use regex::Regex;
use schema::KqlType;
use std::borrow::Cow;
use std::sync::Arc;

/// Keys ready to be looked for.
#[derive(Debug)]
pub struct KeyValues {
    keys: Vec<(String, KqlType)>,
    layout: Layout,
    regex: Option<Arc<Regex>>,
}

/// What has been found of each key in one text.
type Found<'t> = Vec<Option<Cow<'t, str>>>;

impl KeyValues {
    /// Prepares to look for keys, each with the type of its value.
    ///
    /// # Errors
    /// The user's: a regular expression that is not one or has other than two groups, a delimiter of no characters, one
    /// delimiter without the other.
    pub fn new(keys: Vec<(String, KqlType)>, layout: Layout) -> Result<KeyValues, EvalError> {
        let regex = layout.regex.as_deref().map(compile).transpose()?;
        if let Some(regex) = &regex
            && regex.captures_len() != 3
        {
            let pattern = regex.as_str();
            return Err(EvalError::new(format!("the pattern `{pattern}` must have two groups, for key and value")));
        }
        for delimiter in [&layout.pair_delimiter, &layout.kv_delimiter] {
            if delimiter.as_deref() == Some("") {
                return Err(EvalError::new("a delimiter of `parse-kv` cannot be empty"));
            }
        }
        if layout.pair_delimiter.is_some() != layout.kv_delimiter.is_some() {
            return Err(EvalError::new("`parse-kv` needs both `pair_delimiter` and `kv_delimiter`, or neither"));
        }
        Ok(KeyValues { keys, layout, regex })
    }

    /// Returns a column per key: the value of its first occurrence in each text, as the key's type; null (empty) where
    /// there is none.
    pub fn run(&self, texts: &StringViewArray) -> Vec<ArrayRef> {
        let mut columns: Vec<TypedColumn> =
            self.keys.iter().map(|(_, ktype)| TypedColumn::new(*ktype, texts.len())).collect();
        for text in texts {
            let found = self.find(text.unwrap_or(""));
            for ((column, value), (_, ktype)) in columns.iter_mut().zip(&found).zip(&self.keys) {
                column.append(value.as_deref().map(|value| Typed::read(*ktype, value)));
            }
        }
        columns.into_iter().map(TypedColumn::finish).collect()
    }

    fn find<'t>(&self, text: &'t str) -> Found<'t> {
        let mut found: Found = vec![None; self.keys.len()];
        if let Some(regex) = &self.regex {
            for pair in regex.captures_iter(text) {
                let part = |i: usize| pair.get(i).map_or("", |part| part.as_str()).trim();
                self.take(&mut found, part(1), Cow::Borrowed(part(2)));
            }
        } else if let (Some(pair), Some(kv)) = (&self.layout.pair_delimiter, &self.layout.kv_delimiter) {
            self.delimited(text, pair, kv, &mut found);
        } else {
            self.anywhere(text, &mut found);
        }
        found
    }

    fn take<'t>(&self, found: &mut Found<'t>, key: &str, value: Cow<'t, str>) {
        let slots = self.keys.iter().zip(found).filter(|((name, _), slot)| name == key && slot.is_none());
        for (_, slot) in slots {
            *slot = Some(value.clone());
        }
    }

    /// Reads pairs between delimiters.
    fn delimited<'t>(&self, text: &'t str, pair: &str, kv: &str, found: &mut Found<'t>) {
        let mut rest = text;
        while !rest.is_empty() {
            // A pair starts behind delimiters and blanks.
            if let Some(after) = rest.strip_prefix(pair) {
                rest = after;
                continue;
            }
            let start = rest.trim_start();
            if start.len() < rest.len() {
                rest = start;
                continue;
            }
            let (key, after) = match self.quoted(rest) {
                Some((key, after)) => (key, after.trim_start()),
                None => {
                    let end = [rest.find(kv), rest.find(pair)].into_iter().flatten().min().unwrap_or(rest.len());
                    let (key, after) = rest.split_at(end);
                    (Cow::Borrowed(key.trim()), after)
                }
            };
            let Some(after) = after.strip_prefix(kv) else {
                // No value: to the next pair.
                rest = after.find(pair).map_or("", |end| &after[end..]);
                continue;
            };
            let blanks = after.len() - after.trim_start().len();
            let is_at_pair = after.get(..blanks).is_some_and(|blanks| blanks.contains(pair));
            let opened = if is_at_pair { None } else { self.quoted(after.trim_start()) };
            let (value, after) = match opened {
                Some((value, after)) => (value, after.find(pair).map_or("", |end| &after[end..])),
                None => {
                    let end = self.value_end(after, pair, kv);
                    let (value, after) = after.split_at(end);
                    (Cow::Borrowed(value.trim()), after)
                }
            };
            self.take(found, &key, value);
            rest = after;
        }
    }

    /// Returns where a value without quotes ends: at the next pair delimiter, or, when greedy, at the one before the next
    /// key.
    fn value_end(&self, text: &str, pair: &str, kv: &str) -> usize {
        if !self.layout.greedy {
            return text.find(pair).unwrap_or(text.len());
        }
        // The key of the next key-value delimiter starts behind the last pair delimiter before it.
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(kv)).map(|at| from + at) {
            if let Some(end) = text.get(..at).and_then(|before| before.trim_end().rfind(pair)) {
                return end;
            }
            from = at + kv.len();
        }
        text.len()
    }

    /// Looks for the keys themselves, each followed by what is no letter or digit and then its value: a quoted text, or
    /// letters and digits.
    fn anywhere<'t>(&self, text: &'t str, found: &mut Found<'t>) {
        let mut rest = text;
        let mut is_start = true;
        while let Some(first) = rest.chars().next() {
            if is_start && let Some((key, after)) = self.key_at(rest) {
                let value = after.trim_start_matches(|c: char| !c.is_alphanumeric() && !self.is_quote(c));
                let (value, after) = match self.quoted(value) {
                    Some(quoted) => quoted,
                    None => {
                        let value = value.trim_start_matches(|c: char| !c.is_alphanumeric());
                        let end = value.find(|c: char| !c.is_alphanumeric()).unwrap_or(value.len());
                        let (value, after) = value.split_at(end);
                        (Cow::Borrowed(value), after)
                    }
                };
                self.take(found, &key, value);
                rest = after;
                continue;
            }
            is_start = !first.is_alphanumeric();
            rest = &rest[first.len_utf8()..];
        }
    }

    /// Returns the key that a text starts with, quoted or not, and what follows it.
    fn key_at<'t>(&self, text: &'t str) -> Option<(Cow<'t, str>, &'t str)> {
        if let Some((key, after)) = self.quoted(text) {
            return self.keys.iter().any(|(name, _)| *name == key).then_some((key, after));
        }
        // The longest, as one key may be the start of another.
        let whole = |name: &&str| {
            text.strip_prefix(*name).is_some_and(|after| !after.starts_with(char::is_alphanumeric)) && !name.is_empty()
        };
        let name = self.keys.iter().map(|(name, _)| name.as_str()).filter(whole).max_by_key(|name| name.len())?;
        Some((Cow::Borrowed(text.get(..name.len())?), text.get(name.len()..)?))
    }

    fn is_quote(&self, c: char) -> bool {
        self.layout.quotes.iter().any(|(open, _)| *open == c)
    }

    /// Returns the text within the quotes that a text starts with, escapes undone, and what follows. `None` when it
    /// starts with no quote, or with one that is not closed, which is a character like others.
    fn quoted<'t>(&self, text: &'t str) -> Option<(Cow<'t, str>, &'t str)> {
        let first = text.chars().next()?;
        let (_, close) = *self.layout.quotes.iter().find(|(open, _)| *open == first)?;
        let body = text.get(first.len_utf8()..)?;
        let mut unescaped: Option<String> = None;
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            if Some(c) == self.layout.escape
                && let Some((_, next)) = chars.next()
            {
                unescaped.get_or_insert_with(|| body[..at].to_string()).push(next);
            } else if c == close {
                let value = unescaped.map_or_else(|| Cow::Borrowed(&body[..at]), Cow::Owned);
                return Some((value, &body[at + c.len_utf8()..]));
            } else if let Some(unescaped) = &mut unescaped {
                unescaped.push(c);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::value_at;

    fn run(layout: Layout, keys: &str, text: &str) -> String {
        let keys: Vec<(String, KqlType)> = keys
            .split(',')
            .map(|key| {
                let (name, ktype) = key.split_once(':').unwrap_or((key, "string"));
                (name.to_string(), KqlType::from_name(ktype).expect("a type"))
            })
            .collect();
        let types: Vec<KqlType> = keys.iter().map(|(_, ktype)| *ktype).collect();
        let columns = KeyValues::new(keys, layout).expect("a layout").run(&StringViewArray::from(vec![text]));
        columns.iter().zip(types).map(|(c, t)| value_at(c, t, 0).to_text()).collect::<Vec<_>>().join("|")
    }

    fn delimited(pair: &str, kv: &str) -> Layout {
        Layout { pair_delimiter: Some(pair.into()), kv_delimiter: Some(kv.into()), ..Layout::default() }
    }

    #[test]
    fn pairs_between_delimiters() {
        let quoted = || Layout { quotes: vec![('"', '"')], escape: Some('\\'), ..delimited(" ", "=") };
        let brackets = Layout { quotes: vec![('(', ')')], ..delimited(" ", "=") };
        let cases = [
            (
                delimited(",", ":"),
                "Text,Id:long,M",
                "Id:45, M:Node1, Text: The service is up, L: Info",
                "The service is up|45|Node1",
            ),
            (
                quoted(),
                "f,event time:datetime,s",
                r#"s=1 f="a b=c" "event time"=2021-01-01T10:00:54"#,
                "a b=c|2021-01-01T10:00:54.0000000Z|1",
            ),
            (brackets, "f,event time", "f=(a b) (event time)=(2021 x)", "a b|2021 x"),
            (quoted(), "f,t", r#"f="sent \"bye!\"" t=1"#, r#"sent "bye!"|1"#),
            (quoted(), "f,t", r#"f="open t=1"#, "\"open|1"),
            (delimited(" ", "="), "name,phone,city", "name=John Doe phone=555 5555 city=New York", "John|555|New"),
            (delimited(" ", "="), "a,b:long,c", "a= b=2 c", "|2|"),
            (delimited("; ", "=>"), "a,b", "a=>1; b=>2=>3; a=>4", "1|2=>3"),
            (delimited(" ", "="), "a:long", "b=1  a=x a=2", ""),
            (delimited("é", "ü"), "a,b", "aü1ébü2", "1|2"),
        ];
        for (layout, keys, text, expected) in cases {
            assert_eq!(run(layout, keys, text), expected, "{text}");
        }
    }

    #[test]
    fn greedy_values_reach_to_the_next_key() {
        let greedy = |pair, kv| Layout { greedy: true, ..delimited(pair, kv) };
        let text = "name=John Doe phone=555 5555 city=New York";
        assert_eq!(run(greedy(" ", "="), "name,phone,city", text), "John Doe|555 5555|New York");
        assert_eq!(run(greedy(" ", "="), "a,b", "a=x=y b=1"), "x=y|1");
        assert_eq!(run(greedy(" ", "="), "a", "a=1 2 3"), "1 2 3");
    }

    #[test]
    fn keys_anywhere() {
        let quotes = || Layout { quotes: vec![('\'', '\'')], escape: Some('\\'), ..Layout::default() };
        let log = "2021-01-01T10:00:34 [INFO] ThreadId:458745723, Machine:Node001, Text: Started";
        let cases = [
            (Layout::default(), "Text,ThreadId:long,Machine", log, "Started|458745723|Node001"),
            (quotes(), "Text,M", r"x M=1, Text: 'The service \' is up'", "The service ' is up|1"),
            (Layout::default(), "id", "myid=1 id2=2 (id)=3 id=4", "3"),
            (Layout::default(), "user,user name", "user name=ann user=bob", "bob|ann"),
            (Layout::default(), "id", "id", ""),
        ];
        for (layout, keys, text, expected) in cases {
            assert_eq!(run(layout, keys, text), expected, "{text}");
        }
    }

    #[test]
    fn pairs_by_a_regular_expression() {
        let layout = |regex: &str| Layout { regex: Some(regex.into()), ..Layout::default() };
        let text = r#"["referer url: https://h.com/?h=1234", "advertiser id: 24fefbca-cf27-4d62-a623-249c2ad30c73"]"#;
        let keys = "referer url,advertiser id:guid,other";
        let expected = "https://h.com/?h=1234|24fefbca-cf27-4d62-a623-249c2ad30c73|";
        assert_eq!(run(layout(r#""([\w ]+)\s*:\s*([^"]*)""#), keys, text), expected);
        for bad in
            [layout("("), layout("(a)"), delimited("", "="), Layout { kv_delimiter: None, ..delimited(" ", "=") }]
        {
            assert!(KeyValues::new(vec![], bad.clone()).is_err(), "{bad:?}");
        }
    }
}
