//! The grammar of expressions, by precedence climbing. From loosest to tightest:
//!
//! | level | operators | chains |
//! |---|---|---|
//! | 1 | `or` | yes |
//! | 2 | `and` | yes |
//! | 3 | `==` `!=` `<>` `in` `!in` `in~` `!in~` `has_any` `has_all` `between` `!between` | no |
//! | 4 | `<` `<=` `>` `>=` | no |
//! | 5 | `+` `-` | yes |
//! | 6 | `*` `/` `%` | yes |
//! | 7 | `=~` `!~` `:` `has` `contains` `startswith` `matches regex` and their kin | no |
//! | 8 | `-x` `+x` | no |
//! | 9 | `a.b` `a[b]` `f(x)` | yes |

use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::operator::OperatorInfo;
use crate::operators;
use crate::syntax::ast::{Expr, ExprKind, Name, OrderKey, PipeOperator, SchemaType};
use crate::syntax::keywords;
use crate::syntax::lexer::TokenKind;
use crate::syntax::literals;
use crate::syntax::parser::{Parser, needs_brackets, shown};
use schema::{KqlType, Value, number};

/// A chain of `and` or `or` longer than this becomes a balanced tree, so that no chain makes a tall tree. Both operators
/// are associative.
const LEFT_CHAIN_MAX: usize = 32;

/// Operators without input that may stand wherever an operand may.
const OPERAND_SOURCES: &[&str] =
    &["datatable", "externaldata", "external_data", "__contextual_datatable", "materialized-view-combine"];

/// An operator between two operands.
struct Infix {
    op: &'static str,
    level: u8,
    /// Tokens that it takes.
    length: usize,
}

/// Returns the operator's canonical text and level.
fn infix(text: &str) -> Option<(&'static str, u8)> {
    Some(match text {
        "or" => ("or", 1),
        "and" => ("and", 2),
        "==" => ("==", 3),
        "!=" | "<>" => ("!=", 3),
        "in" => ("in", 3),
        "!in" => ("!in", 3),
        "in~" => ("in~", 3),
        "!in~" => ("!in~", 3),
        "has_any" => ("has_any", 3),
        "has_all" => ("has_all", 3),
        "between" => ("between", 3),
        "!between" => ("!between", 3),
        "<" => ("<", 4),
        "<=" => ("<=", 4),
        ">" => (">", 4),
        ">=" => (">=", 4),
        "+" => ("+", 5),
        "-" => ("-", 5),
        "*" => ("*", 6),
        "/" => ("/", 6),
        "%" => ("%", 6),
        "=~" => ("=~", 7),
        "!~" => ("!~", 7),
        ":" => (":", 7),
        "has" => ("has", 7),
        "!has" => ("!has", 7),
        "has_cs" => ("has_cs", 7),
        "!has_cs" => ("!has_cs", 7),
        "hasprefix" => ("hasprefix", 7),
        "!hasprefix" => ("!hasprefix", 7),
        "hasprefix_cs" => ("hasprefix_cs", 7),
        "!hasprefix_cs" => ("!hasprefix_cs", 7),
        "hassuffix" => ("hassuffix", 7),
        "!hassuffix" => ("!hassuffix", 7),
        "hassuffix_cs" => ("hassuffix_cs", 7),
        "!hassuffix_cs" => ("!hassuffix_cs", 7),
        "like" => ("like", 7),
        "notlike" => ("notlike", 7),
        "likecs" => ("likecs", 7),
        "notlikecs" => ("notlikecs", 7),
        "contains" => ("contains", 7),
        "!contains" | "notcontains" => ("!contains", 7),
        "contains_cs" | "containscs" => ("contains_cs", 7),
        "!contains_cs" | "notcontainscs" => ("!contains_cs", 7),
        "startswith" => ("startswith", 7),
        "!startswith" => ("!startswith", 7),
        "startswith_cs" => ("startswith_cs", 7),
        "!startswith_cs" => ("!startswith_cs", 7),
        "endswith" => ("endswith", 7),
        "!endswith" => ("!endswith", 7),
        "endswith_cs" => ("endswith_cs", 7),
        "!endswith_cs" => ("!endswith_cs", 7),
        _ => return None,
    })
}

fn chains(level: u8) -> bool {
    matches!(level, 1 | 2 | 5 | 6)
}

impl Parser<'_> {
    // Tabular expressions.

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
                None => parser.chain(1)?,
            };
            if !parser.at("|") {
                return Some(source);
            }
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
            Some(Expr { kind: ExprKind::Pipe { source: None, operators }, span: parser.span_from(start) })
        });
        read.unwrap_or_else(|| self.error_expr())
    }

    /// Reads one operator whose input the context gives, as after `facet by x with`.
    pub(crate) fn suboperator(&mut self) -> Expr {
        let start = self.span().start;
        let operators = self.nested(Self::required_operator).into_iter().collect();
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
            "range" => self.name_ahead(1).is_some_and(|length| self.at_nth(1 + length, "from")),
            "evaluate" => next == "hint" || self.name_ahead(1).is_some_and(|length| !self.at_nth(1 + length, "]")),
            _ => {
                self.kind_at(1) == Some(TokenKind::Long)
                    || !next.is_empty() && infix(next).is_none() && next != "matches"
            }
        };
        is_operator.then_some(info)
    }

    // Scalar expressions.

    /// Reads an expression without pipes, or reports that it is missing.
    pub(crate) fn unnamed(&mut self) -> Expr {
        match self.unnamed_opt() {
            Some(expr) => expr,
            None => {
                self.report_missing("an expression");
                self.error_expr()
            }
        }
    }

    /// Reads an expression without pipes.
    pub(crate) fn unnamed_opt(&mut self) -> Option<Expr> {
        self.nested(|parser| parser.chain(1))
    }

    /// Reads an expression without pipes that may have a name: `x = value`, `(x, y) = value`. Reports when it is missing.
    pub(crate) fn named(&mut self) -> Expr {
        match self.named_opt() {
            Some(expr) => expr,
            None => {
                self.report_missing("an expression");
                self.error_expr()
            }
        }
    }

    /// Reads an expression without pipes that may have a name.
    pub(crate) fn named_opt(&mut self) -> Option<Expr> {
        self.nested(Self::maybe_named)
    }

    fn maybe_named(&mut self) -> Option<Expr> {
        let start = self.span().start;
        let names = if let Some(length) = self.declared_name_ahead(0)
            && self.at_nth(length, "=")
        {
            vec![self.expect_declared_name()]
        } else if let Some(length) = self.dashed_name_ahead()
            && self.at_nth(length, "=")
        {
            vec![self.unbracketed_name(length)]
        } else if self.at_name_list() {
            self.bump();
            let names = self.comma_list(|parser| Some(parser.expect_declared_name()));
            self.close(")");
            names
        } else {
            return self.chain(1);
        };
        self.bump();
        let value = self.operand(1);
        self.grow(1);
        let span = self.span_from(start);
        Some(Expr { kind: ExprKind::Named { names, value: Box::new(value) }, span })
    }

    /// Reads expressions that may have names, with commas between; at least one.
    pub(crate) fn named_list(&mut self) -> Vec<Expr> {
        self.comma_list(|parser| Some(parser.named()))
    }

    /// Reads a key of `sort` or `top`.
    pub(crate) fn ordered(&mut self) -> OrderKey {
        let expr = self.named();
        let ascending = match self.text_at(0) {
            "asc" | "granny-asc" => Some(true),
            "desc" | "granny-desc" => Some(false),
            _ => None,
        };
        if ascending.is_some() {
            self.bump();
        }
        let mut nulls_first = None;
        if self.eat("nulls") {
            nulls_first = match self.text_at(0) {
                "first" => Some(true),
                "last" => Some(false),
                _ => None,
            };
            if nulls_first.is_some() {
                self.bump();
            } else {
                self.report_expected(&["first", "last"]);
            }
        }
        OrderKey { expr, ascending, nulls_first }
    }

    /// Reads the `*` that is next.
    pub(crate) fn star(&mut self) -> Expr {
        Expr { span: self.bump(), kind: ExprKind::Star }
    }

    /// Moves past `datascope=all`, if it follows. Hot and cold data are the same here: the clause means nothing.
    pub(crate) fn datascope(&mut self) {
        if self.at("datascope") && self.at_nth(1, "=") {
            self.bump();
            self.bump();
            self.any_word();
        }
    }

    /// Returns the number of tokens of a word that is reserved or has dashes in it.
    fn dashed_name_ahead(&self) -> Option<usize> {
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
    fn unbracketed_name(&mut self, length: usize) -> Name {
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
    fn at_name_list(&self) -> bool {
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

    fn infix_ahead(&self) -> Option<Infix> {
        let text = self.text_at(0);
        if text == "matches" && self.at_nth(1, "regex") {
            return Some(Infix { op: "matches regex", level: 7, length: 2 });
        }
        let (op, level) = infix(text)?;
        // `make-series ... on x in range(...)` is no membership test.
        let is_range = op == "in" && self.at_nth(1, "range");
        (!is_range).then_some(Infix { op, level, length: 1 })
    }

    /// Reads operands and the operators between them, down to the given level.
    fn chain(&mut self, lowest: u8) -> Option<Expr> {
        let start = self.span().start;
        let mut left = match self.star_operand() {
            Some(star) => star,
            None => self.unary()?,
        };
        // An operator that does not chain must be followed by a looser one.
        let mut highest = u8::MAX;
        while let Some(Infix { op, level, length }) = self.infix_ahead() {
            if level < lowest || level > highest {
                break;
            }
            if level <= 2 {
                left = self.logical(left, op, level);
                highest = level;
                continue;
            }
            let op_start = self.span().start;
            for _ in 0..length {
                self.bump();
            }
            let op_span = self.span_from(op_start);
            let left_box = Box::new(left);
            let kind = match op {
                "between" | "!between" => self.between(op == "!between", left_box),
                "in" | "!in" | "in~" | "!in~" | "has_any" | "has_all" => {
                    ExprKind::In { op, op_span, value: left_box, list: self.membership_list() }
                }
                _ => {
                    let right = self.operand(level + 1);
                    ExprKind::Binary { op, op_span, left: left_box, right: Box::new(right) }
                }
            };
            self.grow(1);
            left = Expr { kind, span: self.span_from(start) };
            highest = if chains(level) { level } else { level - 1 };
        }
        Some(left)
    }

    /// Reads an operand that binds at least as tightly as `lowest`. The levels bound this recursion.
    fn operand(&mut self, lowest: u8) -> Expr {
        match self.beside(|parser| if lowest > 7 { parser.unary() } else { parser.chain(lowest) }) {
            Some(operand) => operand,
            None => {
                self.report_missing("an expression");
                self.error_expr()
            }
        }
    }

    /// Reads the rest of a chain of `and`s or `or`s.
    fn logical(&mut self, first: Expr, op: &'static str, level: u8) -> Expr {
        let mut operands = vec![first];
        let mut op_spans = Vec::new();
        while self.at(op) {
            op_spans.push(self.bump());
            operands.push(self.operand(level + 1));
        }
        let balanced = operands.len() > LEFT_CHAIN_MAX;
        self.grow(if balanced { operands.len().ilog2() as usize + 1 } else { operands.len() - 1 });
        let pairs: Vec<(Span, Expr)> = std::iter::once(Span::default()).chain(op_spans).zip(operands).collect();
        fold(op, pairs, balanced).unwrap_or_else(|| self.error_expr())
    }

    /// Reads `*` before an operator that may search all columns.
    fn star_operand(&mut self) -> Option<Expr> {
        let next = self.text_at(1);
        let searches = next == "==" || next == "matches" || infix(next).is_some_and(|(_, level)| level == 7);
        if !self.at("*") || !searches {
            return None;
        }
        Some(Expr { span: self.bump(), kind: ExprKind::Star })
    }

    fn between(&mut self, negated: bool, value: Box<Expr>) -> ExprKind {
        self.expect("(");
        let low = Box::new(self.unnamed());
        self.expect("..");
        let high = Box::new(self.unnamed());
        self.close(")");
        ExprKind::Between { negated, value, low, high }
    }

    /// Reads `(a, b, ...)` or `(tabular expression)`.
    fn membership_list(&mut self) -> Vec<Expr> {
        if !self.expect("(") {
            return Vec::new();
        }
        let mut list = vec![self.expression()];
        while self.eat(",") {
            list.push(self.unnamed());
        }
        self.close(")");
        list
    }

    fn unary(&mut self) -> Option<Expr> {
        let op = match self.text_at(0) {
            "-" => "-",
            "+" => "+",
            _ => return self.postfix(),
        };
        let start = self.bump().start;
        // The least long has no positive counterpart that could be negated.
        if op == "-" && self.at("9223372036854775808") && self.adjacent(0) {
            self.bump();
            return Some(Expr { kind: ExprKind::Literal(Value::Long(i64::MIN)), span: self.span_from(start) });
        }
        let operand = match self.postfix() {
            Some(operand) => operand,
            None => {
                self.report_missing("an expression");
                self.error_expr()
            }
        };
        self.grow(1);
        Some(Expr { kind: ExprKind::Unary { op, operand: Box::new(operand) }, span: self.span_from(start) })
    }

    /// Reads an operand with its members and elements: `f(x).a["b"][0]`.
    pub(crate) fn postfix(&mut self) -> Option<Expr> {
        let primary = self.primary()?;
        Some(self.selectors(primary))
    }

    fn selectors(&mut self, mut target: Expr) -> Expr {
        let start = target.span.start;
        loop {
            let kind = if self.at(".") && !(self.at_nth(1, "[") && self.name_ahead(1).is_none()) {
                self.bump();
                let selector = self.selector();
                ExprKind::Path { target: Box::new(target), selector: Box::new(selector) }
            } else if self.at("[") || self.at(".") {
                self.eat(".");
                self.bump();
                let index = Box::new(self.unnamed());
                self.close("]");
                ExprKind::Element { target: Box::new(target), index }
            } else {
                return target;
            };
            self.grow(1);
            target = Expr { kind, span: self.span_from(start) };
        }
    }

    /// Reads what follows a dot: a member's name or a call.
    fn selector(&mut self) -> Expr {
        if let Some(call) = self.call() {
            return call;
        }
        if self.at("@") {
            let span = self.bump();
            return Expr { kind: ExprKind::Name(Name { text: "@".to_string(), span, bracketed: false }), span };
        }
        let name = self.read_name().unwrap_or_else(|| self.missing_name());
        Expr { span: name.span, kind: ExprKind::Name(name) }
    }

    fn primary(&mut self) -> Option<Expr> {
        let start = self.span().start;
        match self.kind_at(0)? {
            TokenKind::Word => {}
            TokenKind::Punctuation => {
                return match self.text_at(0) {
                    "(" => Some(self.parenthesized()),
                    "[" | "{" => {
                        let name = self.name()?;
                        Some(self.name_or_call(name))
                    }
                    _ => None,
                };
            }
            _ => return self.literal(),
        }
        match self.text_at(0) {
            "dynamic" | "typeof" if self.at_nth(1, "(") => return self.literal(),
            word if OPERAND_SOURCES.contains(&word) => {
                let info = find_operator(word)?;
                let keyword = self.bump();
                let operator = (info.parse)(self);
                let span = self.span_from(keyword.start);
                return Some(Expr { kind: ExprKind::Source(PipeOperator { operator, span, keyword }), span });
            }
            "toscalar" | "totable" | "materialize" => return self.subquery_call(),
            "entity_group" if self.at_nth(1, "[") => {
                self.bump();
                self.bump();
                let entities = self.comma_list(|parser| Some(parser.unnamed()));
                self.close("]");
                return Some(Expr { kind: ExprKind::EntityGroup(entities), span: self.span_from(start) });
            }
            _ => {}
        }
        if let Some(call) = self.call() {
            return Some(call);
        }
        let name = match self.read_name() {
            Some(name) => name,
            None if self.at_misused_keyword() => self.unbracketed_name(1),
            None => return None,
        };
        self.datascope();
        Some(Expr { span: name.span, kind: ExprKind::Name(name) })
    }

    /// Reads `(expression)`.
    pub(crate) fn parenthesized(&mut self) -> Expr {
        let start = self.bump().start;
        let inner = Box::new(self.expression());
        self.close(")");
        Expr { kind: ExprKind::Parenthesized(inner), span: self.span_from(start) }
    }

    /// Returns whether a keyword stands where only a name makes sense, given what follows it.
    fn at_misused_keyword(&self) -> bool {
        !self.word_at(0).is_empty()
            && match self.text_at(1) {
                ")" | "]" | "}" | "." | "," | "|" => true,
                "+" | "-" => false,
                text => infix(text).is_some(),
            }
    }

    /// Reads a call `f(a, name = b)`.
    pub(crate) fn call(&mut self) -> Option<Expr> {
        let length = self.name_ahead(0)?;
        if !self.at_nth(length, "(") {
            return None;
        }
        let name = self.expect_name();
        Some(self.name_or_call(name))
    }

    fn name_or_call(&mut self, name: Name) -> Expr {
        if !self.eat("(") {
            return Expr { span: name.span, kind: ExprKind::Name(name) };
        }
        let args = if self.at_close() { Vec::new() } else { self.comma_list(|parser| Some(parser.argument())) };
        self.close(")");
        self.grow(1);
        let span = self.span_from(name.span.start);
        Expr { kind: ExprKind::Call { name, args }, span }
    }

    fn argument(&mut self) -> Expr {
        if self.at("*") && matches!(self.text_at(1), ")" | ",") {
            return Expr { span: self.bump(), kind: ExprKind::Star };
        }
        self.named()
    }

    /// Reads `toscalar(tabular expression)` and its like, whose argument may have pipes.
    fn subquery_call(&mut self) -> Option<Expr> {
        let name = self.any_word()?;
        if self.at("kind") && self.at_nth(1, "=") {
            self.bump();
            self.bump();
            self.bump();
        }
        let start = name.span.start;
        self.expect("(");
        let args = vec![self.expression()];
        self.close(")");
        self.grow(1);
        Some(Expr { kind: ExprKind::Call { name, args }, span: self.span_from(start) })
    }

    // Names of tables and columns.

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

    // Literals.

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
            TokenKind::Long => (literals::long(text), KqlType::Long),
            TokenKind::Real => (literals::real(text), KqlType::Real),
            TokenKind::Timespan => (literals::timespan(text), KqlType::Timespan),
            TokenKind::Bool => (Some(Value::Bool(text.eq_ignore_ascii_case("true"))), KqlType::Bool),
            TokenKind::Typed(ktype) => (self.typed_literal(ktype, text), ktype),
            TokenKind::RawGuid => {
                self.push(
                    Diagnostic::syntax("KS214", token.span, "a guid by itself is no literal")
                        .help(format!("write `guid({text})`")),
                );
                (literals::typed(KqlType::Guid, text), KqlType::Guid)
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
            Some(inside) => literals::typed(ktype, inside),
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
            _ => (schema::ticks::parse_timespan(text).map(Value::Timespan), KqlType::Timespan),
        };
        Some(self.literal_expr(value, ktype, span))
    }

    /// Reads `typeof(long)`, `typeof(a: long, b: string)`, `typeof(*, a: long)`.
    pub(crate) fn typeof_literal(&mut self) -> Expr {
        let start = self.bump().start;
        let scalar = (self.at_nth(2, ")") && !self.word_at(1).is_empty()).then(|| {
            self.bump();
            // Here, unlike elsewhere, `DateTime` is taken as `datetime`.
            let word = self.word_at(0).to_ascii_lowercase();
            let ktype = match KqlType::from_name(&word) {
                Some(ktype) => {
                    self.bump();
                    ktype
                }
                None => self.scalar_type(),
            };
            self.close(")");
            ktype
        });
        let mut schema = match scalar {
            Some(_) => SchemaType { columns: Vec::new(), star: false, scalar, span: Span::default() },
            None => self.row_schema(),
        };
        schema.span = self.span_from(start);
        Expr { span: schema.span, kind: ExprKind::TypeOf(schema) }
    }
}

/// Returns the operator of a keyword.
pub(crate) fn find_operator(word: &str) -> Option<&'static OperatorInfo> {
    if word.is_empty() {
        return None;
    }
    operators::ALL.iter().copied().find(|info| info.keywords.contains(&word))
}

/// Puts operands together, each with the place of the operator before it (the first's is not used).
fn fold(op: &'static str, mut operands: Vec<(Span, Expr)>, balanced: bool) -> Option<Expr> {
    let join = |left: Expr, (op_span, right): (Span, Expr)| Expr {
        span: left.span.to(right.span),
        kind: ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) },
    };
    if !balanced || operands.len() < 3 {
        let mut rest = operands.into_iter();
        let (_, first) = rest.next()?;
        return Some(rest.fold(first, join));
    }
    let right = operands.split_off(operands.len() / 2);
    let op_span = right.first().map(|(span, _)| *span).unwrap_or_default();
    Some(join(fold(op, operands, true)?, (op_span, fold(op, right, true)?)))
}
