//! `find [withsource=column] [in (table, prefix*, ...)] [where] predicate [project column[: type], ... |
//! project-smart]`: the rows of several tables for which a predicate is true.

use super::search::{SearchTable, tables};
use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};
use schema::KqlType;

/// The operator as parsed.
#[derive(Debug)]
pub struct Find {
    pub with_source: Option<Name>,
    pub options: Options,
    /// Empty for all tables.
    pub tables: Vec<SearchTable>,
    pub predicate: Expr,
    /// `None` means as `project-smart` does: the columns that the predicate names, the rest packed.
    pub project: Option<Vec<FindColumn>>,
    /// The columns of the internal `__projectAway`.
    pub away: Vec<FindColumn>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["find"], source: true, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    parser.datascope();
    let mut options = parser.options(&[]);
    let with_source = options.take_name(parser, &["withsource", "with_source"]);
    let tables = tables(parser);
    let has_where = parser.eat("where");
    if !has_where && (with_source.is_some() || !tables.is_empty() || !options.0.is_empty()) {
        parser.report_expected(&["where"]);
    }
    let predicate = parser.unnamed();
    let project = if parser.eat("project") {
        Some(columns(parser))
    } else {
        parser.eat("project-smart");
        None
    };
    let away = if parser.eat("__projectAway") { columns(parser) } else { Vec::new() };
    Box::new(Find { with_source, options, tables, predicate, project, away })
}

impl Operator for Find {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.find(input, self, at.span)
    }
}

/// A column of the result.
#[derive(Debug)]
pub enum FindColumn {
    /// With the type that tables without it are taken to have.
    Column {
        name: Name,
        ktype: Option<KqlType>,
    },
    /// `pack(*)`: all other columns in one.
    Pack,
    Star,
}

fn columns(parser: &mut Parser<'_>) -> Vec<FindColumn> {
    parser.comma_list(|parser| {
        if parser.eat("*") {
            return Some(FindColumn::Star);
        }
        if parser.at("pack") && parser.at_nth(1, "(") {
            parser.bump();
            parser.bump();
            parser.expect("*");
            parser.close(")");
            return Some(FindColumn::Pack);
        }
        let name = parser.expect_name();
        let ktype = parser.eat(":").then(|| parser.scalar_type());
        Some(FindColumn::Column { name, ktype })
    })
}
