//! `union [kind=inner|outer] [withsource=column] [isfuzzy=true] table, prefix*, (expression), ...`: the rows of several
//! tables.

use crate::bind::{Binder, Relation, Row};
use crate::diagnostic::{Diagnostic, Severity};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, ExprKind, Name, PipeOperator};
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
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, _at: &PipeOperator) -> Relation {
        let mut sources: Vec<(String, Relation)> = Vec::new();
        if let Some(input) = input {
            sources.push((input.name.clone().unwrap_or_else(|| "union_arg0".to_string()), input));
        }
        let inner = self.kind.as_ref().is_some_and(|kind| kind.text == "inner");
        let mut missing = Vec::new();
        for table in &self.tables {
            let index = sources.len();
            let pattern = match &table.kind {
                ExprKind::Star => Some("*"),
                ExprKind::Wildcard(pattern) => Some(pattern.as_str()),
                _ => None,
            };
            if let Some(pattern) = pattern {
                let tables = binder.tables_like(pattern);
                if tables.is_empty() && !self.is_fuzzy {
                    binder.report(Diagnostic::semantic("KS181", table.span, format!("no table matches `{pattern}`")));
                }
                sources
                    .extend(tables.into_iter().map(|relation| (relation.name.clone().unwrap_or_default(), relation)));
                continue;
            }
            let relation = if self.is_fuzzy {
                match binder.try_table(table) {
                    Ok(relation) => relation,
                    Err(found) => {
                        missing.extend(found);
                        continue;
                    }
                }
            } else {
                binder.bind_table_expr(table, &Row::none())
            };
            let named = gives_name(binder, table);
            let name = relation.name.clone().filter(|_| named).unwrap_or_else(|| format!("union_arg{index}"));
            sources.push((name, relation));
        }
        for diagnostic in missing.into_iter().filter(Diagnostic::is_error) {
            if sources.is_empty() {
                binder.report(diagnostic);
            } else {
                binder.report(Diagnostic { severity: Severity::Warning, ..diagnostic });
            }
        }
        if sources.is_empty() {
            return binder.open_relation();
        }
        let relations = match &self.with_source {
            Some(column) => {
                sources.into_iter().map(|(name, relation)| binder.with_source(relation, &column.text, &name)).collect()
            }
            None => sources.into_iter().map(|(_, relation)| relation).collect(),
        };
        binder.union(relations, inner)
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

/// Returns whether a table's rows come under its own name: a table, a call, or a pipe that ends with `as`.
fn gives_name(binder: &Binder<'_>, table: &Expr) -> bool {
    match &table.kind {
        ExprKind::Name(_) | ExprKind::Path { .. } | ExprKind::Call { .. } => true,
        ExprKind::Parenthesized(inner) => gives_name(binder, inner),
        ExprKind::Pipe { operators, .. } => operators.last().is_some_and(|last| binder.word(last.keyword) == "as"),
        _ => false,
    }
}
