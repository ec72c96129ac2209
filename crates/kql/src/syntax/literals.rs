//! The grammar of literals, and what is wrong with them.

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::lexer::TokenKind;
use crate::syntax::parser::{Parser, shown};
use crate::syntax::values::{self, StringFault};
use schema::{KqlType, Value, number, ticks};

impl Parser<'_> {
    /// Reads a literal, perhaps with a sign.
    pub(crate) fn literal(&mut self) -> Option<Expr> {
        let token = self.token(0)?;
        let text = self.slice(token.span);
        let (value, ktype) = match token.kind {
            TokenKind::String => {
                let text = self.strings();
                let span = self.span_from(token.span.start);
                return Some(Expr { kind: ExprKind::Literal(Value::String(text)), span });
            }
            TokenKind::Long => (values::long(text), KqlType::Long),
            TokenKind::Real => (values::real(text), KqlType::Real),
            TokenKind::Timespan => (values::timespan(text), KqlType::Timespan),
            TokenKind::Bool => (Some(Value::Bool(text.eq_ignore_ascii_case("true"))), KqlType::Bool),
            TokenKind::Typed(ktype) => (self.typed_literal(ktype, text), ktype),
            TokenKind::RawGuid => {
                self.push(
                    Diagnostic::syntax("KS214", token.span, "a guid by itself is no literal")
                        .help(format!("write `guid({text})`")),
                );
                (values::typed(KqlType::Guid, text), KqlType::Guid)
            }
            TokenKind::Punctuation if matches!(text, "-" | "+") => return self.signed_literal(),
            TokenKind::Word if self.at_nth(1, "(") => {
                return match text {
                    "dynamic" => Some(self.dynamic_literal()),
                    "typeof" => Some(self.typeof_literal()),
                    _ => None,
                };
            }
            _ => return None,
        };
        self.bump();
        Some(self.literal_expr(value, ktype, token.span))
    }

    fn literal_expr(&mut self, value: Option<Value>, ktype: KqlType, span: Span) -> Expr {
        let value = match value {
            Some(value) => value,
            None => {
                let text = shown(self.slice(span));
                let message = format!("`{text}` is no value of type {ktype}");
                self.push(Diagnostic::syntax("KS004", span, message));
                Value::null(ktype)
            }
        };
        Expr { kind: ExprKind::Literal(value), span }
    }

    /// Returns the value of `long(...)` and its like; reports when it is not closed.
    fn typed_literal(&mut self, ktype: KqlType, text: &str) -> Option<Value> {
        let inside = text.split_once('(').map_or("", |(_, inside)| inside);
        match inside.strip_suffix(')') {
            Some(inside) => values::typed(ktype, inside),
            None => {
                let span = self.span();
                self.push(Diagnostic::syntax("KS001", span, "the literal is not closed: `)` is missing"));
                Some(Value::null(ktype))
            }
        }
    }

    fn signed_literal(&mut self) -> Option<Expr> {
        let kind = self.kind_at(1)?;
        if !self.adjacent(1) || !matches!(kind, TokenKind::Long | TokenKind::Real | TokenKind::Timespan) {
            return None;
        }
        let start = self.bump().start;
        self.bump();
        let span = self.span_from(start);
        let text = self.slice(span);
        let (value, ktype) = match kind {
            TokenKind::Long => (number::parse_long(text).map(Value::Long), KqlType::Long),
            TokenKind::Real => (number::parse_real(text).map(Value::Real), KqlType::Real),
            _ => (ticks::parse_timespan(text).map(Value::Timespan), KqlType::Timespan),
        };
        Some(self.literal_expr(value, ktype, span))
    }

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
        let (text, fault) = values::string(self.slice(span));
        match fault {
            None => {}
            Some(StringFault::Open(quote)) => {
                let message = format!("the string is not closed: its closing {quote} is missing");
                self.push(Diagnostic::syntax("KS001", span, message));
            }
            Some(StringFault::Escape(at)) => {
                let at = span.start + at;
                let escape: String = self.slice(Span::new(at, span.end)).chars().take(2).collect();
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
}
