//! `sample count`: any rows, up to a number.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::plan::{Node, Plan};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Sample {
    pub options: Options,
    pub count: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["sample"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    Box::new(Sample { options, count: parser.named() })
}

impl Operator for Sample {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let count = binder.bind_count(&self.count);
        let columns = input.plan.columns.clone();
        let node = Node::Sample { input: Box::new(input.plan), count };
        Relation { open: input.open, ..Relation::new(Plan { node, columns }) }
    }
}
