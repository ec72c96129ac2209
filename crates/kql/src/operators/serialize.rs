//! `serialize [column = expression, ...]`: fixes the order of the rows, and may add columns.

use crate::bind::{Binder, ItemStyle, Projection, Relation, Row};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Serialize {
    pub options: Options,
    /// Expressions, perhaps named.
    pub columns: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["serialize"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let columns = if parser.at_close() { Vec::new() } else { parser.named_list() };
    Box::new(Serialize { options, columns })
}

impl Operator for Serialize {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let input = Relation { serialized: true, ..input };
        let row = Row::of(&input);
        let mut projection = Projection::over(input.columns());
        for item in &self.columns {
            binder.project_item(&mut projection, item, &row, ItemStyle::Extend);
        }
        projection.finish(binder, input)
    }
}
