//! The grammar of tabular expressions: a source, and operators with pipes between them. Each operator's own grammar is
//! in its file under `operators/`.

use crate::diagnostic::{Diagnostic, nearest};
use crate::operator::OperatorInfo;
use crate::operators;
use crate::syntax::ast::{Expr, ExprKind, PipeOperator};
use crate::syntax::expressions::infix;
use crate::syntax::keywords;
use crate::syntax::lexer::TokenKind;
use crate::syntax::parser::Parser;

/// Operators without input that may stand wherever an operand may.
pub(crate) const OPERAND_SOURCES: &[&str] =
    &["datatable", "externaldata", "external_data", "__contextual_datatable", "materialized-view-combine"];

impl Parser<'_> {
    /// Reads an expression that may have pipes, or reports that it is missing.
    pub(crate) fn expression(&mut self) -> Expr {
        match self.pipeline() {
            Some(expr) => expr,
            None => {
                self.report_missing("an expression");
                self.error_expr()
            }
        }
    }

    /// Reads an expression that may have pipes.
    pub(crate) fn pipeline(&mut self) -> Option<Expr> {
        self.nested(|parser| {
            let start = parser.span().start;
            let source = match parser.operator_at_start() {
                Some(info) => {
                    let operator = parser.operator(info);
                    parser.grow(1);
                    if info.source {
                        Expr { span: operator.span, kind: ExprKind::Source(operator) }
                    } else {
                        let word = parser.slice(operator.keyword);
                        let message =
                            format!("`{word}` cannot be the first operator: it needs an input and a pipe before it");
                        parser.push(Diagnostic::semantic("KS174", operator.keyword, message));
                        Expr { span: operator.span, kind: ExprKind::Pipe { source: None, operators: vec![operator] } }
                    }
                }
                None => parser.chain()?,
            };
            if !parser.at("|") {
                return Some(source);
            }
            parser.grow(1);
            let mut operators = Vec::new();
            parser.pipes(&mut operators);
            let span = parser.span_from(start);
            Some(match source.kind {
                ExprKind::Pipe { source: None, operators: mut first } => {
                    first.append(&mut operators);
                    Expr { kind: ExprKind::Pipe { source: None, operators: first }, span }
                }
                _ => Expr { kind: ExprKind::Pipe { source: Some(Box::new(source)), operators }, span },
            })
        })
    }

    /// Reads operators with pipes between them but none before the first, whose input the context gives, as inside
    /// `mv-apply ... on (...)`.
    pub(crate) fn subpipeline(&mut self) -> Expr {
        let read = self.nested(|parser| {
            let start = parser.span().start;
            let mut operators = Vec::new();
            if let Some(operator) = parser.required_operator() {
                operators.push(operator);
            }
            parser.pipes(&mut operators);
            parser.grow(1);
            Some(Expr { kind: ExprKind::Pipe { source: None, operators }, span: parser.span_from(start) })
        });
        read.unwrap_or_else(|| self.error_expr())
    }

    /// Reads one operator whose input the context gives, as after `facet by x with`.
    pub(crate) fn suboperator(&mut self) -> Expr {
        let start = self.span().start;
        let operators = self.nested(Self::required_operator).into_iter().collect();
        self.grow(1);
        Expr { kind: ExprKind::Pipe { source: None, operators }, span: self.span_from(start) }
    }

    /// Returns whether the text goes on with an operator that takes its input from the context.
    pub(crate) fn at_operator(&self) -> bool {
        find_operator(self.word_at(0)).is_some_and(|info| info.piped) && !self.at_nth(1, "(")
    }

    fn pipes(&mut self, operators: &mut Vec<PipeOperator>) {
        while self.eat("|") {
            if let Some(operator) = self.required_operator() {
                operators.push(operator);
            }
        }
    }

    /// Reads an operator after a pipe, or reports that it is missing and skips to the next.
    fn required_operator(&mut self) -> Option<PipeOperator> {
        let word = self.word_at(0);
        let Some(info) = find_operator(word) else {
            let mut diagnostic =
                Diagnostic::syntax("KS176", self.span(), format!("expected an operator, found {}", self.found()));
            let names = operators::ALL.iter().filter(|info| info.piped).flat_map(|info| info.keywords.iter().copied());
            if let Some(near) = nearest(word, names).filter(|_| !word.is_empty()) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            self.report(diagnostic);
            self.recover();
            return None;
        };
        let operator = self.operator(info);
        if !info.piped {
            let word = self.slice(operator.keyword);
            let message = format!("`{word}` takes no input: it must be the first operator");
            self.push(Diagnostic::semantic("KS175", operator.keyword, message));
        }
        Some(operator)
    }

    /// Reads an operator whose keyword is next, and reports what should not follow it.
    fn operator(&mut self, info: &'static OperatorInfo) -> PipeOperator {
        let keyword = self.bump();
        self.operator = info.keywords.first().copied().unwrap_or_default();
        let operator = (info.parse)(self);
        let span = self.span_from(keyword.start);
        if !self.at_close() {
            self.report_unexpected();
            self.recover();
        }
        PipeOperator { operator, span, keyword }
    }

    /// Reports that the next token should not be there.
    pub(crate) fn report_unexpected(&mut self) {
        let word = self.word_at(0);
        let mut diagnostic = Diagnostic::syntax("KS198", self.span(), format!("did not expect {} here", self.found()));
        if self.at("=") {
            diagnostic = diagnostic.help("`==` compares");
        } else if find_operator(word).is_some_and(|info| info.piped) {
            diagnostic = diagnostic.help(format!("put `|` before `{word}`"));
        } else if self.at_statement() {
            diagnostic = diagnostic.help(format!("put `;` before `{word}`"));
        } else if !word.is_empty() && self.at_line_start() {
            diagnostic = diagnostic.help("statements are separated by `;`, operators by `|`");
        } else if infix(word).is_none() && infix(&word.to_ascii_lowercase()).is_some() {
            diagnostic = diagnostic.help(format!("keywords are in lower case: `{}`", word.to_ascii_lowercase()));
        }
        self.report(diagnostic);
    }

    /// Returns the operator that the text starts with, when the word is not a name here.
    fn operator_at_start(&self) -> Option<&'static OperatorInfo> {
        let word = self.word_at(0);
        let info = find_operator(word).filter(|_| !OPERAND_SOURCES.contains(&word))?;
        if keywords::is_reserved(word) {
            return Some(info);
        }
        // The word may be a name. Only after an operator's keyword can another word or a number follow directly.
        let next = self.word_at(1);
        let is_operator = match word {
            "inline_external_table" => matches!(self.text_at(1), "(" | "kind"),
            "evaluate" => next == "hint" || self.name_ahead(1).is_some_and(|length| !self.at_nth(1 + length, "]")),
            "range" if self.at_nth(1, "[") => self.name_ahead(1).is_some_and(|length| self.at_nth(1 + length, "from")),
            _ => {
                self.kind_at(1) == Some(TokenKind::Long)
                    || !next.is_empty() && infix(next).is_none() && next != "matches"
            }
        };
        is_operator.then_some(info)
    }

    /// Moves past `datascope=all`, if it follows. Hot and cold data are the same here: the clause means nothing.
    pub(crate) fn datascope(&mut self) {
        if self.at("datascope") && self.at_nth(1, "=") {
            self.bump();
            self.bump();
            self.any_word();
        }
    }
}

/// Returns the operator of a keyword.
pub(crate) fn find_operator(word: &str) -> Option<&'static OperatorInfo> {
    if word.is_empty() {
        return None;
    }
    operators::ALL.iter().copied().find(|info| info.keywords.contains(&word))
}
