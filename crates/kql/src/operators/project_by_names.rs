//! `project-by-names name, dynamic([...]), ...`: the columns whose names the expressions give.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct ProjectByNames {
    /// Constant strings, arrays of strings, or calls of `column_names_of()`.
    pub names: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["project-by-names"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let names = if parser.at_close() { Vec::new() } else { parser.comma_list(|parser| Some(parser.unnamed())) };
    Box::new(ProjectByNames { names })
}

impl Operator for ProjectByNames {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.project_by_names(input, &self.names)
    }
}
