//! `facet by column, ... [with (operators)]`: a result table of counts per column, and one of the operators over the
//! input.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::plan::BoundResult;
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Facet {
    /// Names of columns, perhaps members of dynamic ones.
    pub by: Vec<Expr>,
    /// A pipe without a source.
    pub with: Option<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["facet"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    parser.expect("by");
    let by = parser.comma_list(|parser| {
        let column = parser.column_path();
        if column.is_none() {
            parser.report_missing("a column");
        }
        column
    });
    let with = parser.eat("with").then(|| {
        if !parser.eat("(") {
            return parser.suboperator();
        }
        let body = parser.subpipeline();
        parser.close(")");
        body
    });
    Box::new(Facet { by, with })
}

impl Operator for Facet {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let shared = binder.share(input);
        let mut extra = Vec::new();
        for column in &self.by {
            let rows = binder.refresh(&shared);
            let counted = binder.facet(rows, column);
            extra.push(BoundResult { name: format!("Table_{}", extra.len() + 1), plan: counted.plan, render: None });
        }
        if let Some(with) = &self.with {
            let rows = binder.refresh(&shared);
            let relation = binder.bind_subquery(with, rows);
            extra.push(BoundResult { name: format!("Table_{}", extra.len() + 1), plan: relation.plan, render: None });
        }
        Relation { extra, ..shared }
    }
}
