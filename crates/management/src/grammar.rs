//! How commands are written, and which one a text is.
//!
//! ```text
//! show table <table> details      words, and names under which the body finds what stands there
//! show tables (<tables>)          names in parentheses
//! create|create-or-alter function ...     one of several words; `...`: the body reads on
//! show tables [details]           a word that may be missing, which the body asks for
//! ```

use crate::args::Args;
use crate::command::{Command, Refused};
use crate::commands;
use crate::error::CommandError;
use crate::reader::Reader;
use kql::Diagnostic;
use kql::diagnostic::nearest;
use std::cmp::Reverse;

/// A command as written.
pub struct Parsed<'a> {
    pub command: &'static Command,
    pub args: Args<'a>,
}

/// Returns every command.
pub fn all() -> impl Iterator<Item = &'static Command> {
    commands::ALL.iter().flat_map(|family| family.commands)
}

/// Returns every beginning of commands that are refused.
pub fn all_refused() -> impl Iterator<Item = &'static Refused> {
    commands::ALL.iter().flat_map(|family| family.refused)
}

/// How far a text is like a command.
struct Match<'a> {
    args: Args<'a>,
    /// Words of the grammar that were there.
    n_words: usize,
    /// Where it ended to be like it, in bytes; `None` when it is the command.
    failed_at: Option<usize>,
}

/// A command that a text is not, though it begins like it.
#[derive(Clone, Copy)]
struct Miss {
    command: &'static Command,
    n_words: usize,
    at: usize,
}

impl Miss {
    /// Of commands that are as near, the shortest is what was meant.
    fn rank(&self) -> (usize, usize, Reverse<usize>) {
        (self.n_words, self.at, Reverse(self.command.syntax.len()))
    }
}

/// Finds out which command a text is.
///
/// # Errors
/// When it is none, or one that is refused.
pub fn parse<'a>(reader: &Reader<'a>) -> Result<Parsed<'a>, CommandError> {
    let mut begin = reader.clone();
    let dot = begin.span();
    if !begin.sign(".") {
        let message = "a management command begins with `.`; queries go to the query endpoint";
        return Err(CommandError::syntax(dot, message));
    }
    let mut found: Option<(&'static Command, Match<'a>)> = None;
    let mut nearest_miss: Option<Miss> = None;
    for command in all() {
        let matched = matches(command.syntax, begin.clone());
        match matched.failed_at {
            None => {
                // The more words, the more is meant by them: a table may be called `details`.
                if found.as_ref().is_none_or(|(_, other)| matched.n_words > other.n_words) {
                    found = Some((command, matched));
                }
            }
            Some(at) => {
                let miss = Miss { command, n_words: matched.n_words, at };
                if nearest_miss.is_none_or(|other| miss.rank() > other.rank()) {
                    nearest_miss = Some(miss);
                }
            }
        }
    }
    let refused = all_refused().map(|refused| (refused, matches(refused.syntax, begin.clone())));
    let refused = refused.filter(|(_, matched)| matched.failed_at.is_none()).max_by_key(|(_, matched)| matched.n_words);
    match (found, refused) {
        (Some((_, done)), Some((refused, more))) if more.n_words > done.n_words => Err(refuse(refused, &begin)),
        (Some((command, matched)), _) => Ok(Parsed { command, args: matched.args }),
        (None, Some((refused, _))) => Err(refuse(refused, &begin)),
        (None, None) => Err(unknown(&begin, nearest_miss)),
    }
}

fn refuse(refused: &Refused, reader: &Reader<'_>) -> CommandError {
    let name = refused.syntax.trim_end_matches(" ...");
    let message = format!("the command `.{name}` is not supported: {}", refused.why);
    CommandError::Wrong(vec![Diagnostic::unsupported("VQ022", reader.span(), message)])
}

/// Returns the error of a text that is no command, with the one that is most like it.
fn unknown(reader: &Reader<'_>, miss: Option<Miss>) -> CommandError {
    if let Some(Miss { command, at, .. }) = miss.filter(|miss| miss.n_words >= 2) {
        let mut there = reader.clone();
        while there.span().start < at && !there.is_at_end() {
            if !there.skip() {
                break;
            }
        }
        let message = match there.peek(0) {
            "" => "the command is not complete".to_string(),
            found => format!("`{}` is not expected here", found.chars().take(40).collect::<String>()),
        };
        let found = Diagnostic::syntax("VQ021", there.span(), message);
        return CommandError::Wrong(vec![found.help(format!("did you mean `.{}`?", command.syntax))]);
    }
    let written: Vec<&str> = reader.rest().split_whitespace().take(3).collect();
    let known: Vec<String> =
        all().map(|command| words(command.syntax)).chain(all_refused().map(|of| words(of.syntax))).collect();
    let near = (1..=written.len()).rev().find_map(|n| {
        let text = written.get(..n)?.join(" ");
        nearest(&text, known.iter().map(String::as_str))
    });
    let name: String = written.iter().take(2).copied().collect::<Vec<_>>().join(" ").chars().take(40).collect();
    let found = Diagnostic::syntax("VQ021", reader.span(), format!("there is no command `.{name}`"));
    CommandError::Wrong(vec![match near {
        Some(near) => found.help(format!("did you mean `.{near}`?")),
        None => found,
    }])
}

/// Returns the words that a command begins with.
fn words(syntax: &str) -> String {
    let is_word = |part: &&str| part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '|'));
    let words = syntax.split(' ').take_while(is_word).map(|part| part.split('|').next().unwrap_or_default());
    words.collect::<Vec<_>>().join(" ")
}

/// Compares a text with a command's grammar.
fn matches<'a>(syntax: &str, mut reader: Reader<'a>) -> Match<'a> {
    let mut args = Args::new(reader.clone());
    let mut n_words = 0;
    for part in syntax.split(' ') {
        let at = reader.span().start;
        let is_there = if part == "..." {
            args.reader = reader;
            return Match { args, n_words, failed_at: None };
        } else if let Some(key) = part.strip_prefix("(<").and_then(|part| part.strip_suffix(">)")) {
            let names = reader.list(|reader| reader.expect_name("a name"));
            names.map(|names| args.set(key, names)).is_ok()
        } else if let Some(key) = part.strip_prefix('<').and_then(|part| part.strip_suffix('>')) {
            reader.name().map(|name| args.set(key, vec![name])).is_some()
        } else if let Some(word) = part.strip_prefix('[').and_then(|part| part.strip_suffix(']')) {
            if reader.word(word) {
                args.set(word, Vec::new());
            }
            true
        } else if part.chars().all(|c| c.is_ascii_punctuation() && !matches!(c, '|')) {
            reader.sign(part)
        } else {
            let word = part.split('|').find(|word| reader.word(word));
            n_words += usize::from(word.is_some());
            word.map(|word| args.words.push(word.to_string())).is_some()
        };
        if !is_there {
            return Match { args, n_words, failed_at: Some(at) };
        }
    }
    let failed_at = (!reader.is_at_end()).then(|| reader.span().start);
    args.reader = reader;
    Match { args, n_words, failed_at }
}

#[cfg(test)]
mod tests;
