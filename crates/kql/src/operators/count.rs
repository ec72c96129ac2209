//! `count [as name]`: the number of rows.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::plan::{Aggregate, Node, Plan};
use crate::syntax::Parser;
use crate::syntax::ast::{Name, PipeOperator};
use schema::KqlType;

/// The operator as parsed.
#[derive(Debug)]
pub struct Count {
    /// The name of the result column; `None` means `Count`.
    pub name: Option<Name>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["count"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let name = parser.eat("as").then(|| parser.expect_name());
    Box::new(Count { name })
}

impl Operator for Count {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let name = self.name.as_ref().map_or("Count", |name| name.text.as_str());
        let output = binder.new_field(name, KqlType::Long);
        let aggregate = Aggregate { function: "count", args: vec![], filter: None, outputs: vec![output.clone()] };
        let node = Node::Aggregate { input: Box::new(input.plan), keys: vec![], aggregates: vec![aggregate] };
        Relation::new(Plan { node, columns: vec![output] })
    }
}
