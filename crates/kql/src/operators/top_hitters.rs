//! `top-hitters count of expression [by weight]`: the values that occur most, or weigh most.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, OrderKey, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct TopHitters {
    pub count: Expr,
    pub of: Expr,
    /// `None` counts rows.
    pub by: Option<OrderKey>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["top-hitters"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let count = parser.named();
    parser.expect("of");
    let of = parser.named();
    let by = parser.eat("by").then(|| parser.ordered());
    Box::new(TopHitters { count, of, by })
}

impl Operator for TopHitters {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.top_hitters(input, &self.count, &self.of, self.by.as_ref())
    }
}
