//! Whether an input is whole.

use kql::syntax::keywords;
use kql::syntax::lexer::{self, Token, TokenKind};

/// Binary operators that are words, beyond those that start with `!`.
#[rustfmt::skip]
pub const WORD_OPERATORS: &[&str] = &[
    "and", "or", "has", "has_cs", "has_any", "has_all", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs",
    "contains", "contains_cs", "startswith", "startswith_cs", "endswith", "endswith_cs", "matches regex", "in", "in~",
    "between",
];

/// Returns whether a word stands between two operands.
pub fn is_word_operator(word: &str) -> bool {
    WORD_OPERATORS.contains(&word) || keywords::is_negated_operator(word) || matches!(word, "matches" | "regex")
}

/// Returns a token's text.
pub fn text_of(text: &str, token: Token) -> &str {
    text.get(token.span.start..token.span.end).unwrap_or("")
}

/// Returns whether an input is one of the shell's own commands.
pub fn is_command(text: &str) -> bool {
    text.trim_start_matches(lexer::is_blank).starts_with('.')
}

/// Returns whether there is anything to run in a text.
pub fn is_empty(text: &str) -> bool {
    lexer::lex(text).iter().all(|token| token.kind.is_trivia())
}

/// Returns whether a text ends within a string, a comment or a typed literal, so that what follows belongs to it.
pub fn ends_inside(text: &str) -> bool {
    // A token that takes the probe with it has not ended.
    let probe = format!("{text} x");
    lexer::lex(&probe).last().is_some_and(|last| last.span.start != text.len() + 1)
}

/// Returns whether a text ends within a string of several lines (```` ``` ```` or `~~~`).
pub fn ends_inside_fence(text: &str) -> bool {
    let is_fence = |token: &Token| {
        let inside = text_of(text, *token).trim_start_matches(['h', 'H', '@']);
        token.kind == TokenKind::String && (inside.starts_with("```") || inside.starts_with("~~~"))
    };
    lexer::lex(text).last().is_some_and(is_fence) && ends_inside(text)
}

/// Returns whether an input may be run, rather than go on in the next line. It goes on while a bracket or a string of
/// several lines is open, and after `|`, `,`, a binary operator, `by` or `on`. An empty line ends it all the same.
pub fn is_whole(text: &str) -> bool {
    if is_command(text) {
        return true;
    }
    if ends_inside_fence(text) {
        return false;
    }
    if let Some((_, last_line)) = text.rsplit_once('\n')
        && last_line.chars().all(lexer::is_blank)
    {
        return true;
    }
    let tokens = lexer::lex(text);
    let mut open = 0i64;
    for token in &tokens {
        if token.kind == TokenKind::Punctuation {
            match text_of(text, *token) {
                "(" | "[" | "{" => open += 1,
                ")" | "]" | "}" => open -= 1,
                _ => {}
            }
        }
    }
    let Some(last) = tokens.iter().rev().find(|token| !token.kind.is_trivia()) else { return true };
    let last_text = text_of(text, *last);
    let goes_on = match last.kind {
        // `*` by itself is all columns.
        TokenKind::Punctuation => !matches!(last_text, ")" | "]" | "}" | ";" | "*" | "@" | "?"),
        TokenKind::Word => is_word_operator(last_text) || matches!(last_text, "by" | "on"),
        TokenKind::Typed(_) => !last_text.ends_with(')'),
        _ => false,
    };
    open <= 0 && !goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_go_on_until_they_are_whole() {
        let cases = [
            ("", true),
            ("T", true),
            ("T | take 5", true),
            ("T |", false),
            ("T | // later", false),
            ("T |\n", true),
            ("T |\n| where", true),
            ("T | where a ==", false),
            ("T | where a has", false),
            ("T | where a !in~", false),
            ("T | where a and", false),
            ("T | summarize count() by", false),
            ("T | summarize count() by a,", false),
            ("T | project *", true),
            ("T | where a in (1, 2", false),
            ("T | where a in (1, 2)", true),
            ("T | where a in (\n\n", true),
            ("T | take 1)", true),
            ("let f = () { let y = 1;", false),
            ("let f = () { let y = 1; y };", true),
            ("let x = 1;", true),
            ("print ```a", false),
            ("print ```a\n\n", false),
            ("print ```a\n\n```", true),
            ("print 'a", true),
            ("print '|'", true),
            ("print datetime(2020", false),
            ("print datetime(2020)", true),
            (".schema T |", true),
            ("  .tables", true),
            ("é |", false),
        ];
        for (text, whole) in cases {
            assert_eq!(is_whole(text), whole, "{text:?}");
        }
    }

    #[test]
    fn texts_that_end_inside_a_token() {
        for (text, inside) in [
            ("T", false),
            ("'a", true),
            ("'a'", false),
            ("'a\\'", true),
            ("@'a\\'", false),
            ("// c", true),
            ("// c\n", false),
            ("h```a", true),
            ("", false),
            ("datetime(20", true),
        ] {
            assert_eq!(ends_inside(text), inside, "{text:?}");
        }
    }
}
