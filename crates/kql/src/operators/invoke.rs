//! `invoke function(arguments)`: calls a function with the input as its first argument.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, ExprKind, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Invoke {
    /// A call, perhaps after `database("x").`, unless there was an error.
    pub call: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["invoke"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let call = match parser.nested(call) {
        Some(call) => call,
        None => {
            parser.report_missing("a function and its arguments");
            parser.error_expr()
        }
    };
    Box::new(Invoke { call })
}

impl Operator for Invoke {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.invoke(input, &self.call)
    }
}

fn call(parser: &mut Parser<'_>) -> Option<Expr> {
    let mut target = parser.call()?;
    while parser.at(".") {
        parser.bump();
        let Some(selector) = parser.call() else {
            parser.report_missing("a function and its arguments");
            break;
        };
        parser.grow(1);
        let span = target.span.to(selector.span);
        target = Expr { kind: ExprKind::Path { target: Box::new(target), selector: Box::new(selector) }, span };
    }
    Some(target)
}
