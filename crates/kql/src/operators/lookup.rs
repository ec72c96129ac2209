//! `lookup [kind=leftouter|inner] right on key, ...`: adds columns of a dimension table.

use crate::bind::{Binder, Relation, Row};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Lookup {
    /// `leftouter`, which is the default, or `inner`.
    pub kind: Option<Name>,
    pub options: Options,
    pub right: Expr,
    /// Names of columns, or equalities between `$left.a` and `$right.b`.
    pub on: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["lookup"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    let kind = options.take_choice(parser, "kind", &["leftouter", "inner"]);
    let right = parser.unnamed();
    let on = super::join::on_clause(parser);
    if on.is_empty() {
        parser.report_missing("`on` and the keys of the lookup");
    }
    Box::new(Lookup { kind, options, right, on })
}

impl Operator for Lookup {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let right = binder.bind_table_expr(&self.right, &Row::none());
        let keys = binder.bind_join_keys(&self.on, &input, &right);
        let kind = self.kind.as_ref().map_or("leftouter", |kind| kind.text.as_str());
        binder.lookup(input, right, kind, keys)
    }
}
