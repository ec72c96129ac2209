//! `macro-expand [kind=k] [isfuzzy=true] entity_group as scope (statements)`: a union of the statements' results over
//! each entity of a group.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Block, Expr, ExprKind, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct MacroExpand {
    pub kind: Option<Name>,
    pub is_fuzzy: bool,
    pub options: Options,
    /// `entity_group [...]`, or what names one.
    pub group: Expr,
    /// The name by which the statements call the entity.
    pub scope: Option<Name>,
    pub body: Block,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["macro-expand"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&["best_effort", "force_remote"]);
    let kind = options.take_choice(parser, "kind", &["outer", "inner"]);
    let is_fuzzy = options.take_bool(parser, &["isfuzzy", "__isFuzzy", "best_effort"]).unwrap_or(false);
    let group = group(parser).unwrap_or_else(|| {
        parser.report_missing("an entity group");
        parser.error_expr()
    });
    let scope = parser.eat("as").then(|| parser.expect_name());
    let start = parser.span().start;
    let mut statements = Vec::new();
    if parser.expect("(") {
        statements = parser.nested(|parser| Some(parser.inner_statements())).unwrap_or_default();
        parser.close(")");
    }
    let body = Block { statements, span: parser.span_from(start) };
    Box::new(MacroExpand { kind, is_fuzzy, options, group, scope, body })
}

/// Reads an entity group. A name before `(` is one, not a call: the statements follow.
fn group(parser: &mut Parser<'_>) -> Option<Expr> {
    let is_name = parser.name_ahead(0).is_some_and(|length| parser.at_nth(length, "("));
    if is_name && !matches!(parser.text_at(0), "database" | "cluster") {
        let name = parser.name()?;
        return Some(Expr { span: name.span, kind: ExprKind::Name(name) });
    }
    parser.nested(Parser::postfix)
}

impl Operator for MacroExpand {
    fn bind(&self, binder: &mut Binder<'_>, _input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.macro_expand(self, at.keyword)
    }
}
