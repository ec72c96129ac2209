//! The grammar inside `dynamic(...)`: JSON, with KQL's strings and numbers, and `datetime(...)`, `timespan(...)`,
//! `guid(...)` and nested `dynamic(...)` as values.
//!
//! # Source
//! Kusto reference, "The dynamic data type", dynamic literals.

use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::lexer::TokenKind;
use crate::syntax::parser::Parser;
use schema::{Dynamic, KqlType, Value};
use std::collections::HashMap;

impl Parser<'_> {
    /// Reads `dynamic(...)`, whose first two tokens are next.
    pub(crate) fn dynamic_literal(&mut self) -> Expr {
        let start = self.bump().start;
        self.bump();
        let value = self.json_or_null();
        self.close(")");
        let value = if value == Dynamic::Null { Value::Null(KqlType::Dynamic) } else { Value::Dynamic(value) };
        Expr { kind: ExprKind::Literal(value), span: self.span_from(start) }
    }

    /// Reads a value; null when there is none, which was reported.
    fn json_or_null(&mut self) -> Dynamic {
        self.nested(Self::json).unwrap_or(Dynamic::Null)
    }

    fn json(&mut self) -> Option<Dynamic> {
        match self.text_at(0) {
            "[" => {
                self.bump();
                let items =
                    if self.at("]") { Vec::new() } else { self.comma_list(|parser| Some(parser.json_or_null())) };
                self.close("]");
                self.grow(1);
                Some(Dynamic::Array(items))
            }
            "{" => {
                self.bump();
                let members = if self.at("}") { Vec::new() } else { self.comma_list(Self::json_member) };
                self.close("}");
                self.grow(1);
                Some(bag(members))
            }
            "null" => {
                self.bump();
                Some(Dynamic::Null)
            }
            _ => self.json_scalar(),
        }
    }

    fn json_member(&mut self) -> Option<(String, Dynamic)> {
        if self.kind_at(0) != Some(TokenKind::String) {
            self.report_missing("a string, the name of a member");
            return None;
        }
        let name = self.one_string();
        self.expect(":");
        Some((name, self.json_or_null()))
    }

    fn json_scalar(&mut self) -> Option<Dynamic> {
        let start = self.span().start;
        let is_negative = self.at("-") && matches!(self.kind_at(1), Some(TokenKind::Long | TokenKind::Real));
        if is_negative && !self.adjacent(1) {
            self.bump();
            let digits = self.json_scalar()?;
            return match digits {
                Dynamic::Number(text) => Some(Dynamic::Number(format!("-{text}"))),
                other => Some(other),
            };
        }
        let Some(literal) = self.literal() else {
            self.report_missing("a JSON value");
            return None;
        };
        match literal.kind {
            ExprKind::Literal(value @ (Value::Long(_) | Value::Real(_))) => {
                let text = self.slice(self.span_from(start));
                // A number keeps its text where JSON has the same form for it.
                let as_received = Dynamic::parse(text).filter(|value| matches!(value, Dynamic::Number(_)));
                Some(as_received.unwrap_or_else(|| value.to_dynamic()))
            }
            ExprKind::Literal(value) => Some(value.to_dynamic()),
            _ => {
                self.push(Diagnostic::syntax("KS006", literal.span, "expected a JSON value"));
                None
            }
        }
    }
}

/// Makes a bag of members. A name given twice keeps its first place and its last value.
fn bag(members: Vec<(String, Dynamic)>) -> Dynamic {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<(String, Dynamic)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        match places.get(&name).and_then(|place| kept.get_mut(*place)) {
            Some(member) => member.1 = value,
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, value));
            }
        }
    }
    Dynamic::Bag(kept)
}
