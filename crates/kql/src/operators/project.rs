//! `project column, column = expression, ...`: the columns of the result, in order.

use crate::bind::{Binder, ItemStyle, Projection, Relation, Row};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Project {
    /// Expressions, perhaps named. May be empty.
    pub columns: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["project"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let columns = if parser.at_close() { Vec::new() } else { parser.named_list() };
    Box::new(Project { columns })
}

impl Operator for Project {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let row = Row::of(&input);
        let mut projection = Projection::new();
        for item in &self.columns {
            binder.project_item(&mut projection, item, &row, ItemStyle::Project);
        }
        projection.finish(binder, input)
    }
}
