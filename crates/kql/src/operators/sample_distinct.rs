//! `sample-distinct count of expression`: some of the distinct values.

use crate::bind::{Binder, ItemStyle, Projection, Relation, Row};
use crate::operator::{Operator, OperatorInfo};
use crate::plan::{Node, Plan};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct SampleDistinct {
    pub options: Options,
    pub count: Expr,
    pub of: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["sample-distinct"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let count = parser.named();
    parser.expect("of");
    Box::new(SampleDistinct { options, count, of: parser.named() })
}

impl Operator for SampleDistinct {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let row = Row::of(&input);
        let count = binder.bind_count(&self.count);
        let mut items = Projection::new();
        binder.project_item(&mut items, &self.of, &row, ItemStyle::Project);
        let Some((name, subject)) = items.items().first().cloned() else { return binder.open_relation() };
        let field = binder.new_field(name, subject.ktype());
        let node = Node::SampleDistinct { input: Box::new(input.plan), subject, count };
        Relation::new(Plan { node, columns: vec![field] })
    }
}
