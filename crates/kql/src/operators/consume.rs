//! `consume [decodeblocks=true]`: reads the input and gives nothing.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::plan::Expr;
use crate::syntax::ast::PipeOperator;
use crate::syntax::{Options, Parser};
use schema::Value;

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
        let input = binder.expect_input(input, at);
        // The rows are read to the end, and nothing of them is given: one empty table.
        let never = Expr::Literal(Value::Bool(false));
        let consumed = binder.filter(input, never);
        binder.keep_columns(consumed, Vec::new())
    }
}
