//! `where predicate` (also `filter`): keeps the rows for which the predicate is true.

use crate::bind::{Binder, Relation, Row};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Where {
    pub options: Options,
    pub predicate: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["where", "filter"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    Box::new(Where { options, predicate: parser.named() })
}

impl Operator for Where {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let predicate = binder.bind_predicate(&self.predicate, &Row::of(&input));
        binder.filter(input, predicate)
    }
}
