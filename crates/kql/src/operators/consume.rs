//! `consume [decodeblocks=true]`: reads the input and gives nothing.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::PipeOperator;
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Consume {
    pub options: Options,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["consume"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(Consume { options: parser.options(&[]) })
}

impl Operator for Consume {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
