//! Cutting a match of a regular expression off the ends of a text: `trim`, `trim_start`, `trim_end`.

use super::prelude::*;
use super::regexes::{Patterns, compile};
use super::texts::{Texts, build_strings};
use regex::Regex;

/// Which ends are trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Start,
    End,
    Both,
}

/// Builds the texts of argument 1 without what argument 0 matches at their ends. One match is cut off at an end, not its
/// repetitions: `trim_start("a", "aab")` is `ab`.
pub fn trim(args: &Args, ends: Ends) -> Result<ArrayRef, EvalError> {
    let source = Texts::of(args, 1);
    let mut at_start = Patterns::made_by(args, 0, compile_at_start);
    let mut at_end = Patterns::made_by(args, 0, compile_at_end);
    build_strings(args, |row, out| {
        let source = source.get(row);
        let mut text: &str = &source;
        if ends != Ends::End
            && let Some(found) = at_start.at(row)?.regex.find(text)
        {
            text = text.get(found.end()..).unwrap_or("");
        }
        if ends != Ends::Start
            && let Some(found) = at_end.at(row)?.regex.find(text)
        {
            text = text.get(..found.start()).unwrap_or("");
        }
        out.push_str(text);
        Ok(())
    })
}

fn compile_at_start(pattern: &str) -> Result<Arc<Regex>, EvalError> {
    anchored(pattern, format!(r"\A(?:{pattern})"))
}

fn compile_at_end(pattern: &str) -> Result<Arc<Regex>, EvalError> {
    anchored(pattern, format!(r"(?:{pattern})\z"))
}

/// Compiles the user's pattern first, for an error that names it, and so that it cannot close the group around it.
fn anchored(pattern: &str, whole: String) -> Result<Arc<Regex>, EvalError> {
    compile(pattern)?;
    compile(&whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends() {
        let cases = [
            ("trim", "--", "--https://bing.com--", "https://bing.com"),
            ("trim", r"[^\w]+", "-  Te st1// $", "Te st1"),
            ("trim", r"\s+", "    Hello, world!    ", "Hello, world!"),
            ("trim_start", "https://", "https://bing.com", "bing.com"),
            ("trim_start", r"[^\w]+", "-  Te st1// $", "Te st1// $"),
            ("trim_end", ".com", "bing.com", "bing"),
            ("trim_end", r"[^\w]+", "-  Te st1// $", "-  Te st1"),
            ("trim_start", "a|ab", "abc", "bc"),
            ("trim_start", "a", "aab", "ab"),
            ("trim", "x", "x", ""),
            ("trim", "é", "éaé", "a"),
            ("trim_end", r"\n", "a\n", "a"),
            ("trim", "", " a ", " a "),
        ];
        for (name, regex, source, expected) in cases {
            let text = |text: &str| Value::String(text.into());
            assert_eq!(
                crate::call(name, KqlType::String, &[text(regex), text(source)]),
                Ok(text(expected)),
                "{name} {regex}"
            );
        }
        let broken = [Value::String("a)|(b".into()), Value::String("x".into())];
        assert_eq!(
            crate::call("trim", KqlType::String, &broken),
            Err(EvalError::new("`a)|(b` is not a regular expression: unopened group"))
        );
    }
}
