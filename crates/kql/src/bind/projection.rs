//! Lists of result columns: names made unique, columns replaced, explicit names checked.

use super::{Binder, Relation};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{ColumnId, Expr, Field, Node, Plan};
use std::collections::HashSet;

/// The columns of a result while they are being listed.
#[derive(Debug, Default)]
pub struct Projection {
    items: Vec<(String, Expr)>,
    declared: HashSet<String>,
}

impl Projection {
    /// Makes an empty list.
    pub fn new() -> Projection {
        Projection::default()
    }

    /// Makes a list that starts with all columns of a relation.
    pub fn over(columns: &[Field]) -> Projection {
        let items = columns.iter().map(|field| (field.name.to_string(), Expr::column(field))).collect();
        Projection { items, declared: HashSet::new() }
    }

    /// Returns whether a column of this name is listed.
    pub fn contains(&self, name: &str) -> bool {
        self.items.iter().any(|(listed, _)| listed == name)
    }

    /// Returns the names listed so far.
    pub fn names(&self) -> Vec<String> {
        self.items.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Returns the columns listed so far.
    pub fn items(&self) -> &[(String, Expr)] {
        &self.items
    }

    /// Adds a column under a name that was derived, not written: made unique by a number when it is taken.
    pub fn add(&mut self, name: &str, expr: Expr) {
        let name = self.unique(name);
        self.items.push((name, expr));
    }

    /// Adds a column, or puts it in the place of the one of the same name.
    pub fn add_or_replace(&mut self, name: &str, expr: Expr) {
        match self.items.iter_mut().find(|(listed, _)| listed == name) {
            Some(item) => item.1 = expr,
            None => self.items.push((name.to_string(), expr)),
        }
    }

    /// Adds a column under a name that was written; a second one of the same name is reported.
    pub fn declare(&mut self, binder: &mut Binder<'_>, name: &str, expr: Expr, span: Span, replace: bool) {
        if !self.declared.insert(name.to_string()) {
            binder.report(Diagnostic::semantic("KS171", span, format!("the column `{name}` is declared twice")));
            return;
        }
        if replace {
            self.add_or_replace(name, expr);
        } else {
            self.add(name, expr);
        }
    }

    /// Returns `name`, or `name1`, `name2`, … when it is taken.
    fn unique(&self, name: &str) -> String {
        let mut candidate = name.to_string();
        let mut n = 0;
        while self.contains(&candidate) {
            n += 1;
            candidate = format!("{name}{n}");
        }
        candidate
    }

    /// Makes the projected relation. A column that is passed on keeps its id; calls of window functions are computed
    /// first, over the rows in order.
    pub fn finish(self, binder: &mut Binder<'_>, input: Relation) -> Relation {
        let (names, mut exprs): (Vec<String>, Vec<Expr>) = self.items.into_iter().unzip();
        let plan = binder.hoist_windows(input.plan, &mut exprs);
        let mut used: HashSet<ColumnId> = HashSet::new();
        let columns: Vec<Field> = names
            .into_iter()
            .zip(&exprs)
            .map(|(name, expr)| match expr {
                Expr::Column { id, ktype } if used.insert(*id) => Field { id: *id, name: name.into(), ktype: *ktype },
                expr => binder.new_field(name, expr.ktype()),
            })
            .collect();
        Relation { plan: Plan { node: Node::Project { input: Box::new(plan), exprs }, columns }, ..input }
    }
}

impl Binder<'_> {
    /// Takes the calls of window functions out of expressions into a node below, innermost first.
    pub fn hoist_windows(&mut self, mut plan: Plan, exprs: &mut [Expr]) -> Plan {
        loop {
            let mut calls = Vec::new();
            for expr in exprs.iter_mut() {
                self.take_windows(expr, &mut calls);
            }
            if calls.is_empty() {
                return plan;
            }
            // Window calls inside the arguments of window calls go further below.
            let (fields, mut args): (Vec<Field>, Vec<Expr>) = calls.into_iter().unzip();
            for call in &mut args {
                if let Expr::Call { args, .. } = call {
                    plan = self.hoist_windows(plan, args);
                }
            }
            let mut columns = plan.columns.clone();
            columns.extend(fields);
            plan = Plan { node: Node::Window { input: Box::new(plan), calls: args }, columns };
        }
    }

    fn take_windows(&mut self, expr: &mut Expr, calls: &mut Vec<(Field, Expr)>) {
        let Expr::Call { function, args, ktype } = expr else { return };
        let is_window =
            self.env.functions.scalar(function).is_some_and(|f| f.class == crate::catalog::ScalarClass::Window);
        if !is_window {
            args.iter_mut().for_each(|arg| self.take_windows(arg, calls));
            return;
        }
        let field = self.new_field(*function, *ktype);
        let call = std::mem::replace(expr, Expr::column(&field));
        calls.push((field, call));
    }
}
