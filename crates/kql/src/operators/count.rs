//! `count [as name]`: the number of rows.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Name, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Count {
    /// The name of the result column; `None` means `Count`.
    pub name: Option<Name>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["count"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let name = parser.eat("as").then(|| parser.expect_name());
    Box::new(Count { name })
}

impl Operator for Count {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
