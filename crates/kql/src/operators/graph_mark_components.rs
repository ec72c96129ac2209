//! `graph-mark-components [kind=weak|strong] [with_component_id=column]`: the component of each node of a graph.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct GraphMarkComponents {
    /// `weak` or `strong`.
    pub kind: Option<Name>,
    pub component_id: Option<Name>,
    pub options: Options,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["graph-mark-components"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&["with_component_id"]);
    let kind = options.take_choice(parser, "kind", &["weak", "strong"]);
    let component_id = options.take_name(parser, &["with_component_id"]);
    Box::new(GraphMarkComponents { kind, component_id, options })
}

impl Operator for GraphMarkComponents {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
