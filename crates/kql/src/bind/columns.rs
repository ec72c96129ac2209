//! Operators over lists of columns: keep, drop, rename, pick by name.

use super::tabular::wildcard_matches;
use super::{Binder, Projection, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::plan::{ColumnId, Expr, Field, Node, Plan};
use crate::syntax::ast::{self, ExprKind};
use schema::{Dynamic, Value};

impl Binder<'_> {
    /// Returns the ids of the columns that names and patterns with `*` mean. A name that is no column is reported; a
    /// pattern may match none.
    pub fn match_columns(&mut self, names: &[ast::Expr], input: &Relation) -> Vec<ColumnId> {
        let mut ids = Vec::new();
        for name in names {
            match &name.kind {
                ExprKind::Star => ids.extend(input.columns().iter().map(|field| field.id)),
                ExprKind::Wildcard(pattern) => {
                    ids.extend(input.columns().iter().filter(|f| wildcard_matches(pattern, &f.name)).map(|f| f.id));
                }
                ExprKind::Name(name) => match input.column(&name.text) {
                    Some(field) => ids.push(field.id),
                    None if input.open => {}
                    None => {
                        let names: Vec<&str> = input.columns().iter().map(|f| f.name.as_str()).collect();
                        self.report_unknown_name(name, &names, "column");
                    }
                },
                ExprKind::Error => {}
                _ => self.report(Diagnostic::semantic("KS109", name.span, "a column's name is expected here")),
            }
        }
        ids
    }

    /// Keeps the given columns, in the given order.
    pub fn keep_columns(&mut self, input: Relation, columns: Vec<Field>) -> Relation {
        let exprs = columns.iter().map(Expr::column).collect();
        Relation { plan: Plan { node: Node::Project { input: Box::new(input.plan), exprs }, columns }, ..input }
    }

    /// Renames columns in place: `new = old`, ...
    pub fn rename_columns(&mut self, mut input: Relation, items: &[ast::Expr]) -> Relation {
        let mut renamed: Vec<String> = Vec::new();
        for item in items {
            let ExprKind::Named { names, value } = &item.kind else {
                if !matches!(item.kind, ExprKind::Error) {
                    self.report(Diagnostic::semantic("KS110", item.span, "`project-rename` takes `new = old`"));
                }
                continue;
            };
            let (Some(new), ExprKind::Name(old)) = (names.first(), &value.kind) else {
                self.report(Diagnostic::semantic("KS109", value.span, "a column's name is expected here"));
                continue;
            };
            if renamed.contains(&new.text) {
                self.report(Diagnostic::semantic(
                    "KS171",
                    new.span,
                    format!("the column `{}` is declared twice", new.text),
                ));
                continue;
            }
            match input.plan.columns.iter_mut().find(|field| field.name == old.text) {
                Some(field) => field.name = new.text.as_str().into(),
                None if input.open => {}
                None => {
                    let names: Vec<&str> = input.columns().iter().map(|f| f.name.as_str()).collect();
                    self.report_unknown_name(old, &names, "column");
                }
            }
            renamed.push(new.text.clone());
        }
        // A name that another column has already goes to the renamed one; the other gets a number.
        for i in 0..input.plan.columns.len() {
            let name = input.plan.columns[i].name.clone();
            let clash = input.plan.columns.iter().enumerate().any(|(j, f)| j != i && f.name == name);
            if clash && renamed.iter().any(|other| name == *other) {
                if let Some(item) = items.iter().find(|item| matches!(&item.kind, ExprKind::Named { names, .. } if names.first().is_some_and(|n| n.text == name))) {
                    self.report(Diagnostic::semantic("KS171", item.span, format!("there is already a column `{name}`")));
                }
                break;
            }
        }
        input
    }

    /// `project-by-names`: columns by constant names, patterns allowed, those that do not exist left out.
    pub fn project_by_names(&mut self, input: Relation, names: &[ast::Expr]) -> Relation {
        let row = Row::of(&input);
        let mut wanted: Vec<String> = Vec::new();
        for name in names {
            match self.bind_scalar(name, &Row { columns: vec![], ..row.clone() }) {
                Expr::Literal(Value::String(text)) => wanted.push(text),
                Expr::Literal(Value::Dynamic(Dynamic::Array(items))) => {
                    wanted.extend(items.iter().filter_map(|item| match item {
                        Dynamic::String(text) => Some(text.clone()),
                        _ => None,
                    }));
                }
                Expr::Literal(Value::Dynamic(Dynamic::String(text))) => wanted.push(text),
                other if self.is_unknown(&other) => {}
                _ => self.report(Diagnostic::semantic(
                    "KS131",
                    name.span,
                    "a constant name or array of names is expected here",
                )),
            }
        }
        let mut columns: Vec<Field> = Vec::new();
        for pattern in wanted {
            for field in input.columns() {
                if wildcard_matches(&pattern, &field.name) && !columns.contains(field) {
                    columns.push(field.clone());
                }
            }
        }
        self.keep_columns(input, columns)
    }

    /// Of columns of one name keeps the last, in the place of the first: what captures columns anew replaces old ones.
    pub fn last_of_each_name(&mut self, input: Relation) -> Relation {
        let mut columns: Vec<Field> = Vec::new();
        for field in input.columns() {
            match columns.iter_mut().find(|listed| listed.name == field.name) {
                Some(listed) => *listed = field.clone(),
                None => columns.push(field.clone()),
            }
        }
        if columns.len() == input.columns().len() { input } else { self.keep_columns(input, columns) }
    }

    /// Joins a table of facts with one of dimensions: the right side's keys are left out.
    pub fn lookup(&mut self, left: Relation, right: Relation, kind: &str, keys: Vec<(Expr, Expr)>) -> Relation {
        let right_keys: Vec<Expr> = keys.iter().map(|(_, right)| right.clone()).collect();
        let dropped: Vec<Field> =
            right.columns().iter().filter(|f| right_keys.contains(&Expr::column(f))).cloned().collect();
        let mut joined = self.join(left.clone(), right.clone(), kind, keys);
        // Names are made unique again without the dropped columns.
        let original: Vec<Field> = left.columns().iter().chain(right.columns()).cloned().collect();
        for field in &mut joined.plan.columns {
            if let Some(before) = original.iter().find(|f| f.id == field.id) {
                field.name.clone_from(&before.name);
            }
        }
        let kept = joined.columns().iter().filter(|f| !dropped.iter().any(|d| d.id == f.id)).cloned().collect();
        let kept = self.keep_columns(joined, kept);
        self.with_unique_names(kept)
    }

    /// Reports hints that name no column.
    pub fn check_hints(&mut self, options: &crate::syntax::Options, input: &Relation) {
        for option in &options.0 {
            if option.name.text == "hint.shufflekey"
                && let ExprKind::Name(name) = &option.value.kind
            {
                self.check_column(name, input);
            }
        }
    }

    /// Reports a name that is no column.
    pub fn check_column(&mut self, name: &ast::Name, input: &Relation) {
        if !input.open && input.column(&name.text).is_none() {
            let names: Vec<&str> = input.columns().iter().map(|field| field.name.as_str()).collect();
            self.report_unknown_name(name, &names, "column");
        }
    }

    /// Makes a projection of all columns, for a caller that changes some.
    pub fn all_columns(&self, input: &Relation) -> Projection {
        Projection::over(input.columns())
    }
}
