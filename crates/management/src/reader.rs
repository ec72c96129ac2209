//! Reading a command: the query language's tokens, and what commands are made of.

use crate::error::CommandError;
use kql::Span;
use kql::syntax::lexer::{Token, TokenKind, lex};
use schema::{Column, KqlType};

/// A name as it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

/// `with (key = value, ...)`, in order, the keys in lower case.
pub type Properties = Vec<(String, String)>;

/// Reads tokens from the left to the right.
#[derive(Clone)]
pub struct Reader<'a> {
    text: &'a str,
    /// Those that mean something.
    tokens: std::sync::Arc<[Token]>,
    at: usize,
    /// Where the command ends, in bytes.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Splits a text.
    pub fn new(text: &'a str) -> Reader<'a> {
        let tokens = lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect();
        Reader { text, tokens, at: 0, end: text.len() }
    }

    /// Lets the command end before its pipe: the first `|` that is in no bracket, and before any data. Returns the place of the pipe.
    pub fn cut_at_pipe(&mut self) -> Option<usize> {
        let mut depth = 0_usize;
        for token in self.tokens.iter() {
            match self.slice(token.span) {
                "<|" => return None,
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "|" if depth == 0 => {
                    self.end = token.span.start;
                    return Some(token.span.start);
                }
                _ => {}
            }
        }
        None
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    fn token(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied().filter(|token| token.span.start < self.end)
    }

    /// Returns the text of the token `ahead` of the next one; empty at the end.
    pub fn peek(&self, ahead: usize) -> &'a str {
        self.token(ahead).map_or("", |token| self.slice(token.span))
    }

    /// Returns the place of the next token; at the end, the empty place there.
    pub fn span(&self) -> Span {
        self.token(0).map_or(Span::new(self.end, self.end), |token| token.span)
    }

    /// Returns whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.token(0).is_none()
    }

    /// Returns what is left of the text, from the next token on.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.span().start..self.end).unwrap_or("")
    }

    /// Reads a word of the grammar, which may have dashes in it. The case does not count.
    pub fn word(&mut self, word: &str) -> bool {
        let start = self.span().start;
        let end = start + word.len();
        let found = self.text.get(start..end).is_some_and(|found| found.eq_ignore_ascii_case(word));
        let next = self.text.as_bytes().get(end).copied().filter(|_| end < self.end);
        let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !found || self.is_at_end() || next.is_some_and(goes_on) {
            return false;
        }
        while self.token(0).is_some_and(|token| token.span.start < end) {
            self.at += 1;
        }
        true
    }

    /// Reads a sign, such as `(`.
    pub fn sign(&mut self, sign: &str) -> bool {
        let found = self.peek(0) == sign;
        self.at += usize::from(found);
        found
    }

    /// Reads a sign that has to be there.
    pub fn expect(&mut self, sign: &str) -> Result<(), CommandError> {
        if self.sign(sign) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    /// Returns the error that something else was expected.
    pub fn expected(&self, what: &str) -> CommandError {
        let found = self.peek(0);
        let message = match found.is_empty() {
            true => format!("{what} is expected at the end"),
            false => format!("{what} is expected here, not `{}`", cut(found)),
        };
        CommandError::syntax(self.span(), message)
    }

    /// Makes sure that nothing is left.
    pub fn expect_end(&self) -> Result<(), CommandError> {
        if self.is_at_end() { Ok(()) } else { Err(self.expected("the end of the command")) }
    }

    /// Reads a name: a word, a text, or a text in square brackets.
    pub fn name(&mut self) -> Option<Name> {
        let token = self.token(0)?;
        match token.kind {
            TokenKind::Word | TokenKind::Bool => {
                self.at += 1;
                Some(Name { text: self.slice(token.span).to_string(), span: token.span })
            }
            TokenKind::String => self.string().map(|text| Name { text, span: token.span }),
            _ if self.peek(0) == "[" => {
                let mut inner = self.clone();
                inner.at += 1;
                let text = inner.string()?;
                let end = inner.span().end;
                if !inner.sign("]") {
                    return None;
                }
                self.at = inner.at;
                Some(Name { text, span: Span::new(token.span.start, end) })
            }
            _ => None,
        }
    }

    /// Reads a name that has to be there.
    pub fn expect_name(&mut self, what: &str) -> Result<Name, CommandError> {
        self.name().ok_or_else(|| self.expected(what))
    }

    /// Reads a text.
    pub fn string(&mut self) -> Option<String> {
        let token = self.token(0).filter(|token| token.kind == TokenKind::String)?;
        let text = kql::syntax::string_value(self.slice(token.span))?;
        self.at += 1;
        Some(text)
    }

    /// Reads a text that has to be there; texts one after the other are one.
    pub fn expect_string(&mut self, what: &str) -> Result<String, CommandError> {
        let mut text = self.string().ok_or_else(|| self.expected(what))?;
        while let Some(more) = self.string() {
            text.push_str(&more);
        }
        Ok(text)
    }

    /// Reads `(a, b, ...)`.
    pub fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Reader<'a>) -> Result<T, CommandError>,
    ) -> Result<Vec<T>, CommandError> {
        self.expect("(")?;
        let mut items = Vec::new();
        if self.sign(")") {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.sign(")") {
                return Ok(items);
            }
            if !self.sign(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    /// Reads `(a: long, b: string)`.
    pub fn columns(&mut self) -> Result<Vec<Column>, CommandError> {
        self.list(Reader::column)
    }

    fn column(&mut self) -> Result<Column, CommandError> {
        let name = self.expect_name("the name of a column")?;
        self.expect(":")?;
        let ktype = self.ktype()?;
        Ok(Column::new(name.text, ktype))
    }

    /// Reads a type: KQL's name of it, or that of .NET, such as `System.Int64`.
    pub fn ktype(&mut self) -> Result<KqlType, CommandError> {
        let at = self.span();
        let mut word = self.peek(0).to_string();
        if self.peek(1) == "." && word.eq_ignore_ascii_case("System") {
            word = self.peek(2).to_string();
            self.at += 2;
        }
        let Some(ktype) = KqlType::from_name(&word.to_ascii_lowercase()) else {
            return Err(CommandError::semantic(at, format!("`{}` is no type of a column", cut(&word))));
        };
        self.at += 1;
        Ok(ktype)
    }

    /// Reads `with (key = value, ...)`, which may be missing. A value is a text, a word, a number, or a literal such as `timespan(1d)`.
    pub fn properties(&mut self) -> Result<Properties, CommandError> {
        if !self.word("with") {
            return Ok(Properties::new());
        }
        self.list(|reader| {
            let name = reader.expect_name("the name of a property")?;
            reader.expect("=")?;
            let value = match reader.string() {
                Some(text) => text,
                None => reader.plain_value()?,
            };
            Ok((name.text.to_ascii_lowercase(), value))
        })
    }

    fn plain_value(&mut self) -> Result<String, CommandError> {
        let start = self.span().start;
        let mut end = start;
        while !matches!(self.peek(0), "," | ")" | "") {
            end = self.span().end;
            self.at += 1;
        }
        match self.text.get(start..end).filter(|text| !text.is_empty()) {
            Some(text) => Ok(text.to_string()),
            None => Err(self.expected("the value of the property")),
        }
    }

    /// Reads what stands between brackets that belong together, without them, and where it begins. The next token opens them.
    pub fn bracketed(&mut self, open: &str, close: &str) -> Result<(&'a str, Span), CommandError> {
        let start = self.span();
        self.expect(open)?;
        let mut depth = 1_usize;
        while let Some(token) = self.token(0) {
            let sign = self.slice(token.span);
            depth = if sign == open { depth + 1 } else { depth - usize::from(sign == close) };
            self.at += 1;
            if depth == 0 {
                let inside = Span::new(start.end, token.span.start);
                return Ok((self.slice(inside), inside));
            }
        }
        Err(CommandError::syntax(start, format!("the `{open}` is not closed")))
    }

    /// Reads what stands after `<|` up to the end, as it stands, and where it begins.
    pub fn data(&mut self) -> Result<(&'a str, usize), CommandError> {
        self.expect("<|")?;
        let start = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(self.end, |token| token.span.end);
        self.at = self.tokens.len();
        Ok((self.text.get(start..self.end).unwrap_or(""), start))
    }
}

/// Returns a text's beginning, for messages.
fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

impl Reader<'_> {
    /// Passes over the next token; returns whether there was one.
    pub fn skip(&mut self) -> bool {
        let is_there = !self.is_at_end();
        self.at += usize::from(is_there);
        is_there
    }
}
