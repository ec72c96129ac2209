//! The grammar of expressions. Operators by precedence, from loosest to tightest:
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

use crate::diagnostic::Span;
use crate::syntax::ast::{Expr, ExprKind, Name, OrderKey, PipeOperator};
use crate::syntax::lexer::TokenKind;
use crate::syntax::parser::Parser;
use crate::syntax::pipelines::{OPERAND_SOURCES, find_operator};
use schema::Value;

/// A chain of `and` or `or` longer than this becomes a balanced tree, so that no chain makes a tall tree. Both
/// operators are associative.
const LEFT_CHAIN_MAX: usize = 32;

/// An operator between two operands.
struct Infix {
    op: &'static str,
    level: u8,
    /// Tokens that it takes.
    length: usize,
}

/// An operand and how tall its tree is.
struct Operand {
    expr: Expr,
    height: usize,
    /// The level of its outermost operator; the highest for one that has none.
    level: u8,
}

/// An operator that waits for its last operand.
struct Pending {
    op: &'static str,
    level: u8,
    op_span: Span,
    /// Each with the place of the operator after it; several only for `and` and `or`.
    operands: Vec<(Span, Operand)>,
}

/// Returns the operator's canonical text and level.
pub(crate) fn infix(text: &str) -> Option<(&'static str, u8)> {
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
        self.nested(|parser| parser.chain())
    }

    /// Reads an expression without pipes that may have a name: `x = value`, `(x, y) = value`. Reports when it is
    /// missing.
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
            return self.chain();
        };
        self.bump();
        let Some(value) = self.beside(Self::chain) else {
            self.report_missing("an expression");
            return Some(self.error_expr());
        };
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

    /// Reads operands and the operators between them. Keeps its own stack of operators whose right side is not complete
    /// yet, so that precedence costs no recursion.
    pub(crate) fn chain(&mut self) -> Option<Expr> {
        let mut left = self.operand_opt(0)?;
        let mut pending: Vec<Pending> = Vec::new();
        while let Some(Infix { op, level, length }) = self.infix_ahead() {
            while let Some(tighter) =
                pending.pop_if(|before| before.level > level || before.level == level && level > 2)
            {
                left = self.apply(tighter, left);
            }
            // An operator that does not chain must be followed by a looser one.
            if left.level < level || left.level == level && !chains(level) {
                break;
            }
            let op_start = self.span().start;
            for _ in 0..length {
                self.bump();
            }
            let op_span = self.span_from(op_start);
            if level == 3 && !matches!(op, "==" | "!=") {
                left = self.with_list(op, op_span, left);
                continue;
            }
            match pending.last_mut() {
                // A further operand of the same `and` or `or`.
                Some(same) if same.level == level => same.operands.push((op_span, left)),
                _ => pending.push(Pending { op, level, op_span, operands: vec![(op_span, left)] }),
            }
            left = self.operand(level);
        }
        while let Some(last) = pending.pop() {
            left = self.apply(last, left);
        }
        self.raise(left.height);
        Some(left.expr)
    }

    /// Reads an operand after an operator of the given level, and notes its height.
    fn operand_opt(&mut self, level: u8) -> Option<Operand> {
        let (expr, height) = self.apart(|parser| match parser.star_operand(level) {
            Some(star) => Some(star),
            None => parser.unary(),
        });
        Some(Operand { expr: expr?, height, level: u8::MAX })
    }

    /// Reads an operand after an operator of the given level, or reports that it is missing.
    fn operand(&mut self, level: u8) -> Operand {
        self.operand_opt(level).unwrap_or_else(|| {
            self.report_missing("an expression");
            Operand { expr: self.error_expr(), height: 0, level: u8::MAX }
        })
    }

    /// Puts the operands of an operator together.
    fn apply(&mut self, pending: Pending, last: Operand) -> Operand {
        let Pending { op, level, op_span, operands } = pending;
        let tallest = operands.iter().map(|(_, operand)| operand.height).fold(last.height, usize::max);
        let n = operands.len() + 1;
        let balanced = n > LEFT_CHAIN_MAX;
        let height = tallest + if balanced { n.ilog2() as usize + 1 } else { n - 1 };
        // Each operand with the place of the operator before it; the first's is not used.
        let mut before = op_span;
        let mut parts = Vec::with_capacity(n);
        for (after, operand) in operands {
            parts.push((before, operand.expr));
            before = after;
        }
        parts.push((before, last.expr));
        let expr = fold(op, parts, balanced).unwrap_or_else(|| self.error_expr());
        self.operand_of(expr, height, level)
    }

    /// Reads `(...)` after `in`, `between` and their kin.
    fn with_list(&mut self, op: &'static str, op_span: Span, left: Operand) -> Operand {
        let start = left.expr.span.start;
        let value = Box::new(left.expr);
        let (kind, height) = self.apart(|parser| match op {
            "between" | "!between" => parser.between(op == "!between", value),
            _ => ExprKind::In { op, op_span, value, list: parser.membership_list() },
        });
        let expr = Expr { kind, span: self.span_from(start) };
        self.operand_of(expr, left.height.max(height) + 1, 3)
    }

    fn operand_of(&mut self, expr: Expr, height: usize, level: u8) -> Operand {
        let height = self.check_height(height);
        Operand { expr, height, level }
    }

    /// Reads `*` before an operator that may search all columns: those of level 7, and `==` where the whole comparison
    /// is an operand of `and` or `or`.
    fn star_operand(&mut self, level: u8) -> Option<Expr> {
        let next = self.text_at(1);
        let searches = match next {
            "==" => level <= 2,
            "matches" => true,
            _ => infix(next).is_some_and(|(_, level)| level == 7),
        };
        (self.at("*") && searches).then(|| self.star())
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
    pub(crate) fn selector(&mut self) -> Expr {
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
        self.grow(1);
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
}

/// Makes a tree of operands, each with the place of the operator before it (the first's is not used): leaning left, or
/// balanced.
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
