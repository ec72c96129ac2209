//! `partition [hint.strategy=s] by column (operators)` and `partition by column { query }`: runs operators over the
//! rows of each value of a column, and puts the results together.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Partition {
    pub options: Options,
    pub by: Expr,
    /// `in (...)`: the values to take.
    pub scope: Option<Expr>,
    pub body: PartitionBody,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["partition"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    parser.expect("by");
    let by = parser.column_path().unwrap_or_else(|| {
        parser.report_missing("a column");
        parser.error_expr()
    });
    let mut scope = None;
    if parser.eat("in") {
        if parser.at("(") {
            parser.report_missing("a dynamic array");
        }
        scope = parser.nested(Parser::postfix);
    }
    let body = if parser.eat("{") {
        let query = parser.expression();
        parser.close("}");
        PartitionBody::Query(query)
    } else if parser.expect("(") {
        let operators = if parser.at_operator() { parser.subpipeline() } else { parser.expression() };
        parser.close(")");
        PartitionBody::Operators(operators)
    } else {
        PartitionBody::Operators(parser.error_expr())
    };
    Box::new(Partition { options, by, scope, body })
}

impl Operator for Partition {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        if let Some(scope) = &self.scope {
            return binder.refuse(scope.span, "the values of `partition` cannot be listed: filter its input instead");
        }
        binder.partition(input, &self.by, &self.body)
    }
}

/// What runs on each partition.
#[derive(Debug)]
pub enum PartitionBody {
    /// A pipe without a source: its input are the partition's rows.
    Operators(Expr),
    /// The older form in braces: a query by itself, which may name the partition's value by `toscalar(column)`.
    Query(Expr),
}
