//! `graph-where-edges predicate`: the part of a graph whose edges have a property.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct GraphWhereEdges {
    pub predicate: Expr,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["graph-where-edges"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(GraphWhereEdges { predicate: parser.unnamed() })
}

impl Operator for GraphWhereEdges {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
