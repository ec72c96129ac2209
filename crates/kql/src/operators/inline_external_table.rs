//! `inline_external_table (column: type, ...) kind=storage ...`: files outside as a table. Its clauses are read over,
//! since it is refused: a query reaches no files outside the store.

use crate::bind::{Binder, Relation};
use crate::diagnostic::Span;
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::PipeOperator;

/// The operator as parsed.
#[derive(Debug)]
pub struct InlineExternalTable {
    /// The clauses.
    pub span: Span,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["inline_external_table"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let start = parser.span().start;
    parser.recover();
    Box::new(InlineExternalTable { span: parser.span_from(start) })
}

impl Operator for InlineExternalTable {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
