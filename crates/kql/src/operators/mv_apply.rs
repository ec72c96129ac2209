//! `mv-apply [with_itemindex=i] column = array [to typeof(t)], ... [limit n] on (operators)`: runs operators over the
//! elements of each row's array.

use super::mv_expand::{MvItem, items};
use crate::bind::{Binder, ExpandOptions, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct MvApply {
    /// The column that holds the element's place.
    pub item_index: Option<Name>,
    pub options: Options,
    pub items: Vec<MvItem>,
    pub limit: Option<Expr>,
    /// `id guid(...)`: an internal name of the context.
    pub context_id: Option<Expr>,
    /// A pipe without a source: its input are the elements.
    pub body: Expr,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["mv-apply", "mvapply"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    let item_index = options.take_name(parser, &["with_itemindex"]);
    let items = items(parser);
    let limit = parser.eat("limit").then(|| parser.unnamed());
    let context_id = parser.eat("id").then(|| parser.unnamed());
    parser.expect("on");
    let body = if parser.expect("(") {
        let body = parser.subpipeline();
        parser.close(")");
        body
    } else {
        parser.error_expr()
    };
    Box::new(MvApply { item_index, options, items, limit, context_id, body })
}

impl Operator for MvApply {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let columns = super::mv_expand::columns(&self.items);
        let options = ExpandOptions {
            bag_as_array: false,
            index: self.item_index.as_ref(),
            limit: self.limit.as_ref().and_then(|limit| binder.bind_limit(limit)),
        };
        binder.apply(input, &columns, &options, &self.body)
    }
}
