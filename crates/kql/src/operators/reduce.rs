//! `reduce [kind=source] by expression [with threshold=0.1, characters="-_"]`: groups of texts that are alike.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Reduce {
    pub kind: Option<Name>,
    pub options: Options,
    pub by: Expr,
    /// Between 0 and 1.
    pub threshold: Option<Expr>,
    /// Characters that split words.
    pub characters: Option<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["reduce"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&["threshold", "characters"]);
    let kind = options.take_choice(parser, "kind", &["source"]);
    parser.expect("by");
    let by = parser.named();
    if parser.eat("with") {
        options.0.extend(parser.comma_list(|parser| parser.property()));
    }
    let threshold = options.take_value(&["threshold"]);
    let characters = options.take_value(&["characters"]);
    Box::new(Reduce { kind, options, by, threshold, characters })
}

impl Operator for Reduce {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}
