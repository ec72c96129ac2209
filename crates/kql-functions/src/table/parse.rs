//! `parse` and `parse-where`: columns out of a text by a pattern.

use crate::args::{EvalError, array_of, parse_as};
use arrow::array::{Array, ArrayRef, BooleanArray, StringViewArray};
use regex::{Regex, RegexBuilder};
use schema::{KqlType, Value};

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Skips text up to the next part.
    Skip,
    /// Text to find; a regular expression in regex mode.
    Text(String),
    /// Takes text of a type into the next column.
    Capture(KqlType),
}

/// How a pattern is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Texts stand as written and every capture must have its type, or the row does not match.
    Simple,
    /// As `Simple`, but a capture of another type is null and the others stand.
    Relaxed,
    /// Texts are regular expressions, with the given flags out of `imsU`.
    Regex(String),
}

/// A pattern ready to be matched.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    captures: Vec<KqlType>,
    relaxed: bool,
}

/// Bytes that a compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 10 << 20;

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Source
    /// Kusto reference, "parse operator", regex mode: the pattern is one regular expression, `*` being `.*?`, a string
    /// `(.*?)`, a number its digits.
    ///
    /// # Errors
    /// The user's: a regular expression that is not one, or flags that do not exist.
    pub fn new(parts: &[Part], mode: &Mode) -> Result<Pattern, EvalError> {
        let mut text = String::from("^");
        let mut captures = Vec::new();
        let relaxed = *mode == Mode::Relaxed;
        let is_regex = matches!(mode, Mode::Regex(_));
        for (i, part) in parts.iter().enumerate() {
            let is_last = i + 1 == parts.len();
            match part {
                Part::Skip => text.push_str(if is_last { ".*" } else { ".*?" }),
                Part::Text(literal) => match mode {
                    Mode::Regex(_) => {
                        // Groups of the user's own must not be counted.
                        text.push_str("(?:");
                        text.push_str(&without_groups(literal));
                        text.push(')');
                    }
                    _ => text.push_str(&regex::escape(literal)),
                },
                Part::Capture(ktype) => {
                    captures.push(*ktype);
                    let number = match ktype {
                        KqlType::Int | KqlType::Long => Some(r"[-+]?\d+"),
                        KqlType::Real | KqlType::Decimal => Some(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"),
                        _ => None,
                    };
                    match number {
                        // A number may have blanks around it.
                        Some(number) if !relaxed => text.push_str(&format!(r"\s*({number})\s*")),
                        Some(number) => text.push_str(&format!("({number}|.*?)")),
                        // In regex mode a text reaches as far as it can, unless the flag U is set.
                        None if is_last || is_regex => text.push_str("(.*)"),
                        None => text.push_str("(.*?)"),
                    }
                }
            }
        }
        text.push('$');
        let mut builder = RegexBuilder::new(&text);
        builder.size_limit(COMPILED_BYTES_MAX).dot_matches_new_line(!matches!(mode, Mode::Regex(_)));
        if let Mode::Regex(flags) = mode {
            for flag in flags.chars() {
                match flag {
                    'i' => builder.case_insensitive(true),
                    'm' => builder.multi_line(true),
                    's' => builder.dot_matches_new_line(true),
                    'U' => builder.swap_greed(true),
                    other => {
                        return Err(EvalError::new(format!(
                            "`{other}` is no flag of a regular expression: they are i, m, s, U"
                        )));
                    }
                };
            }
        }
        let regex =
            builder.build().map_err(|_| EvalError::new(format!("the pattern `{text}` is no regular expression")))?;
        Ok(Pattern { regex, captures, relaxed })
    }

    /// Matches every text. Returns a column per capture, and whether each row matched; captures of a row that did not
    /// are null (empty for string).
    pub fn run(&self, texts: &StringViewArray) -> (Vec<ArrayRef>, BooleanArray) {
        let n = texts.len();
        let mut columns: Vec<Vec<Value>> = self.captures.iter().map(|_| Vec::with_capacity(n)).collect();
        let mut matched = Vec::with_capacity(n);
        let mut locations = self.regex.capture_locations();
        let mut values: Vec<Value> = Vec::with_capacity(self.captures.len());
        for text in texts {
            let text = text.unwrap_or("");
            let mut fits = self.regex.captures_read(&mut locations, text).is_some();
            values.clear();
            if fits {
                for (i, ktype) in self.captures.iter().enumerate() {
                    let part = locations.get(i + 1).and_then(|(start, end)| text.get(start..end)).unwrap_or("");
                    let value = if *ktype == KqlType::String {
                        Value::String(part.to_string())
                    } else {
                        parse_as(*ktype, part.trim())
                    };
                    fits &= self.relaxed || !value.is_null();
                    values.push(value);
                }
            }
            matched.push(fits);
            for (i, column) in columns.iter_mut().enumerate() {
                let value = if fits { values.get(i).cloned() } else { None };
                column.push(value.unwrap_or_else(|| Value::null(self.captures[i])));
            }
        }
        let columns =
            columns.into_iter().zip(&self.captures).map(|(values, ktype)| array_of(*ktype, values.into_iter()));
        (columns.collect(), BooleanArray::from(matched))
    }
}

/// Makes a regular expression's capturing groups non-capturing.
fn without_groups(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        out.push(c);
        match c {
            '\\' => out.extend(chars.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class && chars.peek() != Some(&'?') => out.push_str("?:"),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::value_at;

    fn run(parts: &[Part], mode: &Mode, text: &str) -> Option<Vec<String>> {
        let pattern = Pattern::new(parts, mode).expect("compiles");
        let (columns, matched) = pattern.run(&StringViewArray::from(vec![text]));
        matched
            .value(0)
            .then(|| columns.iter().zip(&pattern.captures).map(|(c, t)| value_at(c, *t, 0).to_text()).collect())
    }

    fn text(text: &str) -> Part {
        Part::Text(text.to_string())
    }

    #[test]
    fn patterns_take_what_stands_between_their_texts() {
        let parts =
            [Part::Skip, text("id="), Part::Capture(KqlType::Long), text(", name="), Part::Capture(KqlType::String)];
        assert_eq!(run(&parts, &Mode::Simple, "x id=17, name=a=b"), Some(vec!["17".into(), "a=b".into()]));
        assert_eq!(run(&parts, &Mode::Simple, "x id=z, name=a"), None);
        assert_eq!(run(&parts, &Mode::Relaxed, "x id=z, name=a"), Some(vec![String::new(), "a".into()]));
        assert_eq!(run(&parts, &Mode::Simple, "x id=17"), None);
    }

    #[test]
    fn regex_mode_reads_texts_as_expressions() {
        let parts = [Part::Skip, text(r"(a|b)\d"), Part::Capture(KqlType::String), text("e+nd")];
        assert_eq!(run(&parts, &Mode::Regex(String::new()), "xxb7midEend"), Some(vec!["midE".into()]));
        assert!(Pattern::new(&[text("(")], &Mode::Regex(String::new())).is_err());
        assert!(Pattern::new(&[text("a")], &Mode::Regex("q".into())).is_err());
    }
}
