//! `take count` (also `limit`): any rows, up to a number.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Take {
    pub options: Options,
    pub count: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["take", "limit"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    Box::new(Take { options, count: parser.named() })
}

impl Operator for Take {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let count = binder.bind_count(&self.count);
        binder.take(input, count)
    }
}
