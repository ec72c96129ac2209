//! The parser's tools: looking at tokens, reading names, lists, options and column declarations, reporting what is
//! wrong and getting on after it. `expressions.rs` and `statements.rs` hold the grammar, `operators/` that of each
//! tabular operator.
//!
//! Recursive descent; every recursion passes through [`Parser::nested`], which bounds it. Time is linear in the text but
//! for a bounded number of looks ahead after errors.

use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::syntax::ast::{ColumnDeclaration, Expr, ExprKind, Name, OperatorOption, SchemaType};
use crate::syntax::keywords;
use crate::syntax::lexer::{Token, TokenKind};
use crate::syntax::literals::{self, StringFault};
use schema::KqlType;

/// How deep expressions may nest, and how tall the tree may grow by it: whoever walks the tree may recurse. Real queries
/// stay below 50. The tree left after reaching it is less than twice as tall.
pub const DEPTH_MAX: usize = 256;

/// Diagnostics after which the rest of the text is left unread.
const DIAGNOSTICS_MAX: usize = 100;

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

    // Tokens.

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
        while !self.at_end() {
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

    fn at_line_start(&self) -> bool {
        let between = self.text.get(self.previous_end()..self.span().start).unwrap_or("");
        between.contains(['\n', '\r'])
    }

    // Errors.

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
        if keywords::is_reserved(word) {
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
        let outer = std::mem::take(&mut self.height);
        let result = step(self);
        self.grow(1);
        self.height = self.height.max(outer);
        self.depth -= 1;
        result
    }

    /// Runs a step that reads an expression beside the one read so far, not on top of it.
    pub(crate) fn beside<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::take(&mut self.height);
        let result = step(self);
        self.height = self.height.max(outer);
        result
    }

    /// Notes that the expression being read has become taller.
    pub(crate) fn grow(&mut self, by: usize) {
        self.height += by;
        if self.height > DEPTH_MAX {
            self.too_deep();
            self.height = 0;
        }
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

    // Lists.

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

    // Names.

    fn at_bracketed_name(&self, ahead: usize) -> Option<usize> {
        if !self.at_nth(ahead, "[") {
            return None;
        }
        let mut length = 1;
        while self.kind_at(ahead + length) == Some(TokenKind::String) {
            length += 1;
        }
        (length > 1 && self.at_nth(ahead + length, "]")).then_some(length + 1)
    }

    fn client_parameter(&self, ahead: usize) -> Option<usize> {
        let shaped = self.at_nth(ahead, "{") && !self.word_at(ahead + 1).is_empty() && self.at_nth(ahead + 2, "}");
        shaped.then_some(3)
    }

    /// Returns the number of tokens of the name that starts `ahead`, where `allowed` says which words may be names.
    fn name_length(&self, ahead: usize, allowed: fn(&str) -> bool) -> Option<usize> {
        match self.kind_at(ahead)? {
            TokenKind::Word => allowed(self.text_at(ahead)).then_some(1),
            _ => self.at_bracketed_name(ahead).or_else(|| self.client_parameter(ahead)),
        }
    }

    /// Returns the number of tokens of the name that starts `ahead`.
    pub(crate) fn name_ahead(&self, ahead: usize) -> Option<usize> {
        self.name_length(ahead, |word| !keywords::is_reserved(word))
    }

    /// As [`Parser::name_ahead`], of a name where a new one is made.
    pub(crate) fn declared_name_ahead(&self, ahead: usize) -> Option<usize> {
        self.name_length(ahead, keywords::may_be_declared)
    }

    fn take_name(&mut self) -> Name {
        let start = self.span().start;
        if self.at("[") {
            self.bump();
            let text = self.strings();
            self.bump();
            return Name { text, span: self.span_from(start), bracketed: true };
        }
        if self.at("{") {
            self.bump();
            let text = self.text_at(0).to_string();
            self.bump();
            self.bump();
            let span = self.span_from(start);
            self.push(
                Diagnostic::syntax(
                    "KS213",
                    span,
                    format!("`{{{text}}}` is a parameter of a client, which did not fill it in"),
                )
                .help("declare it with `declare query_parameters`"),
            );
            return Name { text, span, bracketed: false };
        }
        let text = self.text_at(0).to_string();
        let span = self.bump();
        Name { text, span, bracketed: false }
    }

    /// Reads a name of something that exists.
    pub(crate) fn name(&mut self) -> Option<Name> {
        self.name_ahead(0)?;
        Some(self.take_name())
    }

    /// Reads a name of a column or member, where some keywords are taken as names.
    pub(crate) fn read_name(&mut self) -> Option<Name> {
        self.name_length(0, keywords::may_be_read)?;
        Some(self.take_name())
    }

    /// Reads a name where a new one is made, where most keywords are taken as names.
    pub(crate) fn declared_name(&mut self) -> Option<Name> {
        self.declared_name_ahead(0)?;
        Some(self.take_name())
    }

    /// Reads a word of any kind, keywords included.
    pub(crate) fn any_word(&mut self) -> Option<Name> {
        (!self.word_at(0).is_empty()).then(|| self.take_name())
    }

    /// Reports that a name is missing and returns the empty one.
    pub(crate) fn missing_name(&mut self) -> Name {
        self.report_missing("a name");
        let at = self.previous_end();
        Name { text: String::new(), span: Span::new(at, at), bracketed: false }
    }

    /// Reads a name of something that exists, or reports that it is missing.
    pub(crate) fn expect_name(&mut self) -> Name {
        self.name().unwrap_or_else(|| self.missing_name())
    }

    /// Reads a name where a new one is made, or reports that it is missing.
    pub(crate) fn expect_declared_name(&mut self) -> Name {
        self.declared_name().unwrap_or_else(|| self.missing_name())
    }

    fn may_be_declared(&self, ahead: usize) -> bool {
        let word = self.word_at(ahead);
        !word.is_empty() && keywords::may_be_declared(word)
    }

    /// Reads a name with `*` in it, whose parts stand without blanks between: `*`, `Security*`, `*_CL`.
    pub(crate) fn wildcard(&mut self) -> Option<Expr> {
        let mut length = match self.text_at(0) {
            "*" => 1,
            _ if self.may_be_declared(0) && self.at_nth(1, "*") && self.adjacent(1) => 2,
            _ => return None,
        };
        while self.adjacent(length)
            && (self.at_nth(length, "*")
                || self.kind_at(length) == Some(TokenKind::Long)
                || self.may_be_declared(length))
        {
            length += 1;
        }
        let start = self.span().start;
        for _ in 0..length {
            self.bump();
        }
        let span = self.span_from(start);
        let kind = match self.slice(span) {
            "*" => ExprKind::Star,
            text => ExprKind::Wildcard(text.to_string()),
        };
        Some(Expr { kind, span })
    }

    // Strings.

    /// Reads one or more strings side by side into one text.
    pub(crate) fn strings(&mut self) -> String {
        let mut out = String::new();
        while self.kind_at(0) == Some(TokenKind::String) {
            out.push_str(&self.one_string());
        }
        out
    }

    /// Reads the string that is next. Reports when it is not closed or has an escape that KQL does not know.
    pub(crate) fn one_string(&mut self) -> String {
        let span = self.bump();
        let (text, fault) = literals::string(self.slice(span));
        match fault {
            None => {}
            Some(StringFault::Open(quote)) => {
                let message = format!("the string is not closed: `{quote}` is missing");
                self.push(Diagnostic::syntax("KS001", span, message));
            }
            Some(StringFault::Escape(at)) => {
                let at = span.start + at;
                let escape: String = self.text.get(at..).unwrap_or("").chars().take(2).collect();
                let span = Span::new(at, at + escape.len());
                self.push(
                    Diagnostic::syntax("KS004", span, format!("`{}` is no escape in a string", shown(&escape)))
                        .help("write `\\\\` for a backslash, or put `@` before the string's opening quote"),
                );
            }
        }
        text
    }

    /// Reads a string literal.
    pub(crate) fn string(&mut self) -> Option<(String, Span)> {
        let start = self.span().start;
        (self.kind_at(0) == Some(TokenKind::String)).then(|| {
            let text = self.strings();
            (text, self.span_from(start))
        })
    }

    // Types and columns.

    /// Reads the name of a scalar type, or reports that it is missing or unknown.
    pub(crate) fn scalar_type(&mut self) -> KqlType {
        let word = self.word_at(0);
        if word.is_empty() {
            self.report_missing("a type");
            return KqlType::String;
        }
        if let Some(ktype) = KqlType::from_name(word) {
            self.bump();
            return ktype;
        }
        let names = KqlType::ALL.map(KqlType::name);
        let mut diagnostic = Diagnostic::syntax("KS160", self.span(), format!("`{word}` is no type"));
        diagnostic = match nearest(word, names) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("the types are {}", names.join(", "))),
        };
        self.report(diagnostic);
        self.bump();
        KqlType::String
    }

    /// Reads `name: type`.
    pub(crate) fn column_declaration(&mut self) -> Option<ColumnDeclaration> {
        if !self.at(":") && self.declared_name_ahead(0).is_none() {
            self.report_missing("a column and its type, as in `name: string`");
            return None;
        }
        let name = self.expect_declared_name();
        let ktype = if self.expect(":") { self.scalar_type() } else { KqlType::String };
        Some(ColumnDeclaration { name, ktype })
    }

    /// Reads `(a: long, b: string)`, with `*` among them where that is allowed.
    pub(crate) fn row_schema(&mut self) -> SchemaType {
        let start = self.span().start;
        let mut star = false;
        let mut columns = Vec::new();
        if self.eat("(") {
            columns = self
                .loose_comma_list(|parser| {
                    if parser.eat("*") {
                        star = true;
                        return Some(None);
                    }
                    parser.column_declaration().map(Some)
                })
                .into_iter()
                .flatten()
                .collect();
            self.close(")");
        } else {
            self.report_missing("a list of columns, as in `(a: long, b: string)`");
        }
        SchemaType { columns, star, scalar: None, span: self.span_from(start) }
    }

    // Options of operators.

    /// Reads the options before an operator's operands: `kind=inner hint.strategy=shuffle`. `own` are the names of the
    /// operator's own ones; a number of names is known to all.
    pub(crate) fn options(&mut self, own: &[&str]) -> Options {
        let mut options = Vec::new();
        while let Some(length) = self.option_ahead(own) {
            let start = self.span().start;
            for _ in 0..length {
                self.bump();
            }
            let span = self.span_from(start);
            let name = Name { text: self.slice(span).split_whitespace().collect(), span, bracketed: false };
            self.bump();
            let value = self.option_value();
            options.push(OperatorOption { name, value });
        }
        Options(options)
    }

    /// Returns the number of tokens of the option's name that starts here, when `=` follows.
    fn option_ahead(&self, own: &[&str]) -> Option<usize> {
        let word = self.word_at(0);
        let length = if word == "hint" && self.at_nth(1, ".") && self.kind_at(2) == Some(TokenKind::Word) {
            3
        } else if !word.is_empty() && (own.contains(&word) || keywords::is_option(word)) {
            1
        } else {
            return None;
        };
        self.at_nth(length, "=").then_some(length)
    }

    /// Reads an option's value: a literal or a word.
    pub(crate) fn option_value(&mut self) -> Expr {
        if let Some(literal) = self.literal() {
            return literal;
        }
        let name = if self.at("[") { self.name() } else { self.any_word() };
        match name {
            Some(name) => Expr { span: name.span, kind: ExprKind::Name(name) },
            None => {
                self.report_missing("a value");
                self.error_expr()
            }
        }
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

/// Returns the finding that a word is a name only in brackets.
pub(crate) fn needs_brackets(text: &str, span: Span) -> Diagnostic {
    Diagnostic::syntax("KS228", span, format!("`{text}` is no name by itself")).help(format!("write `['{text}']`"))
}

/// The options read before an operator's operands. Those that an operator takes out become fields of its own; the rest
/// stay a list.
#[derive(Debug, Default)]
pub struct Options(pub Vec<OperatorOption>);

impl Options {
    fn take(&mut self, names: &[&str]) -> Option<OperatorOption> {
        let at = self.0.iter().position(|option| names.contains(&option.name.text.as_str()))?;
        Some(self.0.remove(at))
    }

    /// Takes out an option whose value is a word, `kind=inner`. Reports a value that is none of `values`.
    pub(crate) fn take_choice(&mut self, parser: &mut Parser<'_>, name: &str, values: &[&str]) -> Option<Name> {
        let option = self.take(&[name])?;
        let word = option.value.as_word(parser)?;
        if !values.contains(&word.text.as_str()) {
            let list: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            let message = format!("`{name}` cannot be `{}`: it is one of {}", word.text, list.join(", "));
            let diagnostic = Diagnostic::semantic("KS140", word.span, message);
            parser.push(match nearest(&word.text, values.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            });
            return None;
        }
        Some(word)
    }

    /// Takes out an option whose value is a name that the operator makes, `with_itemindex=i`.
    pub(crate) fn take_name(&mut self, parser: &mut Parser<'_>, names: &[&str]) -> Option<Name> {
        let name = self.take(names)?.value.as_word(parser)?;
        if !name.bracketed && keywords::is_reserved(&name.text) {
            parser.push(needs_brackets(&name.text, name.span));
        }
        Some(name)
    }

    /// Takes out an option that is true or false, `isfuzzy=true`.
    pub(crate) fn take_bool(&mut self, parser: &mut Parser<'_>, names: &[&str]) -> Option<bool> {
        let option = self.take(names)?;
        match &option.value.kind {
            ExprKind::Literal(schema::Value::Bool(value)) => Some(*value),
            ExprKind::Literal(schema::Value::Long(value)) => Some(*value != 0),
            ExprKind::Error => None,
            _ => {
                let message = format!("`{}` is `true` or `false`", option.name.text);
                parser.push(Diagnostic::semantic("KS223", option.value.span, message));
                None
            }
        }
    }

    /// Takes out an option with any value.
    pub(crate) fn take_value(&mut self, names: &[&str]) -> Option<Expr> {
        self.take(names).map(|option| option.value)
    }
}

impl Expr {
    /// Returns a name, or the text of a string, as a name.
    fn as_word(&self, parser: &mut Parser<'_>) -> Option<Name> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Literal(schema::Value::String(text)) => {
                Some(Name { text: text.clone(), span: self.span, bracketed: true })
            }
            ExprKind::Error => None,
            _ => {
                parser.push(Diagnostic::syntax("KS006", self.span, "expected a name"));
                None
            }
        }
    }
}
