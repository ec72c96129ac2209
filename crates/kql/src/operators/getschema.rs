//! `getschema [kind=csl]`: the columns of the input as rows.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Name, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Getschema {
    /// `csl`: one row with the columns in the form of a schema.
    pub kind: Option<Name>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["getschema"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    Box::new(Getschema { kind: options.take_choice(parser, "kind", &["csl"]) })
}

impl Operator for Getschema {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.get_schema(&input)
    }
}
