//! `materialized-view-combine ("view") base (query) delta (query) aggregations (summarize ...)`: what the service makes
//! of a materialized view.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct MaterializedViewCombine {
    pub view: Expr,
    pub base: Expr,
    pub delta: Expr,
    /// A pipe without a source.
    pub aggregations: Expr,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["materialized-view-combine"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let view = clause(parser, Parser::expression);
    parser.expect("base");
    let base = clause(parser, Parser::expression);
    parser.expect("delta");
    let delta = clause(parser, Parser::expression);
    parser.expect("aggregations");
    let aggregations = clause(parser, Parser::subpipeline);
    Box::new(MaterializedViewCombine { view, base, delta, aggregations })
}

impl Operator for MaterializedViewCombine {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}

fn clause<'a>(parser: &mut Parser<'a>, read: fn(&mut Parser<'a>) -> Expr) -> Expr {
    if !parser.expect("(") {
        return parser.error_expr();
    }
    let expr = read(parser);
    parser.close(")");
    expr
}
