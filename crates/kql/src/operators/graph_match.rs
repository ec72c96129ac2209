//! `graph-match [cycles=none|all|unique_edges] (a)-[e]->(b)<-[f*1..3]-(c), ... [where predicate] [project columns]`:
//! the places of a graph that have a shape.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct GraphMatch {
    /// `none`, `all` or `unique_edges`.
    pub cycles: Option<Name>,
    pub options: Options,
    pub shape: GraphShape,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["graph-match"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    let cycles = options.take_choice(parser, "cycles", &["none", "all", "unique_edges"]);
    Box::new(GraphMatch { cycles, options, shape: shape(parser) })
}

impl Operator for GraphMatch {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}

/// What `graph-match` and `graph-shortest-paths` share.
#[derive(Debug)]
pub struct GraphShape {
    /// Each a row of nodes and edges in turn.
    pub patterns: Vec<Vec<GraphElement>>,
    pub condition: Option<Expr>,
    /// Expressions, perhaps named.
    pub columns: Vec<Expr>,
}

/// A node or an edge of a pattern.
#[derive(Debug)]
pub enum GraphElement {
    Node(Option<Name>),
    Edge {
        name: Option<Name>,
        direction: Direction,
        /// `*1..3`: the fewest and most edges in a row.
        length: Option<(Expr, Expr)>,
    },
}

/// Where an edge points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Right,
    Left,
    Any,
}

/// Reads patterns, `where` and `project`.
pub(super) fn shape(parser: &mut Parser<'_>) -> GraphShape {
    let patterns = parser.comma_list(|parser| {
        let mut elements = Vec::new();
        while let Some(element) = element(parser) {
            elements.push(element);
        }
        if elements.is_empty() {
            parser.report_missing("a pattern, as in `(a)-[e]->(b)`");
        }
        Some(elements)
    });
    let condition = parser.eat("where").then(|| parser.unnamed());
    let columns = if parser.eat("project") { parser.named_list() } else { Vec::new() };
    GraphShape { patterns, condition, columns }
}

fn element(parser: &mut Parser<'_>) -> Option<GraphElement> {
    if parser.eat("(") {
        let name = parser.name();
        parser.close(")");
        return Some(GraphElement::Node(name));
    }
    let left = parser.at("<") && parser.at_nth(1, "-");
    if left {
        parser.bump();
    }
    if !parser.eat("-") {
        return None;
    }
    let mut name = None;
    let mut length = None;
    if parser.eat("[") {
        name = parser.name();
        if parser.eat("*") {
            let least = bound(parser);
            parser.expect("..");
            length = Some((least, bound(parser)));
        }
        parser.close("]");
    }
    parser.expect("-");
    let right = parser.eat(">");
    let direction = match (left, right) {
        (true, false) => Direction::Left,
        (false, true) => Direction::Right,
        _ => Direction::Any,
    };
    Some(GraphElement::Edge { name, direction, length })
}

fn bound(parser: &mut Parser<'_>) -> Expr {
    parser.nested(Parser::postfix).unwrap_or_else(|| {
        parser.report_missing("a number");
        parser.error_expr()
    })
}
