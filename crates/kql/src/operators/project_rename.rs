//! `project-rename new = old, ...`: gives columns new names.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct ProjectRename {
    /// Named expressions whose values are columns' names.
    pub columns: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["project-rename"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let columns = if parser.at_close() { Vec::new() } else { parser.named_list() };
    Box::new(ProjectRename { columns })
}

impl Operator for ProjectRename {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.rename_columns(input, &self.columns)
    }
}
