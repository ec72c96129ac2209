//! The grammar of names: of things that exist, of new things, with brackets, with `*`, and the paths of tables and
//! columns.
//!
//! # Source
//! Kusto reference, "Entity names".

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{Expr, ExprKind, Name};
use crate::syntax::keywords;
use crate::syntax::lexer::TokenKind;
use crate::syntax::parser::Parser;

impl Parser<'_> {
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

    /// Returns the number of tokens of a word that is reserved or has dashes in it.
    pub(crate) fn dashed_name_ahead(&self) -> Option<usize> {
        if self.word_at(0).is_empty() {
            return None;
        }
        let mut length = 1;
        while self.adjacent(length) && (self.at_nth(length, "-") || !self.word_at(length).is_empty()) {
            length += 1;
        }
        Some(length)
    }

    /// Reads a name that would need brackets, and says so.
    pub(crate) fn unbracketed_name(&mut self, length: usize) -> Name {
        let start = self.span().start;
        for _ in 0..length {
            self.bump();
        }
        let span = self.span_from(start);
        let text = self.slice(span).to_string();
        self.push(needs_brackets(&text, span));
        Name { text, span, bracketed: false }
    }

    /// Returns whether `(a, b) =` follows.
    pub(crate) fn at_name_list(&self) -> bool {
        if !self.at("(") {
            return false;
        }
        let mut ahead = 1;
        while let Some(length) = self.declared_name_ahead(ahead) {
            ahead += length;
            if !self.at_nth(ahead, ",") {
                break;
            }
            ahead += 1;
        }
        ahead > 1 && self.at_nth(ahead, ")") && self.at_nth(ahead + 1, "=")
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

    /// Reads a table of `union`, `find`, `restrict`: a name, perhaps with `*` or after `database("x").`.
    pub(crate) fn entity(&mut self) -> Option<Expr> {
        self.nested(Self::entity_path)
    }

    fn entity_path(&mut self) -> Option<Expr> {
        if let Some(wildcard) = self.wildcard() {
            return Some(wildcard);
        }
        let start = self.span().start;
        let mut target = match self.call() {
            Some(call) => call,
            None => {
                let name = self.read_name()?;
                Expr { span: name.span, kind: ExprKind::Name(name) }
            }
        };
        while self.at(".") {
            self.bump();
            let selector = match self.wildcard() {
                Some(wildcard) => wildcard,
                None => self.selector(),
            };
            self.grow(1);
            let kind = ExprKind::Path { target: Box::new(target), selector: Box::new(selector) };
            target = Expr { kind, span: self.span_from(start) };
        }
        Some(target)
    }

    /// Reads a column, perhaps a member of a dynamic one, but no call: `a`, `a.b`, `a["b"]`.
    pub(crate) fn column_path(&mut self) -> Option<Expr> {
        self.nested(Self::members)
    }

    fn members(&mut self) -> Option<Expr> {
        let name = self.read_name()?;
        let mut target = Expr { span: name.span, kind: ExprKind::Name(name) };
        let start = target.span.start;
        loop {
            let kind = if self.eat(".") {
                let name = self.read_name().unwrap_or_else(|| self.missing_name());
                let selector = Box::new(Expr { span: name.span, kind: ExprKind::Name(name) });
                ExprKind::Path { target: Box::new(target), selector }
            } else if self.eat("[") {
                let index = Box::new(self.unnamed());
                self.close("]");
                ExprKind::Element { target: Box::new(target), index }
            } else {
                return Some(target);
            };
            self.grow(1);
            target = Expr { kind, span: self.span_from(start) };
        }
    }

    /// Reads a column's name, perhaps with `*` in it.
    pub(crate) fn column_or_wildcard(&mut self) -> Expr {
        if let Some(wildcard) = self.wildcard() {
            return wildcard;
        }
        let name = self.expect_name();
        Expr { span: name.span, kind: ExprKind::Name(name) }
    }
}

/// Returns the finding that a word is a name only in brackets.
pub(crate) fn needs_brackets(text: &str, span: Span) -> Diagnostic {
    Diagnostic::syntax("KS228", span, format!("`{text}` is no name by itself")).help(format!("write `['{text}']`"))
}
