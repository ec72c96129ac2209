//! What an input is coloured as, from its tokens.

use super::statement::{is_command, is_word_operator, text_of};
use kql::syntax::keywords;
use kql::syntax::lexer::{self, TokenKind};
use std::ops::Range;

/// What a piece of an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Keyword,
    Operator,
    Function,
    Table,
    String,
    Number,
    Comment,
    Bad,
}

/// Names outside the text that colours depend on.
pub struct Known<'a> {
    pub is_table: &'a dyn Fn(&str) -> bool,
    pub is_function: &'a dyn Fn(&str) -> bool,
}

/// Returns the pieces of an input, in order and without gaps.
pub fn paint(text: &str, known: &Known<'_>) -> Vec<(Range<usize>, Paint)> {
    if is_command(text) {
        let start = text.find('.').unwrap_or(0);
        let end = text.get(start..).and_then(|rest| rest.find(char::is_whitespace)).map_or(text.len(), |at| start + at);
        let pieces = [(0..start, Paint::Plain), (start..end, Paint::Keyword), (end..text.len(), Paint::Plain)];
        return pieces.into_iter().filter(|(range, _)| !range.is_empty()).collect();
    }
    let tokens = lexer::lex(text);
    let mut out = Vec::with_capacity(tokens.len());
    // The meaningful token before, `;` at the start.
    let mut before = ";";
    for (i, token) in tokens.iter().enumerate() {
        let piece = text_of(text, *token);
        let paint = match token.kind {
            TokenKind::Whitespace => Paint::Plain,
            TokenKind::Comment | TokenKind::Directive => Paint::Comment,
            TokenKind::String => Paint::String,
            TokenKind::Long
            | TokenKind::Real
            | TokenKind::Timespan
            | TokenKind::RawGuid
            | TokenKind::Bool
            | TokenKind::Typed(_) => Paint::Number,
            TokenKind::Punctuation => Paint::Operator,
            TokenKind::Bad => Paint::Bad,
            TokenKind::Word => {
                let mut after = tokens.get(i + 1..).unwrap_or(&[]).iter().filter(|token| !token.kind.is_trivia());
                let is_call = after.next().is_some_and(|next| text_of(text, *next) == "(");
                word(piece, before, is_call, known)
            }
        };
        out.push((token.span.start..token.span.end, paint));
        if !token.kind.is_trivia() {
            before = piece;
        }
    }
    out
}

fn word(word: &str, before: &str, is_call: bool, known: &Known<'_>) -> Paint {
    let starts = |source: bool| {
        kql::operators::ALL
            .iter()
            .any(|operator| operator.keywords.contains(&word) && if source { operator.source } else { operator.piped })
    };
    if before == "|" && starts(false) {
        return Paint::Keyword;
    }
    if matches!(before, ";" | "{" | "(" | "=") && starts(true) {
        return Paint::Keyword;
    }
    if matches!(before, ";" | "{") && matches!(word, "let" | "set" | "declare" | "restrict" | "alias") {
        return Paint::Keyword;
    }
    if before == "." {
        return Paint::Plain;
    }
    if (known.is_table)(word) {
        return Paint::Table;
    }
    if is_word_operator(word) || keywords::is_reserved(word) || matches!(word, "by" | "on") {
        return Paint::Keyword;
    }
    if is_call && (known.is_function)(word) { Paint::Function } else { Paint::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(text: &str) -> String {
        let known = Known { is_table: &|name| name == "T", is_function: &|name| matches!(name, "count" | "tolower") };
        let pieces = paint(text, &known);
        let whole: String = pieces.iter().map(|(range, _)| &text[range.clone()]).collect();
        assert_eq!(whole, text, "every byte is painted once");
        let shown = pieces.iter().filter(|(range, _)| !text[range.clone()].trim().is_empty());
        shown.map(|(range, paint)| format!("{paint:?}:{}", &text[range.clone()])).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_painted_by_their_place() {
        let cases = [
            (
                "T | where a has 'x' // c",
                "Table:T Operator:| Keyword:where Plain:a Keyword:has String:'x' Comment:// c",
            ),
            (
                "T | count | extend count = count()",
                "Table:T Operator:| Keyword:count Operator:| Keyword:extend Plain:count Operator:= Function:count \
                 Operator:( Operator:)",
            ),
            ("let x = 1.5;", "Keyword:let Plain:x Operator:= Number:1.5 Operator:;"),
            ("print let", "Keyword:print Plain:let"),
            ("| project-away é", "Operator:| Keyword:project-away Bad:é"),
            ("print x.where", "Keyword:print Plain:x Operator:. Plain:where"),
            (" .schema T", "Keyword:.schema Plain: T"),
            ("datetime(2020-01-01)", "Number:datetime(2020-01-01)"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(painted(text), expected, "{text:?}");
        }
    }
}
