//! `parse-kv`: values of named keys out of a text of keys and values.

use crate::args::{EvalError, array_of, parse_as};
use arrow::array::{Array, ArrayRef, StringViewArray};
use regex::Regex;
use schema::{KqlType, Value};
use std::collections::HashMap;

/// How the text is laid out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// Between pairs; a blank when neither delimiter is given.
    pub pair_delimiter: Option<String>,
    /// Between a key and its value; none means that keys end where values begin, at the pair delimiter's kind.
    pub kv_delimiter: Option<String>,
    /// Opening and closing quotes.
    pub quotes: Vec<(char, char)>,
    pub escape: Option<char>,
    /// Whether a value reaches to the next key rather than to the next pair delimiter.
    pub greedy: bool,
    /// A regular expression of one pair: group 1 is the key, group 2 the value.
    pub regex: Option<String>,
}

/// Returns a column per key: the value of its first occurrence in each text, converted to the key's type; null (empty)
/// where there is none.
///
/// # Source
/// Kusto reference, "parse-kv operator".
///
/// # Errors
/// The user's: a regular expression that is not one or has other than two groups.
pub fn parse_kv(
    texts: &StringViewArray,
    keys: &[(String, KqlType)],
    layout: &Layout,
) -> Result<Vec<ArrayRef>, EvalError> {
    let regex = match &layout.regex {
        Some(pattern) => {
            let regex = Regex::new(pattern)
                .map_err(|_| EvalError::new(format!("the pattern `{pattern}` is no regular expression")))?;
            if regex.captures_len() != 3 {
                return Err(EvalError::new(format!("the pattern `{pattern}` must have two groups, for key and value")));
            }
            Some(regex)
        }
        None => None,
    };
    let places: HashMap<&str, usize> = keys.iter().enumerate().map(|(i, (name, _))| (name.as_str(), i)).collect();
    let mut columns: Vec<Vec<Value>> = keys.iter().map(|_| Vec::with_capacity(texts.len())).collect();
    let mut found: Vec<Option<String>> = vec![None; keys.len()];
    for text in texts {
        let text = text.unwrap_or("");
        found.iter_mut().for_each(|value| *value = None);
        let mut take = |key: &str, value: String| {
            if let Some(place) = places.get(key)
                && found[*place].is_none()
            {
                found[*place] = Some(value);
            }
        };
        match &regex {
            Some(regex) => {
                for pair in regex.captures_iter(text) {
                    let part = |i: usize| pair.get(i).map_or("", |m| m.as_str()).trim();
                    take(part(1), part(2).to_string());
                }
            }
            None => {
                let mut scanner = Scanner { text, at: 0, layout };
                match (&layout.pair_delimiter, &layout.kv_delimiter) {
                    (None, None) => scanner.known_keys(&|word| places.contains_key(word), &mut take),
                    _ => scanner.pairs(&mut take),
                }
            }
        }
        for ((column, value), (_, ktype)) in columns.iter_mut().zip(&found).zip(keys) {
            column.push(value.as_ref().map_or_else(|| Value::null(*ktype), |value| parse_as(*ktype, value)));
        }
    }
    Ok(columns.into_iter().zip(keys).map(|(values, (_, ktype))| array_of(*ktype, values.into_iter())).collect())
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    layout: &'a Layout,
}

impl Scanner<'_> {
    fn pairs(&mut self, take: &mut dyn FnMut(&str, String)) {
        loop {
            self.skip_pair_delimiters();
            if self.at >= self.text.len() {
                return;
            }
            let before = self.at;
            let (key, has_value) = self.key();
            if has_value {
                let value = self.value();
                if !key.is_empty() {
                    take(key.trim(), value);
                }
            }
            if self.at == before {
                // Nothing was read: a stray delimiter.
                self.bump();
            }
        }
    }

    /// Without delimiters, whatever is no letter or digit divides: a key is a word that is asked for, its value the next
    /// word or quoted text.
    fn known_keys(&mut self, is_key: &dyn Fn(&str) -> bool, take: &mut dyn FnMut(&str, String)) {
        while self.at < self.text.len() {
            let start = self.at;
            let key = match self.quoted() {
                Some(key) => key,
                None => self.word(),
            };
            if self.at == start {
                self.bump();
                continue;
            }
            if !is_key(&key) {
                continue;
            }
            while self.rest().starts_with(|c: char| !is_word(c)) && !self.rest().starts_with(|c| self.is_quote(c)) {
                self.bump();
            }
            let value = match self.quoted() {
                Some(value) => value,
                None => self.word(),
            };
            take(&key, value);
        }
    }

    fn word(&mut self) -> String {
        let length = self.rest().find(|c| !is_word(c)).unwrap_or(self.rest().len());
        let word = self.rest()[..length].to_string();
        self.at += length;
        word
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Whether a delimiter stands here; blanks stand for themselves when none was given.
    fn at_pair_delimiter(&self) -> Option<usize> {
        match &self.layout.pair_delimiter {
            Some(delimiter) if !delimiter.is_empty() => {
                self.rest().starts_with(delimiter.as_str()).then_some(delimiter.len())
            }
            Some(_) => None,
            None => self
                .rest()
                .chars()
                .next()
                .filter(|c| !is_word(*c) && !self.is_quote(*c) && !self.at_kv_here())
                .map(char::len_utf8),
        }
    }

    fn at_kv_here(&self) -> bool {
        self.layout.kv_delimiter.as_ref().is_some_and(|d| !d.is_empty() && self.rest().starts_with(d.as_str()))
    }

    fn at_kv_delimiter(&self) -> Option<usize> {
        match &self.layout.kv_delimiter {
            Some(delimiter) if !delimiter.is_empty() => {
                self.rest().starts_with(delimiter.as_str()).then_some(delimiter.len())
            }
            _ => self.rest().chars().next().filter(|c| !is_word(*c) && !self.is_quote(*c)).map(char::len_utf8),
        }
    }

    fn is_quote(&self, c: char) -> bool {
        self.layout.quotes.iter().any(|(open, _)| *open == c)
    }

    fn skip_pair_delimiters(&mut self) {
        loop {
            if let Some(length) = self.at_pair_delimiter() {
                self.at += length;
            } else if self.rest().starts_with(char::is_whitespace) {
                self.bump();
            } else {
                return;
            }
        }
    }

    /// Reads a key up to the key-value delimiter; false when the pair ends before it.
    fn key(&mut self) -> (String, bool) {
        if let Some(key) = self.quoted() {
            self.blanks();
            return match self.at_kv_delimiter() {
                Some(length) => {
                    self.at += length;
                    (key, true)
                }
                None => (key, false),
            };
        }
        let start = self.at;
        while self.at < self.text.len() {
            if let Some(length) = self.at_kv_delimiter() {
                let key = self.text.get(start..self.at).unwrap_or("").trim().to_string();
                self.at += length;
                return (key, true);
            }
            if self.at_pair_delimiter().is_some() {
                break;
            }
            self.bump();
        }
        (self.text.get(start..self.at).unwrap_or("").trim().to_string(), false)
    }

    fn blanks(&mut self) {
        while self.rest().starts_with(char::is_whitespace)
            && self.at_kv_delimiter().is_none()
            && self.at_pair_delimiter().is_none()
        {
            self.bump();
        }
    }

    fn value(&mut self) -> String {
        self.blanks();
        if let Some(value) = self.quoted() {
            return value;
        }
        let start = self.at;
        if self.layout.greedy {
            // Up to the delimiter before the next key.
            let mut end = self.text.len();
            let mut last_delimiter = None;
            while self.at < self.text.len() {
                if let Some(length) = self.at_pair_delimiter() {
                    last_delimiter = Some(self.at);
                    self.at += length;
                } else if self.at_kv_here() && last_delimiter.is_some() {
                    end = last_delimiter.unwrap_or(end);
                    break;
                } else {
                    self.bump();
                }
            }
            self.at = end;
        } else {
            while self.at < self.text.len() && self.at_pair_delimiter().is_none() {
                self.bump();
            }
        }
        self.text.get(start..self.at).unwrap_or("").trim().to_string()
    }

    /// Reads a quoted text, escapes undone.
    fn quoted(&mut self) -> Option<String> {
        let first = self.rest().chars().next()?;
        let (_, close) = *self.layout.quotes.iter().find(|(open, _)| *open == first)?;
        let start = self.at;
        self.bump();
        let mut out = String::new();
        while let Some(c) = self.bump() {
            if Some(c) == self.layout.escape
                && let Some(next) = self.bump()
            {
                out.push(next);
            } else if c == close {
                return Some(out);
            } else {
                out.push(c);
            }
        }
        // No closing quote: the quote is ordinary text.
        self.at = start;
        None
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
