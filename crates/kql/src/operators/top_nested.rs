//! `top-nested [count] of expression [with others=value] by aggregate [asc|desc], top-nested ...`: the top values,
//! within each of them the top values of the next level, and so on.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, OrderKey, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct TopNested {
    pub levels: Vec<Level>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["top-nested"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut levels = vec![level(parser)];
    while parser.eat(",") {
        if !parser.expect("top-nested") {
            break;
        }
        levels.push(level(parser));
    }
    Box::new(TopNested { levels })
}

impl Operator for TopNested {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.top_nested(input, &self.levels)
    }
}

/// One level.
#[derive(Debug)]
pub struct Level {
    /// `None` keeps every value.
    pub count: Option<Expr>,
    /// An expression, perhaps named.
    pub of: Expr,
    /// The value of the row that stands for all others.
    pub others: Option<Expr>,
    /// An aggregate, perhaps named.
    pub by: OrderKey,
}

fn level(parser: &mut Parser<'_>) -> Level {
    let count = (!parser.at("of")).then(|| parser.named());
    parser.expect("of");
    let of = parser.named();
    let mut others = None;
    if parser.eat("with") && parser.expect("others") && parser.expect("=") {
        others = Some(parser.unnamed());
    }
    parser.expect("by");
    Level { count, of, others, by: parser.ordered() }
}
