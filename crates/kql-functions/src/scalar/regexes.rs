//! Compiled regular expressions.
//!
//! The syntax is that of the crate `regex`, which is the one that the reference describes ("Regex syntax"): linear time,
//! no look-around and no back-references, Unicode classes, octal escapes.

use super::prelude::*;
use super::texts::Texts;
use regex::{CaptureLocations, Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::HashMap;

/// Compiled expressions that a thread keeps. Compiling takes up to milliseconds, so that a batch must not do it anew; a
/// query has a handful of them, and what patterns out of data bring in is dropped when this is full.
const KEPT_MAX: usize = 64;

thread_local! {
    static KEPT: RefCell<HashMap<String, Arc<Regex>>> = RefCell::new(HashMap::new());
}

/// Compiles a regular expression, or finds it compiled.
///
/// # Errors
/// Names the pattern and what is wrong with it: the query's fault.
pub fn compile(pattern: &str) -> Result<Arc<Regex>, EvalError> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(regex) = kept.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = RegexBuilder::new(pattern).octal(true).build().map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().next_back().unwrap_or_default();
            EvalError::new(format!(
                "`{pattern}` is not a regular expression: {}",
                reason.trim_start_matches("error: ").to_lowercase()
            ))
        })?;
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let regex = Arc::new(regex);
        kept.insert(pattern.to_string(), regex.clone());
        Ok(regex)
    })
}

/// The regular expressions of an argument, by row.
pub struct Patterns<'a> {
    patterns: Texts<'a>,
    constant: bool,
    make: fn(&str) -> Result<Arc<Regex>, EvalError>,
    last: Option<Compiled>,
}

/// A row's regular expression.
pub struct Compiled {
    pattern: String,
    pub regex: Arc<Regex>,
    groups: CaptureLocations,
}

impl<'a> Patterns<'a> {
    /// Reads argument `i`.
    pub fn of(args: &Args<'a>, i: usize) -> Patterns<'a> {
        Patterns::made_by(args, i, compile)
    }

    /// Reads argument `i`, whose patterns are compiled by a function of their own.
    pub fn made_by(args: &Args<'a>, i: usize, make: fn(&str) -> Result<Arc<Regex>, EvalError>) -> Patterns<'a> {
        Patterns { patterns: Texts::of(args, i), constant: args.args[i].constant, make, last: None }
    }

    /// Returns the row's expression.
    ///
    /// # Errors
    /// As [`compile`].
    pub fn at(&mut self, row: usize) -> Result<&mut Compiled, EvalError> {
        let compiled = match self.last.take() {
            Some(last) if self.constant || last.pattern == *self.patterns.get(row) => last,
            _ => {
                let pattern = self.patterns.get(row).into_owned();
                let regex = (self.make)(&pattern)?;
                let groups = regex.capture_locations();
                Compiled { pattern, regex, groups }
            }
        };
        Ok(self.last.insert(compiled))
    }
}

impl Compiled {
    /// Finds the first match at or after a byte of a text, and returns where its capture groups are.
    pub fn groups_from(&mut self, text: &str, start: usize) -> Option<&CaptureLocations> {
        self.regex.captures_read_at(&mut self.groups, text, start).map(|_| &self.groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_pattern() {
        assert_eq!(
            compile("a(b").map(|_| ()),
            Err(EvalError::new("`a(b` is not a regular expression: unclosed group"))
        );
        assert!(compile(r"(?=a)").is_err());
        assert!(compile(r"(((\w{100}){100}){100}){100}").is_err());
    }

    #[test]
    fn octal_escapes_are_read() {
        assert_eq!(compile(r"\101").map(|regex| regex.is_match("A")), Ok(true));
    }
}
