//! `union [kind=inner|outer] [withsource=column] [isfuzzy=true] table, prefix*, (expression), ...`: the rows of several tables.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Union {
    /// `outer`, which is the default, or `inner`.
    pub kind: Option<Name>,
    pub with_source: Option<Name>,
    /// Whether tables that do not exist are left out.
    pub is_fuzzy: bool,
    pub options: Options,
    /// Tables, names with `*`, calls, expressions in parentheses.
    pub tables: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["union"], source: true, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&["best_effort"]);
    let kind = options.take_choice(parser, "kind", &["outer", "inner"]);
    let with_source = options.take_name(parser, &["withsource", "with_source"]);
    let is_fuzzy = options.take_bool(parser, &["isfuzzy", "__isFuzzy", "best_effort"]).unwrap_or(false);
    let tables = parser.comma_list(|parser| Some(table(parser)));
    Box::new(Union { kind, with_source, is_fuzzy, options, tables })
}

impl Operator for Union {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.unbound(input, at)
    }
}

fn table(parser: &mut Parser<'_>) -> Expr {
    if parser.at("(") {
        return parser.parenthesized();
    }
    match parser.entity() {
        Some(table) => table,
        None => {
            parser.report_missing("a table");
            parser.error_expr()
        }
    }
}
