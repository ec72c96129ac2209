//! `project-reorder column [asc|desc|granny-asc|granny-desc], prefix*, ...`: puts columns first, in the given order.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct ProjectReorder {
    pub columns: Vec<ReorderColumn>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["project-reorder"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let columns = if parser.at_close() { Vec::new() } else { parser.comma_list(|parser| Some(column(parser))) };
    Box::new(ProjectReorder { columns })
}

impl Operator for ProjectReorder {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}

/// A name, perhaps with `*` in it, and how the columns that it matches are ordered.
#[derive(Debug)]
pub struct ReorderColumn {
    pub column: Expr,
    pub order: Option<ReorderOrder>,
}

/// The order of columns that match one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReorderOrder {
    Ascending,
    Descending,
    /// Numbers in the names count as numbers: `a20` comes before `a100`.
    GrannyAscending,
    GrannyDescending,
}

fn column(parser: &mut Parser<'_>) -> ReorderColumn {
    let column = parser.column_or_wildcard();
    let order = match parser.text_at(0) {
        "asc" => Some(ReorderOrder::Ascending),
        "desc" => Some(ReorderOrder::Descending),
        "granny-asc" => Some(ReorderOrder::GrannyAscending),
        "granny-desc" => Some(ReorderOrder::GrannyDescending),
        _ => None,
    };
    if order.is_some() {
        parser.bump();
    }
    ReorderColumn { column, order }
}
