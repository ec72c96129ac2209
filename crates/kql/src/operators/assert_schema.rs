//! `assert-schema (column: type, ...)`: an error unless the input has these columns.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{PipeOperator, SchemaType};

/// The operator as parsed.
#[derive(Debug)]
pub struct AssertSchema {
    pub schema: SchemaType,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["assert-schema"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(AssertSchema { schema: parser.row_schema() })
}

impl Operator for AssertSchema {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
