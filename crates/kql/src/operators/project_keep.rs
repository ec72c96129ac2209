//! `project-keep column, prefix*, ...`: drops all other columns.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct ProjectKeep {
    /// Names of columns, perhaps with `*` in them.
    pub columns: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["project-keep"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let columns =
        if parser.at_close() { Vec::new() } else { parser.comma_list(|parser| Some(parser.column_or_wildcard())) };
    Box::new(ProjectKeep { columns })
}

impl Operator for ProjectKeep {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let keep = binder.match_columns(&self.columns, &input);
        let kept = input.columns().iter().filter(|field| keep.contains(&field.id)).cloned().collect();
        binder.keep_columns(input, kept)
    }
}
