//! `scan [with_match_id=m] [order by keys] [partition by keys] [declare (name: type = value, ...)] with (step name
//! [optional] [output=all|last|none]: condition [=> column = value, ...]; ...)`: matches a sequence of steps over
//! ordered rows.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, OrderKey, Parameter, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Scan {
    pub kind: Option<Name>,
    pub match_id: Option<Name>,
    pub options: Options,
    pub order_by: Vec<OrderKey>,
    pub partition_by: Vec<Expr>,
    pub declared: Vec<Parameter>,
    pub steps: Vec<ScanStep>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["scan"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    let kind = options.take_choice(parser, "kind", &["partial", "full"]);
    let match_id = options.take_name(parser, &["with_match_id"]);
    let mut order_by = Vec::new();
    if parser.eat("order") {
        parser.expect("by");
        order_by = parser.comma_list(|parser| Some(parser.ordered()));
    }
    let mut partition_by = Vec::new();
    if parser.eat("partition") {
        parser.expect("by");
        partition_by = parser.comma_list(|parser| Some(parser.unnamed()));
    }
    let declared = if parser.eat("declare") { parser.parameters() } else { Vec::new() };
    let mut steps = Vec::new();
    if parser.expect("with") && parser.expect("(") {
        while parser.at("step") {
            steps.push(step(parser));
        }
        if steps.is_empty() {
            parser.report_expected(&["step"]);
        }
        parser.close(")");
    }
    Box::new(Scan { kind, match_id, options, order_by, partition_by, declared, steps })
}

impl Operator for Scan {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.scan(input, self, at)
    }
}

/// A step of the sequence.
#[derive(Debug)]
pub struct ScanStep {
    pub name: Name,
    pub optional: bool,
    /// `all`, which is the default, `last` or `none`.
    pub output: Option<Name>,
    pub condition: Expr,
    pub assignments: Vec<(Name, Expr)>,
}

fn step(parser: &mut Parser<'_>) -> ScanStep {
    parser.bump();
    let name = parser.expect_declared_name();
    let optional = parser.eat("optional");
    let mut output = None;
    if parser.eat("output") && parser.expect("=") {
        if matches!(parser.text_at(0), "all" | "last" | "none") {
            output = parser.any_word();
        } else {
            parser.report_expected(&["all", "last", "none"]);
            parser.any_word();
        }
    }
    parser.expect(":");
    let condition = parser.unnamed();
    let mut assignments = Vec::new();
    if parser.eat("=>") {
        assignments = parser.comma_list(|parser| {
            let name = parser.expect_declared_name();
            parser.expect("=");
            Some((name, parser.unnamed()))
        });
    }
    parser.expect(";");
    ScanStep { name, optional, output, condition, assignments }
}
