//! `evaluate [hint...] plugin(arguments) [: (column: type, ...)]`: the rows that a plugin gives.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator, SchemaType};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Evaluate {
    pub options: Options,
    /// A call, unless there was an error.
    pub call: Expr,
    /// The columns that the plugin gives, when the query says them; with `*` for those of the input.
    pub schema: Option<SchemaType>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["evaluate"], source: true, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let call = match parser.call() {
        Some(call) => call,
        None => {
            parser.report_missing("a plugin and its arguments, as in `bag_unpack(column)`");
            parser.error_expr()
        }
    };
    let schema = parser.eat(":").then(|| parser.row_schema());
    Box::new(Evaluate { options, call, schema })
}

impl Operator for Evaluate {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, _at: &PipeOperator) -> Relation {
        let input = input.unwrap_or_else(|| binder.no_rows());
        binder.evaluate(input, &self.call, self.schema.as_ref())
    }
}
