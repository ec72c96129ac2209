//! `fork [name=](operators) ...`: a result table per branch, over the same input.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::plan::BoundResult;
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, Name, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Fork {
    pub branches: Vec<Branch>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["fork"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut branches = Vec::new();
    while let Some(branch) = branch(parser) {
        branches.push(branch);
    }
    if branches.is_empty() {
        parser.report_expected(&["("]);
    }
    Box::new(Fork { branches })
}

impl Operator for Fork {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let shared = binder.share(input);
        let mut extra = Vec::new();
        for (i, branch) in self.branches.iter().enumerate() {
            let rows = binder.refresh(&shared);
            let relation = binder.bind_subquery(&branch.body, rows);
            let name = branch.name.as_ref().map_or_else(|| format!("Table_{}", i + 1), |name| name.text.clone());
            extra.push(BoundResult { name, plan: relation.plan, render: relation.render });
        }
        Relation { extra, ..shared }
    }
}

/// A branch: its body is a pipe without a source.
#[derive(Debug)]
pub struct Branch {
    pub name: Option<Name>,
    pub body: Expr,
}

fn branch(parser: &mut Parser<'_>) -> Option<Branch> {
    let mut name = None;
    if let Some(length) = parser.name_ahead(0)
        && parser.at_nth(length, "=")
    {
        name = parser.name();
        parser.bump();
        parser.expect("(");
    } else if !parser.eat("(") {
        return None;
    }
    let body = if parser.at_operator() { parser.subpipeline() } else { parser.expression() };
    parser.close(")");
    Some(Branch { name, body })
}
