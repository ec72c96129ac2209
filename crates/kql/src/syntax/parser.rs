//! The parser's tools: looking at tokens, reading names, lists, options and column declarations, reporting what is
//! wrong and getting on after it. `expressions.rs` and `statements.rs` hold the grammar, `operators/` that of each
//! tabular operator.
//!
//! Recursive descent; every recursion passes through [`Parser::nested`], which bounds it. Time is linear in the text
//! but for a bounded number of looks ahead after errors.

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::keywords;
use crate::syntax::lexer::{Token, TokenKind};

/// How deep expressions may nest, and how tall the tree may grow by it: whoever walks the tree may recurse. A debug
/// build needs 10 KB of stack a level to parse, so that this many fit into the 2 MB of a thread with room to spare.
/// Real queries stay below 50. The tree left after reaching it is less than twice as tall.
pub const DEPTH_MAX: usize = 128;

/// Diagnostics after which the rest of the text is left unread.
const DIAGNOSTICS_MAX: usize = 100;

/// Tokens looked through for a closing bracket after an error.
const CLOSE_DISTANCE_MAX: usize = 10_000;

/// Reads tokens into the tree.
pub struct Parser<'a> {
    text: &'a str,
    /// The tokens that mean something.
    tokens: Vec<Token>,
    pos: usize,
    diagnostics: Vec<Diagnostic>,
    /// Levels of recursion that are open.
    depth: usize,
    /// Height of the tallest expression read so far within the innermost open level.
    height: usize,
    /// Token at which the last syntax error was reported: one is enough for each.
    reported_at: Option<usize>,
    /// The rest of the text is not read.
    abandoned: bool,
    /// The operator whose keyword was read last.
    pub(crate) operator: &'static str,
}

impl<'a> Parser<'a> {
    /// Makes a parser of a text's tokens, and reports characters that are no part of the language.
    pub(crate) fn new(text: &'a str, all: &[Token]) -> Parser<'a> {
        let mut parser = Parser {
            text,
            tokens: Vec::with_capacity(all.len()),
            pos: 0,
            diagnostics: Vec::new(),
            depth: 0,
            height: 0,
            reported_at: None,
            abandoned: false,
            operator: "",
        };
        let mut bad: Option<Span> = None;
        for token in all {
            if token.kind == TokenKind::Bad {
                bad = Some(bad.map_or(token.span, |span| span.to(token.span)));
                continue;
            }
            parser.report_bad(bad.take());
            if !token.kind.is_trivia() {
                parser.tokens.push(*token);
            }
        }
        parser.report_bad(bad);
        parser
    }

    fn report_bad(&mut self, span: Option<Span>) {
        let Some(span) = span else { return };
        let shown: String = self.slice(span).chars().take(20).collect();
        let help = match shown.chars().next() {
            Some('!') => Some("the operators that start with `!` are `!=`, `!~`, `!in`, `!has`, `!contains`, ..."),
            Some('&') => Some("write `and`"),
            Some('\\') => Some("a string with backslashes needs `@` before its quote"),
            Some('‘' | '’' | '“' | '”') => Some("use straight quotes: `'` or `\"`"),
            _ => None,
        };
        let diagnostic = Diagnostic::syntax("KS002", span, format!("`{shown}` is not part of the language here"));
        self.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    pub(crate) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// Returns the token `ahead` of the next one.
    pub(crate) fn token(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.pos + ahead).copied()
    }

    /// Returns the text of the token `ahead` of the next one, empty at the end.
    pub(crate) fn text_at(&self, ahead: usize) -> &'a str {
        self.token(ahead).map_or("", |token| self.slice(token.span))
    }

    pub(crate) fn kind_at(&self, ahead: usize) -> Option<TokenKind> {
        self.token(ahead).map(|token| token.kind)
    }

    /// Returns the text of the next token when it is a word, else the empty string.
    pub(crate) fn word_at(&self, ahead: usize) -> &'a str {
        match self.token(ahead) {
            Some(token) if token.kind == TokenKind::Word => self.slice(token.span),
            _ => "",
        }
    }

    pub(crate) fn at(&self, text: &str) -> bool {
        self.text_at(0) == text
    }

    pub(crate) fn at_nth(&self, ahead: usize, text: &str) -> bool {
        self.text_at(ahead) == text
    }

    pub(crate) fn at_end(&self) -> bool {
        self.pos >= self.tokens.len()
    }

    /// Returns whether the next token ends a list, an operator or a statement.
    pub(crate) fn at_close(&self) -> bool {
        matches!(self.text_at(0), ")" | "]" | "}" | "|" | ";" | "")
    }

    /// Returns whether the token `ahead` follows the one before it without a blank between.
    pub(crate) fn adjacent(&self, ahead: usize) -> bool {
        let before = (self.pos + ahead).checked_sub(1).and_then(|at| self.tokens.get(at));
        matches!((before, self.token(ahead)), (Some(before), Some(next)) if before.span.end == next.span.start)
    }

    /// Returns the span of the next token; at the end, the empty span there.
    pub(crate) fn span(&self) -> Span {
        self.token(0).map_or(Span::new(self.text.len(), self.text.len()), |token| token.span)
    }

    /// Returns the end of the token before the next one.
    pub(crate) fn previous_end(&self) -> usize {
        self.pos.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end)
    }

    /// Returns the span from a start to the end of what was read.
    pub(crate) fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.previous_end().max(start))
    }

    /// Moves past the next token and returns its span.
    pub(crate) fn bump(&mut self) -> Span {
        let span = self.span();
        self.pos = (self.pos + 1).min(self.tokens.len());
        span
    }

    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let hit = self.at(text);
        if hit {
            self.bump();
        }
        hit
    }

    /// Moves past the given text, or reports that it is missing.
    pub(crate) fn expect(&mut self, text: &str) -> bool {
        let hit = self.eat(text);
        if !hit {
            self.report_expected(&[text]);
        }
        hit
    }

    /// Moves past a closing bracket. When something else stands before it, reports that and skips it.
    pub(crate) fn close(&mut self, bracket: &str) {
        if self.eat(bracket) {
            return;
        }
        self.report_expected(&[bracket]);
        let start = self.pos;
        let mut open = 0usize;
        while !self.at_end() && self.pos - start < CLOSE_DISTANCE_MAX {
            match self.text_at(0) {
                "(" | "[" | "{" => open += 1,
                text @ (")" | "]" | "}") => {
                    if open == 0 {
                        if text == bracket {
                            self.bump();
                            return;
                        }
                        break;
                    }
                    open -= 1;
                }
                ";" if open == 0 => break,
                _ => {}
            }
            self.bump();
        }
        self.pos = start;
    }

    /// Skips to where reading can go on: a pipe, a semicolon, a bracket that closes what is open, the next statement.
    pub(crate) fn recover(&mut self) {
        let mut open = 0usize;
        while !self.at_end() {
            match self.text_at(0) {
                "(" | "[" | "{" => open += 1,
                ")" | "]" | "}" => {
                    if open == 0 {
                        return;
                    }
                    open -= 1;
                }
                "|" | ";" if open == 0 => return,
                "let" | "set" | "declare" | "restrict" | "alias"
                    if open == 0 && self.at_line_start() && self.at_statement() =>
                {
                    return;
                }
                _ => {}
            }
            self.bump();
        }
    }

    /// Returns whether a line ends before the next token.
    pub(crate) fn at_line_start(&self) -> bool {
        let between = self.text.get(self.previous_end()..self.span().start).unwrap_or("");
        between.contains(['\n', '\r'])
    }

    /// Adds a finding, whatever stands at this place already.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.abandoned {
            return;
        }
        self.diagnostics.push(diagnostic);
        if self.diagnostics.len() >= DIAGNOSTICS_MAX {
            self.abandon();
        }
    }

    /// Adds a syntax error about the next token, unless there is one already.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        if self.reported_at != Some(self.pos) {
            self.reported_at = Some(self.pos);
            self.push(diagnostic);
        }
    }

    fn abandon(&mut self) {
        self.abandoned = true;
        self.pos = self.tokens.len();
    }

    /// Returns how a message names the next token.
    pub(crate) fn found(&self) -> String {
        let text = self.text_at(0);
        if text.is_empty() {
            return "the end of the query".to_string();
        }
        format!("`{}`", shown(text))
    }

    /// Reports that one of the given texts is missing.
    pub(crate) fn report_expected(&mut self, texts: &[&str]) {
        let list: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
        let one_of = if list.len() > 1 { "one of " } else { "" };
        let diagnostic = Diagnostic::syntax(
            "KS005",
            self.span(),
            format!("expected {one_of}{}, found {}", list.join(", "), self.found()),
        );
        self.report(diagnostic);
    }

    /// Reports that a thing, described in words, is missing.
    pub(crate) fn report_missing(&mut self, thing: &str) {
        let mut diagnostic =
            Diagnostic::syntax("KS006", self.span(), format!("expected {thing}, found {}", self.found()));
        let word = self.word_at(0);
        let is_name = matches!(thing, "an expression" | "a name" | "a column" | "a table");
        if is_name && keywords::is_reserved(word) {
            diagnostic = diagnostic.help(format!("`{word}` is a keyword; as a name, write `['{word}']`"));
        }
        self.report(diagnostic);
    }

    /// Runs a step one level deeper, unless that is too deep.
    pub(crate) fn nested<T>(&mut self, step: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEPTH_MAX {
            self.too_deep();
            return None;
        }
        self.depth += 1;
        let result = self.beside(step);
        self.depth -= 1;
        result
    }

    /// Runs a step that reads an expression beside the one read so far, not on top of it.
    pub(crate) fn beside<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> T {
        let (result, height) = self.apart(step);
        self.raise(height);
        result
    }

    /// Runs a step and returns the height of what it read, without counting it.
    pub(crate) fn apart<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> (T, usize) {
        let outer = std::mem::take(&mut self.height);
        let result = step(self);
        (result, std::mem::replace(&mut self.height, outer))
    }

    /// Counts an expression of the given height.
    pub(crate) fn raise(&mut self, height: usize) {
        self.height = self.height.max(height);
    }

    /// Notes that the expression being read has become taller.
    pub(crate) fn grow(&mut self, by: usize) {
        self.height = self.check_height(self.height + by);
    }

    /// Returns a height, unless it is too tall: then the rest of the text is left, and what is left is as if flat.
    pub(crate) fn check_height(&mut self, height: usize) -> usize {
        if height <= DEPTH_MAX {
            return height;
        }
        self.too_deep();
        0
    }

    fn too_deep(&mut self) {
        if self.abandoned {
            return;
        }
        let mut diagnostic =
            Diagnostic::syntax("KS245", self.span(), format!("the query nests more than {DEPTH_MAX} levels deep"));
        diagnostic.kind = crate::diagnostic::Kind::Limit;
        self.push(diagnostic.help("split it into `let` statements"));
        self.abandon();
    }

    /// Reads items up to a token that closes the list or one of `ends`, with commas between.
    pub(crate) fn comma_list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        let mut items = Vec::new();
        loop {
            let Some(one) = item(self) else { return items };
            items.push(one);
            if !self.eat(",") {
                return items;
            }
        }
    }

    /// Reads items as [`Parser::comma_list`] does, where a comma may also stand before the first and after the last.
    pub(crate) fn loose_comma_list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        self.eat(",");
        let mut items = Vec::new();
        while !self.at_close() {
            let Some(one) = item(self) else { return items };
            items.push(one);
            if !self.eat(",") {
                return items;
            }
        }
        items
    }

    /// Returns the expression that stands for one that could not be read.
    pub(crate) fn error_expr(&self) -> Expr {
        let at = self.previous_end();
        Expr { kind: ExprKind::Error, span: Span::new(at, at) }
    }
}

/// Returns the start of a text as a message shows it: one line, not too long.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take_while(|c| !c.is_control()).take(40).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}
