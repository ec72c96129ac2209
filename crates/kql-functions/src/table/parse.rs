//! `parse` and `parse-where`: columns out of a text by a pattern.
//!
//! A pattern covers the whole text, from its first character to its last. In simple and relaxed mode it is matched
//! forwards without coming back: a text of the pattern is looked for from where the last one ended, and the first found is
//! taken, or, if the pattern ends with it, the one at the end. In regex mode it becomes one regular expression.
//!
//! # Source
//! Kusto reference, "parse operator". That a text may be left over at the end only after `*` follows from its examples,
//! and that a string takes as much as it can in regex mode, against what its section "Regex mode" says.

use super::typed::{Typed, TypedColumn};
use crate::args::EvalError;
use arrow::array::{Array, ArrayRef, BooleanArray, StringViewArray};
use memchr::memmem::Finder;
use regex::{CaptureLocations, Regex, RegexBuilder};
use schema::{KqlType, ticks};

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
    matcher: Matcher,
    captures: Vec<KqlType>,
    relaxed: bool,
}

#[derive(Debug)]
enum Matcher {
    Steps(Vec<Step>),
    /// The expression, and the number of the group of each capture.
    Regex(Box<Regex>, Vec<usize>),
}

/// A part of a pattern in simple or relaxed mode.
#[derive(Debug)]
enum Step {
    Skip,
    Text(Finder<'static>),
    Capture(KqlType),
}

/// Bytes that a compiled regular expression may take.
const COMPILED_BYTES_MAX: usize = 10 << 20;
/// The longest text that is tried as a datetime, timespan or guid where the pattern does not say where it ends.
const VALUE_BYTES_MAX: usize = 64;

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The user's: a regular expression that is not one, flags that do not exist, `*` after a string.
    pub fn new(parts: &[Part], mode: &Mode) -> Result<Pattern, EvalError> {
        let captures: Vec<KqlType> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Capture(ktype) => Some(*ktype),
                _ => None,
            })
            .collect();
        let matcher = match mode {
            Mode::Regex(flags) => regex_of(parts, flags)?,
            Mode::Simple | Mode::Relaxed => Matcher::Steps(steps_of(parts)?),
        };
        Ok(Pattern { matcher, captures, relaxed: *mode == Mode::Relaxed })
    }

    /// Matches every text. Returns a column per capture, and whether each row matched; captures of a row that did not
    /// are null (empty for string).
    pub fn run(&self, texts: &StringViewArray) -> (Vec<ArrayRef>, BooleanArray) {
        let n = texts.len();
        let mut columns: Vec<TypedColumn> = self.captures.iter().map(|ktype| TypedColumn::new(*ktype, n)).collect();
        let mut matched = Vec::with_capacity(n);
        let mut found: Vec<Option<&str>> = Vec::with_capacity(self.captures.len());
        let mut values: Vec<Option<Typed>> = Vec::with_capacity(self.captures.len());
        let mut locations = match &self.matcher {
            Matcher::Regex(regex, _) => Some(regex.capture_locations()),
            Matcher::Steps(_) => None,
        };
        for text in texts {
            found.clear();
            values.clear();
            let is_match = self.find(text.unwrap_or(""), &mut found, locations.as_mut()) && {
                let read =
                    found.iter().zip(&self.captures).map(|(part, ktype)| part.map(|part| Typed::read(*ktype, part)));
                values.extend(read);
                self.relaxed || values.iter().all(|value| value.as_ref().is_some_and(|value| !value.is_null()))
            };
            matched.push(is_match);
            let mut given = values.drain(..);
            for column in &mut columns {
                let value = given.next().flatten();
                column.append(if is_match { value } else { None });
            }
        }
        (columns.into_iter().map(TypedColumn::finish).collect(), BooleanArray::from(matched))
    }

    /// Finds the text of each capture, `None` for one that has none in relaxed mode. Returns whether the text matches,
    /// the types of captures that reach to a text of the pattern aside.
    fn find<'t>(
        &self,
        text: &'t str,
        found: &mut Vec<Option<&'t str>>,
        locations: Option<&mut CaptureLocations>,
    ) -> bool {
        match (&self.matcher, locations) {
            (Matcher::Regex(regex, groups), Some(locations)) => {
                let is_match = regex.captures_read(locations, text).is_some();
                let group = |group: &usize| locations.get(*group).and_then(|(start, end)| text.get(start..end));
                found.extend(groups.iter().map(group));
                is_match
            }
            (Matcher::Steps(steps), _) => self.walk(steps, text, found).is_some(),
            _ => false,
        }
    }

    /// Matches the steps of simple and relaxed mode. `None` when the text does not match.
    fn walk<'t>(&self, steps: &[Step], text: &'t str, found: &mut Vec<Option<&'t str>>) -> Option<()> {
        let mut at = 0;
        // What stands between `at` and the next text: nothing, skipped text, or a capture.
        let mut open: Option<&Step> = None;
        for (i, step) in steps.iter().enumerate() {
            let rest = text.get(at..)?;
            match step {
                Step::Text(finder) => {
                    let needle_len = finder.needle().len();
                    let start = match open {
                        None => rest.as_bytes().starts_with(finder.needle()).then_some(0)?,
                        Some(_) if i + 1 == steps.len() => {
                            rest.as_bytes().ends_with(finder.needle()).then(|| rest.len() - needle_len)?
                        }
                        Some(_) => finder.find(rest.as_bytes())?,
                    };
                    if let Some(Step::Capture(_)) = open {
                        found.push(Some(rest.get(..start)?));
                    }
                    at += start + needle_len;
                    open = None;
                }
                Step::Skip | Step::Capture(_) => {
                    match (open, step) {
                        // Skipped text before a value: the value stands at the first place where it can.
                        (Some(Step::Skip), Step::Capture(ktype)) if !takes_any(*ktype) => {
                            at += first_value(*ktype, rest)?
                        }
                        (Some(Step::Capture(ktype)), next) => {
                            let len = match next {
                                Step::Capture(next) if takes_any(*ktype) && !takes_any(*next) => {
                                    first_value(*next, rest)?
                                }
                                _ if takes_any(*ktype) => 0,
                                _ => match value_len(*ktype, rest) {
                                    0 if !self.relaxed => return None,
                                    len => len,
                                },
                            };
                            found.push(rest.get(..len).filter(|part| !part.is_empty() || takes_any(*ktype)));
                            at += len;
                        }
                        _ => {}
                    }
                    open = Some(step);
                }
            }
        }
        let rest = text.get(at..)?;
        match open {
            None => rest.is_empty().then_some(()),
            Some(Step::Capture(_)) => {
                found.push(Some(rest));
                Some(())
            }
            Some(_) => Some(()),
        }
    }
}

fn steps_of(parts: &[Part]) -> Result<Vec<Step>, EvalError> {
    let after_string =
        parts.windows(2).any(|pair| matches!(pair, [Part::Capture(KqlType::String | KqlType::Dynamic), Part::Skip]));
    if after_string {
        return Err(EvalError::new("in a `parse` pattern `*` cannot follow a column of type string"));
    }
    let step = |part: &Part| match part {
        Part::Skip => Step::Skip,
        Part::Text(text) => Step::Text(Finder::new(text).into_owned()),
        Part::Capture(ktype) => Step::Capture(*ktype),
    };
    // A text of no characters stands anywhere and changes nothing.
    Ok(parts.iter().filter(|part| !matches!(part, Part::Text(text) if text.is_empty())).map(step).collect())
}

/// Returns whether any text stands for a value of the type, so that only what follows says where it ends.
fn takes_any(ktype: KqlType) -> bool {
    matches!(ktype, KqlType::String | KqlType::Dynamic)
}

/// Returns where the first value of a type starts in a text.
fn first_value(ktype: KqlType, text: &str) -> Option<usize> {
    text.char_indices()
        .map(|(start, _)| start)
        .find(|start| text.get(*start..).is_some_and(|rest| value_len(ktype, rest) > 0))
}

/// Returns the length of the longest value of a type that a text starts with, 0 when it starts with none.
fn value_len(ktype: KqlType, text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    match ktype {
        KqlType::Int | KqlType::Long => match digits(sign) {
            0 => 0,
            n => sign + n,
        },
        KqlType::Real | KqlType::Decimal => {
            let whole = digits(sign);
            let mut len = sign + whole;
            let mut any = whole > 0;
            if bytes.get(len) == Some(&b'.') {
                let fraction = digits(len + 1);
                if whole + fraction > 0 {
                    len += 1 + fraction;
                    any = true;
                }
            }
            if any && matches!(bytes.get(len), Some(b'e' | b'E')) {
                let exponent_sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
                let exponent = digits(len + 1 + exponent_sign);
                if exponent > 0 {
                    len += 1 + exponent_sign + exponent;
                }
            }
            if any { len } else { 0 }
        }
        KqlType::Bool => ["true", "false", "1", "0"]
            .iter()
            .find(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
            .map_or(0, |word| word.len()),
        KqlType::Guid => longest(text, |part| uuid::Uuid::parse_str(part).is_ok()),
        KqlType::Datetime => longest(text, |part| ticks::parse_datetime(part).is_some()),
        KqlType::Timespan => longest(text, |part| ticks::parse_timespan(part).is_some()),
        KqlType::String | KqlType::Dynamic => text.len(),
    }
}

/// Returns the length of the longest start of a text that is a value and ends with no blank.
fn longest(text: &str, is_value: impl Fn(&str) -> bool) -> usize {
    let ends = text.char_indices().map(|(start, c)| start + c.len_utf8()).take_while(|end| *end <= VALUE_BYTES_MAX);
    let ends: Vec<usize> = ends.collect();
    let fits = |end: &&usize| text.get(..**end).is_some_and(|part| part.trim().len() == part.len() && is_value(part));
    ends.iter().rev().find(fits).copied().unwrap_or(0)
}

/// Makes one regular expression of a pattern: `*` becomes `.*?`, a whole number its digits, anything else `.*`. The
/// groups of captures have names that no user gives.
fn regex_of(parts: &[Part], flags: &str) -> Result<Matcher, EvalError> {
    let mut text = String::from(r"\A");
    let mut n_captures = 0;
    for part in parts {
        match part {
            Part::Skip => text.push_str(".*?"),
            Part::Text(expression) => {
                text.push_str("(?:");
                text.push_str(expression);
                text.push(')');
            }
            Part::Capture(ktype) => {
                let value = match ktype {
                    KqlType::Int | KqlType::Long => r"-?\d+",
                    KqlType::Real | KqlType::Decimal => r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?",
                    _ => ".*",
                };
                text.push_str(&format!("(?P<{}>{value})", group_name(n_captures)));
                n_captures += 1;
            }
        }
    }
    text.push_str(r"\z");
    let mut builder = RegexBuilder::new(&text);
    builder.size_limit(COMPILED_BYTES_MAX).octal(true);
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            'U' => builder.swap_greed(true),
            other => {
                let known = "they are i, m, s, U";
                return Err(EvalError::new(format!("`{other}` is no flag of a regular expression: {known}")));
            }
        };
    }
    let regex = builder.build().map_err(|error| {
        let error = error.to_string();
        let reason = error.lines().next_back().unwrap_or_default().trim_start_matches("error: ");
        let texts = parts.iter().filter_map(|part| match part {
            Part::Text(expression) => Some(format!("`{expression}`")),
            _ => None,
        });
        let texts = texts.collect::<Vec<_>>().join(", ");
        EvalError::new(format!("the pattern of {texts} is not a regular expression: {}", reason.to_lowercase()))
    })?;
    let groups = (0..n_captures)
        .filter_map(|i| regex.capture_names().position(|name| name == Some(group_name(i).as_str())))
        .collect();
    Ok(Matcher::Regex(Box::new(regex), groups))
}

fn group_name(capture: usize) -> String {
    format!("__capture{capture}")
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

    /// Reads `*`, `'text'` and `:type`, separated by blanks.
    fn parts(pattern: &str) -> Vec<Part> {
        let part = |part: &str| match part.strip_prefix(':') {
            _ if part == "*" => Part::Skip,
            Some(name) => Part::Capture(KqlType::from_name(name).expect("a type")),
            None => Part::Text(part.trim_matches('\'').replace('_', " ")),
        };
        pattern.split(' ').map(part).collect()
    }

    #[test]
    fn simple_mode() {
        let cases = [
            ("* 'id=' :long ',_name=' :string", "x id=17, name=a=b", Some("17|a=b")),
            ("* 'id=' :long ',_name=' :string", "x id=z, name=a", None),
            ("* 'id=' :long ',_name=' :string", "x id=17", None),
            // The pattern starts where the text does, and ends where it does.
            ("'id=' :long", "x id=17", None),
            ("'id=' :long", "id=17 ", Some("17")),
            ("'id=' :long", "id=17 x", None),
            ("'a=' :string ';'", "a=1;b", None),
            ("'a=' :string ';' *", "a=1;b", Some("1")),
            ("'(' :string ')'", "(a)(b)", Some("a)(b")),
            // What follows says where a string ends; other values end by themselves too.
            (":long * 'x=' :real", "12ab x=-1.5e2", Some("12|-150.0")),
            (
                "* :datetime * ',' :bool *",
                "at 2020-01-01 10:00:00 sharp,TRUE and more",
                Some("2020-01-01T10:00:00.0000000Z|True"),
            ),
            ("* :guid *", "id 74be27de-1e4e-49d9-b579-fe0b331d3642!", Some("74be27de-1e4e-49d9-b579-fe0b331d3642")),
            (":string :long 'x'", "abc12x", Some("abc|12")),
            (":long :string", "12abc", Some("12|abc")),
            ("* :timespan *", "took 01:02:03 in all", Some("01:02:03")),
            ("'é' :string 'ü' *", "éaüb", Some("a")),
            (":string", "", Some("")),
            (":long", "", None),
            ("*", "anything", Some("")),
        ];
        for (pattern, text, expected) in cases {
            let got = run(&parts(pattern), &Mode::Simple, text).map(|values| values.join("|"));
            assert_eq!(got.as_deref(), expected, "{pattern} of {text}");
        }
    }

    #[test]
    fn relaxed_mode_keeps_what_fits() {
        let cases = [
            ("* 'id=' :long ',_name=' :string", "x id=z, name=a", Some("|a")),
            ("'n=' :long * 'm=' :long", "n=x m=2", Some("|2")),
            ("'n=' :long ',' *", "m=1,", None),
        ];
        for (pattern, text, expected) in cases {
            let got = run(&parts(pattern), &Mode::Relaxed, text).map(|values| values.join("|"));
            assert_eq!(got.as_deref(), expected, "{pattern} of {text}");
        }
    }

    #[test]
    fn regex_mode_reads_texts_as_expressions() {
        let cases = [
            (r"* '(a|b)\d' :string 'e+nd'", "", "xxb7midEend", Some("midE")),
            // A string takes as much as it can; with `U` as little.
            ("* 'name=' :string ',' *", "", "name=a,b=1,c=2", Some("a,b=1")),
            ("* 'NAME=' :string ',' *", "Ui", "name=a,b=1,c=2", Some("a")),
            (r"'n=(\d+)' :long 'x'", "", "n=123x", Some("3")),
            ("* 'b' :string", "", "a\nbc", None),
            ("* 'b' :string", "s", "a\nbc", Some("c")),
            ("'d=' :datetime", "", "d=yesterday", None),
        ];
        for (pattern, flags, text, expected) in cases {
            let got = run(&parts(pattern), &Mode::Regex(flags.into()), text).map(|values| values.join("|"));
            assert_eq!(got.as_deref(), expected, "{pattern} of {text}");
        }
    }

    #[test]
    fn patterns_that_are_refused() {
        for (pattern, mode) in
            [("(", Mode::Regex(String::new())), ("a", Mode::Regex("q".into())), (":string *", Mode::Simple)]
        {
            assert!(Pattern::new(&parts(pattern), &mode).is_err(), "{pattern}");
        }
    }
}
