//! `make-graph source --> target [with nodes on key, ... | with_node_id=column] [partitioned-by column (operators)]`: a
//! graph whose edges are the input's rows.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct MakeGraph {
    pub options: Options,
    pub source: Name,
    /// `-->`; else `--`.
    pub directed: bool,
    pub target: Name,
    /// Tables of nodes and the column that identifies a node in each.
    pub nodes: Vec<(Expr, Name)>,
    /// The column that holds the node's name when there is no table of nodes.
    pub node_id: Option<Name>,
    /// The column, and a pipe without a source.
    pub partitioned_by: Option<(Expr, Expr)>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["make-graph"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let source = parser.expect_name();
    let directed = edge(parser);
    let target = parser.expect_name();
    let mut nodes = Vec::new();
    let mut node_id = None;
    if parser.eat("with_node_id") {
        parser.expect("=");
        node_id = Some(parser.expect_name());
    } else if parser.eat("with") {
        nodes = parser.comma_list(|parser| {
            let table = parser.unnamed();
            parser.expect("on");
            Some((table, parser.expect_name()))
        });
    }
    let partitioned_by = parser.eat("partitioned-by").then(|| partition(parser));
    Box::new(MakeGraph { options, source, directed, target, nodes, node_id, partitioned_by })
}

impl Operator for MakeGraph {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}

/// Reads `-->` or `--`; returns whether it has a direction.
fn edge(parser: &mut Parser<'_>) -> bool {
    if !parser.at("-") || !parser.at_nth(1, "-") {
        parser.report_expected(&["-->", "--"]);
        return true;
    }
    parser.bump();
    parser.bump();
    parser.eat(">")
}

fn partition(parser: &mut Parser<'_>) -> (Expr, Expr) {
    let column = parser.column_path().unwrap_or_else(|| {
        parser.report_missing("a column");
        parser.error_expr()
    });
    if !parser.expect("(") {
        return (column, parser.error_expr());
    }
    let body = parser.subpipeline();
    parser.close(")");
    (column, body)
}
