//! `mv-expand [bagexpansion=bag|array] [with_itemindex=i] column = array [to typeof(t)], ... [limit n]`: a row per
//! element.

use crate::bind::{Binder, ExpandColumn, ExpandOptions, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, ExprKind, Name, PipeOperator, SchemaType};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct MvExpand {
    /// `kind` or `bagexpansion`: `bag`, which is the default, or `array`.
    pub kind: Option<Name>,
    /// The column that holds the element's place.
    pub item_index: Option<Name>,
    pub options: Options,
    pub items: Vec<MvItem>,
    pub limit: Option<Expr>,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["mv-expand", "mvexpand"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    let kind = options.take_choice(parser, "kind", &["bag", "array"]);
    let kind = options.take_choice(parser, "bagexpansion", &["bag", "array"]).or(kind);
    let item_index = options.take_name(parser, &["with_itemindex"]);
    let items = items(parser);
    let limit = parser.eat("limit").then(|| parser.unnamed());
    Box::new(MvExpand { kind, item_index, options, items, limit })
}

impl Operator for MvExpand {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let columns = columns(&self.items);
        let options = ExpandOptions {
            bag_as_array: self.kind.as_ref().is_some_and(|kind| kind.text == "array"),
            index: self.item_index.as_ref(),
            limit: self.limit.as_ref().and_then(|limit| binder.bind_limit(limit)),
        };
        binder.expand(input, &columns, &options)
    }
}

/// What is expanded.
#[derive(Debug)]
pub struct MvItem {
    /// An expression, perhaps named.
    pub expr: Expr,
    /// The type of `to typeof(...)`.
    pub to: Option<SchemaType>,
}

/// Reads `column = array [to typeof(t)], ...`.
pub(super) fn items(parser: &mut Parser<'_>) -> Vec<MvItem> {
    parser.comma_list(|parser| {
        let expr = parser.named();
        let to = parser.eat("to").then(|| to_type(parser)).flatten();
        Some(MvItem { expr, to })
    })
}

fn to_type(parser: &mut Parser<'_>) -> Option<SchemaType> {
    if !parser.at("typeof") || !parser.at_nth(1, "(") {
        parser.report_missing("`typeof(...)`");
        return None;
    }
    match parser.typeof_literal().kind {
        ExprKind::TypeOf(schema) => Some(schema),
        _ => None,
    }
}

/// Returns what is expanded, for the binder.
pub(super) fn columns(items: &[MvItem]) -> Vec<ExpandColumn<'_>> {
    let column = |item: &'_ MvItem| item.to.as_ref().and_then(|schema| schema.scalar);
    items.iter().map(|item| ExpandColumn { expr: &item.expr, to: column(item) }).collect()
}
