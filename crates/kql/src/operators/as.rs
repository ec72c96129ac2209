//! `as [hint.materialized=true] name`: gives the input a name that the rest of the query may use.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct As {
    pub options: Options,
    pub name: Name,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["as"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    Box::new(As { options, name: parser.expect_name() })
}

impl Operator for As {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let mut shared = binder.share(input);
        shared.name = Some(self.name.text.clone());
        binder.name_table(&self.name, &shared);
        binder.refresh(&shared)
    }
}
