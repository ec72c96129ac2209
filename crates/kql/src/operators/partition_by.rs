//! `__partitionby [hint...] column [id guid(...)] (operators)`: the form of `partition` that the service uses inside.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct PartitionBy {
    pub options: Options,
    pub by: Expr,
    pub context_id: Option<Expr>,
    /// A pipe without a source.
    pub body: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["__partitionby"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let by = parser.column_path().unwrap_or_else(|| {
        parser.report_missing("a column");
        parser.error_expr()
    });
    let context_id = parser.eat("id").then(|| parser.option_value());
    let body = if parser.expect("(") {
        let body = parser.subpipeline();
        parser.close(")");
        body
    } else {
        parser.error_expr()
    };
    Box::new(PartitionBy { options, by, context_id, body })
}

impl Operator for PartitionBy {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
