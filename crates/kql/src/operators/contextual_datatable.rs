//! `__contextual_datatable guid(...) (column: type, ...)`: rows that the service itself hands to a part of a query.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator, SchemaType};

/// The operator as parsed.
#[derive(Debug)]
pub struct ContextualDatatable {
    pub id: Expr,
    pub schema: SchemaType,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["__contextual_datatable"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let id = parser.nested(Parser::postfix).unwrap_or_else(|| parser.error_expr());
    Box::new(ContextualDatatable { id, schema: parser.row_schema() })
}

impl Operator for ContextualDatatable {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
