//! `sample-distinct count of expression`: some of the distinct values.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct SampleDistinct {
    pub options: Options,
    pub count: Expr,
    pub of: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["sample-distinct"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let count = parser.named();
    parser.expect("of");
    Box::new(SampleDistinct { options, count, of: parser.named() })
}

impl Operator for SampleDistinct {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
