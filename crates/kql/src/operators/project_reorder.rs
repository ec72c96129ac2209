//! `project-reorder column [asc|desc|granny-asc|granny-desc], prefix*, ...`: puts columns first, in the given order.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::plan::Field;
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct ProjectReorder {
    pub columns: Vec<ReorderColumn>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["project-reorder"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let columns = if parser.at_close() { Vec::new() } else { parser.comma_list(|parser| Some(column(parser))) };
    Box::new(ProjectReorder { columns })
}

impl Operator for ProjectReorder {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let mut order: Vec<Field> = Vec::new();
        for item in &self.columns {
            let matched = binder.match_columns(std::slice::from_ref(&item.column), &input);
            let mut fields: Vec<Field> = input.columns().iter().filter(|f| matched.contains(&f.id)).cloned().collect();
            match item.order {
                None => {}
                Some(ReorderOrder::Ascending) => fields.sort_by_key(|f| f.name.to_lowercase()),
                Some(ReorderOrder::Descending) => fields.sort_by_key(|f| std::cmp::Reverse(f.name.to_lowercase())),
                Some(ReorderOrder::GrannyAscending) => fields.sort_by_key(|f| granny_key(&f.name)),
                Some(ReorderOrder::GrannyDescending) => fields.sort_by_key(|f| std::cmp::Reverse(granny_key(&f.name))),
            }
            fields.retain(|field| !order.contains(field));
            order.extend(fields);
        }
        let rest: Vec<Field> = input.columns().iter().filter(|field| !order.contains(field)).cloned().collect();
        order.extend(rest);
        binder.keep_columns(input, order)
    }
}

/// A name, perhaps with `*` in it, and how the columns that it matches are ordered.
#[derive(Debug)]
pub struct ReorderColumn {
    pub column: Expr,
    pub order: Option<ReorderOrder>,
}

/// The order of columns that match one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReorderOrder {
    Ascending,
    Descending,
    /// Numbers in the names count as numbers: `a20` comes before `a100`.
    GrannyAscending,
    GrannyDescending,
}

fn column(parser: &mut Parser<'_>) -> ReorderColumn {
    let column = parser.column_or_wildcard();
    let order = match parser.text_at(0) {
        "asc" => Some(ReorderOrder::Ascending),
        "desc" => Some(ReorderOrder::Descending),
        "granny-asc" => Some(ReorderOrder::GrannyAscending),
        "granny-desc" => Some(ReorderOrder::GrannyDescending),
        _ => None,
    };
    if order.is_some() {
        parser.bump();
    }
    ReorderColumn { column, order }
}

/// Splits a name into runs of text and numbers, so that numbers are ordered by value.
fn granny_key(name: &str) -> Vec<(String, u64)> {
    let mut parts = vec![(String::new(), 0u64)];
    for c in name.to_lowercase().chars() {
        let Some(last) = parts.last_mut() else { continue };
        match c.to_digit(10) {
            Some(digit) => last.1 = last.1.saturating_mul(10).saturating_add(u64::from(digit)),
            None if last.1 > 0 => parts.push((c.to_string(), 0)),
            None => last.0.push(c),
        }
    }
    parts
}
