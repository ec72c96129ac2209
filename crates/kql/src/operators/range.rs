//! `range column from start to stop step step`: a table of one column.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, Name, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Range {
    pub name: Name,
    pub from: Expr,
    pub to: Expr,
    pub step: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["range"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let name = parser.expect_name();
    parser.expect("from");
    let from = parser.unnamed();
    parser.expect("to");
    let to = parser.unnamed();
    parser.expect("step");
    Box::new(Range { name, from, to, step: parser.unnamed() })
}

impl Operator for Range {
    fn bind(&self, binder: &mut Binder<'_>, _input: Option<Relation>, _at: &PipeOperator) -> Relation {
        binder.range(&self.name, &self.from, &self.to, &self.step)
    }
}
