//! `summarize [hint.shufflekey=k] [aggregates] [by keys]`: a row per distinct values of the keys, with aggregates over
//! the rows that have them.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Summarize {
    pub options: Options,
    /// Calls of aggregation functions, perhaps named and inside other expressions. Empty for `summarize by keys`.
    pub aggregates: Vec<Expr>,
    /// Expressions, perhaps named.
    pub by: Vec<Expr>,
    /// The legacy `by Time bin=1h`: the size of the bins of the keys that can be binned.
    pub bin: Option<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["summarize"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let mut aggregates = Vec::new();
    if !parser.at("by") && !parser.at_close() {
        aggregates = parser.named_list();
    }
    let mut by = Vec::new();
    let mut bin = None;
    if parser.eat("by") {
        by = parser.named_list();
        if parser.at("bin") && parser.at_nth(1, "=") {
            parser.bump();
            parser.bump();
            bin = Some(parser.unnamed());
        }
    }
    Box::new(Summarize { options, aggregates, by, bin })
}

impl Operator for Summarize {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.check_hints(&self.options, &input);
        binder.summarize(input, &self.aggregates, &self.by, self.bin.as_ref())
    }
}
