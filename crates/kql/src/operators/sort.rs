//! `sort by key [asc|desc] [nulls first|last], ...` (also `order`): puts the rows in order.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{OrderKey, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Sort {
    pub options: Options,
    pub keys: Vec<OrderKey>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["sort", "order"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    parser.expect("by");
    Box::new(Sort { options, keys: parser.comma_list(|parser| Some(parser.ordered())) })
}

impl Operator for Sort {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.sort(input, &self.keys, false)
    }
}
