//! `distinct column, ...` or `distinct *`: the distinct rows.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Distinct {
    pub options: Options,
    /// Expressions, perhaps named; `*` stands for all columns.
    pub columns: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["distinct"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let columns = parser.comma_list(|parser| {
        let star = parser.at("*") && (parser.at_nth(1, "") || matches!(parser.text_at(1), "|" | "," | ")" | ";" | "}"));
        Some(if star { parser.star() } else { parser.named() })
    });
    Box::new(Distinct { options, columns })
}

impl Operator for Distinct {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.check_hints(&self.options, &input);
        binder.summarize(input, &[], &self.columns, None)
    }
}
