//! Replacing the matches of a regular expression by a rewrite pattern.

use super::prelude::*;
use super::regexes::Patterns;
use super::texts::{Texts, build_strings, push};

/// Builds the texts of argument `source` with the matches of argument `regex` replaced by argument `rewrite`.
pub fn replace_all(args: &Args, source: usize, regex: usize, rewrite: usize) -> Result<ArrayRef, EvalError> {
    let constant = args.args[rewrite].constant;
    let (source, rewrites) = (Texts::of(args, source), Texts::of(args, rewrite));
    let mut patterns = Patterns::of(args, regex);
    let mut rewrite = None;
    build_strings(args, |row, out| {
        let compiled = patterns.at(row)?;
        let rewrite = match &mut rewrite {
            Some(rewrite) if constant => rewrite,
            rewrite => rewrite.insert(parse_rewrite(&rewrites.get(row))),
        };
        let source = source.get(row);
        let has_groups = rewrite.iter().any(|part| matches!(part, Part::Group(1..)));
        let regex = compiled.regex.clone();
        let mut kept = 0;
        for found in regex.find_iter(&source) {
            push(out, source.get(kept..found.start()).unwrap_or(""))?;
            kept = found.end();
            let groups = if has_groups { compiled.groups_from(&source, found.start()) } else { None };
            for part in rewrite.iter() {
                let part = match part {
                    Part::Literal(text) => text,
                    Part::Group(0) => found.as_str(),
                    Part::Group(group) => {
                        let range = groups.and_then(|groups| groups.get(*group));
                        range.and_then(|(start, end)| source.get(start..end)).unwrap_or("")
                    }
                };
                push(out, part)?;
            }
        }
        push(out, source.get(kept..).unwrap_or(""))
    })
}

/// A piece of a rewrite pattern.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Group(usize),
}

/// Reads a rewrite pattern. A backslash before anything but a digit or a backslash stands for itself.
fn parse_rewrite(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        let escaped =
            if character == '\\' { rest.next_if(|next| next.is_ascii_digit() || *next == '\\') } else { None };
        match escaped.and_then(|escaped| escaped.to_digit(10)) {
            Some(group) => {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
                parts.push(Part::Group(group as usize));
            }
            None => literal.push(character),
        }
    }
    parts.push(Part::Literal(literal));
    parts.retain(|part| *part != Part::Literal(String::new()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites() {
        let cases = [
            ("Number is 12", r"is (\d+)", r"was: \1", "Number was: 12"),
            ("abc", "b", r"[\0]", "a[b]c"),
            ("abc", "b", r"\\\0$1\x", r"a\b$1\xc"),
            ("abc", "(b)|(x)", r"<\1\2\7>", "a<b>c"),
            ("abc", "", "-", "-a-b-c-"),
            ("aaa", "a", "", ""),
            ("foo\r\nbar", r"[\r\n]+", " ", "foo bar"),
            ("aXbX", r"(?i)x\b", "!", "aXb!"),
            ("ab ab", r"\b(a)(b)", r"\2\1", "ba ba"),
        ];
        for (source, regex, rewrite, expected) in cases {
            let text = |text: &str| Value::String(text.into());
            let found = crate::call("replace_regex", KqlType::String, &[text(source), text(regex), text(rewrite)]);
            assert_eq!(found, Ok(text(expected)), "{source} {regex} {rewrite}");
            let old = crate::call("replace", KqlType::String, &[text(regex), text(rewrite), text(source)]);
            assert_eq!(old, Ok(text(expected)));
        }
    }
}
