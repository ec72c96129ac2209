//! `graph-to-table nodes [as name] [with_node_id=column], edges [as name] [with_source_id=column]
//! [with_target_id=column]`: the nodes and edges of a graph as tables.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct GraphToTable {
    pub outputs: Vec<GraphOutput>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["graph-to-table"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(GraphToTable { outputs: parser.comma_list(output) })
}

impl Operator for GraphToTable {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}

/// One table.
#[derive(Debug)]
pub struct GraphOutput {
    /// `nodes`; else `edges`.
    pub nodes: bool,
    pub name: Option<Name>,
    /// `with_node_id`, `with_source_id`, `with_target_id`.
    pub options: Options,
}

fn output(parser: &mut Parser<'_>) -> Option<GraphOutput> {
    let nodes = parser.at("nodes");
    if !nodes && !parser.at("edges") {
        parser.report_expected(&["nodes", "edges"]);
        return None;
    }
    parser.bump();
    let name = parser.eat("as").then(|| parser.expect_name());
    let options = parser.options(&["with_node_id", "with_source_id", "with_target_id"]);
    Some(GraphOutput { nodes, name, options })
}
