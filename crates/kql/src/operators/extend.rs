//! `extend column = expression, ...`: adds columns, or replaces those of the same name.

use crate::bind::{Binder, ItemStyle, Projection, Relation, Row};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Extend {
    /// Expressions, perhaps named.
    pub columns: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["extend"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(Extend { columns: parser.named_list() })
}

impl Operator for Extend {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let row = Row::of(&input);
        let mut projection = Projection::over(input.columns());
        for item in &self.columns {
            binder.project_item(&mut projection, item, &row, ItemStyle::Extend);
        }
        projection.finish(binder, input)
    }
}
