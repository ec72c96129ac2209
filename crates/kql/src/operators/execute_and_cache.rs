//! `__executeAndCache`: an internal operator of the service, without operands.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::PipeOperator;

/// The operator as parsed.
#[derive(Debug)]
pub struct ExecuteAndCache;

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["__executeAndCache"], source: false, piped: true, parse };

fn parse(_: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(ExecuteAndCache)
}

impl Operator for ExecuteAndCache {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
