//! `graph-shortest-paths [output=any|all] (a)-[e*1..5]->(b) [where predicate] [project columns]`: the shortest ways
//! between nodes of a graph.

use super::graph_match::{GraphShape, shape};
use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct GraphShortestPaths {
    /// `any` or `all`.
    pub output: Option<Name>,
    pub options: Options,
    pub shape: GraphShape,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["graph-shortest-paths"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&["output"]);
    let output = options.take_choice(parser, "output", &["any", "all"]);
    Box::new(GraphShortestPaths { output, options, shape: shape(parser) })
}

impl Operator for GraphShortestPaths {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
