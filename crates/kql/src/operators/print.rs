//! `print column = expression, ...`: one row of scalar values.

use crate::bind::{Binder, ItemStyle, Projection, Relation, Row};
use crate::operator::{Operator, OperatorInfo};
use crate::plan::{Node, Plan};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Print {
    /// Expressions, perhaps named.
    pub columns: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["print"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(Print { columns: parser.named_list() })
}

impl Operator for Print {
    fn bind(&self, binder: &mut Binder<'_>, _input: Option<Relation>, _at: &PipeOperator) -> Relation {
        let one_row = Plan { node: Node::Values { rows: vec![vec![]] }, columns: vec![] };
        let source = Relation { serialized: true, ..Relation::new(one_row) };
        let row = Row::of(&source);
        let mut projection = Projection::new();
        for (i, item) in self.columns.iter().enumerate() {
            binder.project_item(&mut projection, item, &row, ItemStyle::Print(i));
        }
        projection.finish(binder, source)
    }
}
