//! `search [kind=case_sensitive] [in (table, prefix*, ...)] predicate`: the rows of several tables, or of the input, in
//! which a text occurs.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, ExprKind, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Search {
    /// `case_sensitive`, `case_insensitive`, `default`.
    pub kind: Option<Name>,
    pub options: Options,
    /// Empty for all tables.
    pub tables: Vec<SearchTable>,
    /// A string is a term to find in any column; `column: term` and `* has term` too may occur in it.
    pub predicate: Expr,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["search"], source: true, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    let kind = options.take_choice(parser, "kind", &["default", "case_insensitive", "case_sensitive"]);
    parser.datascope();
    let tables = tables(parser);
    Box::new(Search { kind, options, tables, predicate: predicate(parser) })
}

impl Operator for Search {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, _at: &PipeOperator) -> Relation {
        let tables: Vec<(&Expr, Option<&Name>)> = self.tables.iter().map(|t| (&t.table, t.alias.as_ref())).collect();
        let case_sensitive = self.kind.as_ref().is_some_and(|kind| kind.text == "case_sensitive");
        binder.search(input, &tables, &self.predicate, case_sensitive)
    }
}

/// A table to search: a name, perhaps with `*` in it.
#[derive(Debug)]
pub struct SearchTable {
    pub table: Expr,
    /// `| as name`: how the source column calls the table.
    pub alias: Option<Name>,
}

/// Reads `in (table, ...)`, if it follows.
pub(super) fn tables(parser: &mut Parser<'_>) -> Vec<SearchTable> {
    if !parser.at("in") || !parser.at_nth(1, "(") {
        return Vec::new();
    }
    parser.bump();
    parser.bump();
    let tables = parser.comma_list(|parser| {
        let Some(table) = parser.entity() else {
            parser.report_missing("a table");
            return None;
        };
        let has_alias = parser.eat("|") && parser.expect("as");
        Some(SearchTable { table, alias: has_alias.then(|| parser.expect_name()) })
    });
    parser.close(")");
    tables
}

fn predicate(parser: &mut Parser<'_>) -> Expr {
    // `*` matches every row; `* has "x"` is an ordinary expression.
    if !parser.at("*") || !(matches!(parser.text_at(1), "and" | "|" | ")" | ";" | "}" | "")) {
        return parser.unnamed();
    }
    let star = parser.star();
    if !parser.at("and") {
        return star;
    }
    let op_span = parser.bump();
    let right = parser.unnamed();
    let span = star.span.to(right.span);
    Expr { kind: ExprKind::Binary { op: "and", op_span, left: Box::new(star), right: Box::new(right) }, span }
}
