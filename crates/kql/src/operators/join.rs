//! `join [kind=k] [hint...] right on key, $left.a == $right.b, ...`: puts rows of two tables side by side.

use crate::bind::{Binder, Relation, Row};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Join {
    /// One of [`KINDS`]; `None` means `innerunique`.
    pub kind: Option<Name>,
    pub options: Options,
    pub right: Expr,
    /// Names of columns, or equalities between `$left.a` and `$right.b`.
    pub on: Vec<Expr>,
    /// `where predicate` in place of `on`.
    pub condition: Option<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["join"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    let kind = options.take_choice(parser, "kind", KINDS);
    let right = parser.unnamed();
    let on = on_clause(parser);
    let condition = (on.is_empty() && parser.eat("where")).then(|| parser.unnamed());
    if on.is_empty() && condition.is_none() {
        parser.report_missing("`on` and the keys of the join");
    }
    Box::new(Join { kind, options, right, on, condition })
}

impl Operator for Join {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.check_hints(&self.options, &input);
        let right = binder.bind_table_expr(&self.right, &Row::none());
        if self.condition.is_some() {
            return binder.refuse(at.span, "`join ... where` is not supported: give the keys by `on`");
        }
        let keys = binder.bind_join_keys(&self.on, &input, &right);
        let kind = self.kind.as_ref().map_or("innerunique", |kind| kind.text.as_str());
        binder.join(input, right, kind, keys)
    }
}

/// The kinds of join.
#[rustfmt::skip]
pub const KINDS: &[&str] = &[
    "innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftsemi", "rightsemi", "leftanti", "leftantisemi",
    "anti", "rightanti", "rightantisemi",
];

/// Reads `on key, ...`, if it follows.
pub(super) fn on_clause(parser: &mut Parser<'_>) -> Vec<Expr> {
    if parser.eat("on") { parser.comma_list(|parser| Some(parser.unnamed())) } else { Vec::new() }
}
