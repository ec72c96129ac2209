//! `top count by key [asc|desc] [nulls first|last]`: the first rows in an order.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, OrderKey, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Top {
    pub options: Options,
    pub count: Expr,
    pub key: OrderKey,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["top"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let count = parser.named();
    parser.expect("by");
    Box::new(Top { options, count, key: parser.ordered() })
}

impl Operator for Top {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let count = binder.bind_count(&self.count);
        let sorted = binder.sort(input, std::slice::from_ref(&self.key), true);
        binder.take(sorted, count)
    }
}
