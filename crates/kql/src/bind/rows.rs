//! Operators that several others are made of: project, summarize, sort, take.

use super::{Binder, Projection, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::plan::{Expr, Field, Node, Plan, SortKey};
use crate::syntax::ast::{self, ExprKind, OrderKey};
use schema::{KqlType, Value};

/// How an item of a column list is named and placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemStyle {
    /// `project`: columns in order, derived names made unique.
    Project,
    /// `extend`: a name that exists is replaced.
    Extend,
    /// `print`: an unnamed item is `print_` and its index.
    Print(usize),
}

impl Binder<'_> {
    /// Binds an item of `project`, `extend` or `print`: `expr`, `name = expr`, `(a, b) = expr`, `*`.
    pub fn project_item(&mut self, projection: &mut Projection, item: &ast::Expr, row: &Row, style: ItemStyle) {
        let (names, value): (&[ast::Name], &ast::Expr) = match &item.kind {
            ExprKind::Named { names, value } => (names, value),
            _ => (&[], item),
        };
        let replace = style == ItemStyle::Extend;
        if let ExprKind::Star = value.kind {
            for field in &row.columns {
                if !projection.contains(&field.name) {
                    projection.add(&field.name, Expr::column(field));
                }
            }
            return;
        }
        let expr = self.bind_scalar(value, row);
        if let Some(parts) = self.tuple_parts(&expr, value) {
            self.project_tuple(projection, names, parts, expr, style, item);
            return;
        }
        match names {
            [name] => projection.declare(self, &name.text, expr, name.span, replace),
            [first, ..] => {
                // A dynamic array gives its elements to the names in order.
                if expr.ktype() == KqlType::Dynamic {
                    for (i, name) in names.iter().enumerate() {
                        let element = self.access(expr.clone(), Expr::Literal(Value::Long(i as i64)));
                        projection.declare(self, &name.text, element, name.span, replace);
                    }
                } else {
                    self.report(Diagnostic::semantic("KS149", item.span, "the expression gives one column only"));
                    projection.declare(self, &first.text, expr, first.span, replace);
                }
            }
            [] => {
                if let ItemStyle::Print(i) = style {
                    projection.add(&format!("print_{i}"), expr);
                    return;
                }
                let derived = self.result_name(value);
                if let (Expr::Column { .. }, Some(name)) = (&expr, &derived)
                    && matches!(value.kind, ExprKind::Name(_))
                {
                    projection.declare(self, name, expr, item.span, replace);
                    return;
                }
                let name = derived.unwrap_or_else(|| self.default_name(row));
                if replace { projection.add_or_replace(&name, expr) } else { projection.add(&name, expr) }
            }
        }
    }

    /// Returns `Column1`, `Column2`, …: the next that is no column.
    pub fn default_name(&mut self, row: &Row) -> String {
        loop {
            self.unnamed += 1;
            let name = format!("Column{}", self.unnamed);
            if row.column(&name).is_none() {
                return name;
            }
        }
    }

    /// Returns the columns of a function that gives several (`series_fit_line`): their names and types.
    fn tuple_parts(&self, expr: &Expr, value: &ast::Expr) -> Option<Vec<(String, KqlType)>> {
        let ExprKind::Call { name, args } = &value.kind else { return None };
        let info = self.env.functions.scalar(&name.text)?;
        if expr.ktype() != KqlType::Dynamic {
            return None;
        }
        if matches!(info.name, "array_sort_asc" | "array_sort_desc") && args.len() > 1 {
            let is_array = |arg: &&ast::Expr| !matches!(arg.kind, ExprKind::Literal(Value::Bool(_)));
            let arrays: Vec<&ast::Expr> = args.iter().filter(is_array).collect();
            let part =
                |arg: &&ast::Expr| (format!("{}_sorted", self.result_name(arg).unwrap_or_default()), KqlType::Dynamic);
            return (arrays.len() > 1).then(|| arrays.iter().map(part).collect());
        }
        if info.tuple.is_empty() {
            return None;
        }
        let argument = args.first().and_then(|arg| self.result_name(arg)).unwrap_or_default();
        Some(info.tuple.iter().map(|(part, ktype)| (part.replace("{0}", &argument), *ktype)).collect())
    }

    fn project_tuple(
        &mut self,
        projection: &mut Projection,
        names: &[ast::Name],
        parts: Vec<(String, KqlType)>,
        expr: Expr,
        style: ItemStyle,
        item: &ast::Expr,
    ) {
        let replace = style == ItemStyle::Extend;
        if names.len() > parts.len() {
            self.report(Diagnostic::semantic("KS150", item.span, "there are more names than columns"));
        }
        for (i, (part, ktype)) in parts.into_iter().enumerate() {
            let element = self.access(expr.clone(), Expr::Literal(Value::Long(i as i64)));
            let element = self.convert(element, ktype);
            match names.get(i) {
                Some(name) => projection.declare(self, &name.text, element, name.span, replace),
                // `print` takes the named columns only.
                None if names.len() > 1 && matches!(style, ItemStyle::Print(_)) => {}
                None if !names.is_empty() => projection.add(&part, element),
                None if replace => projection.add_or_replace(&part, element),
                None => projection.add(&part, element),
            }
        }
    }

    /// Binds `summarize`: keys, then aggregates. `bin` is the older way to write `bin()` around the keys.
    pub fn summarize(
        &mut self,
        input: Relation,
        items: &[ast::Expr],
        by: &[ast::Expr],
        bin: Option<&ast::Expr>,
    ) -> Relation {
        let row = Row::of(&input);
        let mut names = Projection::new();
        let mut keys = self.bind_keys(by, &row, &mut names);
        if let Some(bin) = bin {
            let size = self.bind_scalar(bin, &Row::none());
            for ((_, key), item) in keys.iter_mut().zip(by) {
                // Keys that have no bins of this size stay as they are.
                let fits = match (key.ktype(), size.ktype()) {
                    (KqlType::Datetime | KqlType::Timespan, KqlType::Timespan) => true,
                    (key, size) => key.is_numeric() && size.is_numeric(),
                };
                if fits {
                    *key = self.call("bin", vec![key.clone(), size.clone()], item.span, item.span);
                }
            }
        }
        let key_exprs: Vec<Expr> = keys.iter().map(|(_, expr)| expr.clone()).collect();
        let key_fields: Vec<Field> =
            keys.iter().map(|(name, expr)| self.new_field(name.clone(), expr.ktype())).collect();
        let mut projection = Projection::new();
        for field in &key_fields {
            projection.add(&field.name, Expr::column(field));
        }
        let mut aggregates = Vec::new();
        for item in items {
            for bound in self.bind_aggregate_item(item, &row, &key_exprs, &mut aggregates) {
                if bound.declared {
                    projection.declare(self, &bound.name, bound.expr, bound.span, false);
                } else {
                    projection.add(&bound.name, bound.expr);
                }
            }
        }
        let mut columns = key_fields;
        columns.extend(aggregates.iter().flat_map(|aggregate| aggregate.outputs.iter().cloned()));
        let node = Node::Aggregate { input: Box::new(input.plan), keys: key_exprs, aggregates };
        let aggregated = Relation { open: input.open && columns.is_empty(), ..Relation::new(Plan { node, columns }) };
        projection.finish(self, aggregated)
    }

    /// Binds a `by` clause: the names and expressions of its keys.
    pub fn bind_keys(&mut self, by: &[ast::Expr], row: &Row, names: &mut Projection) -> Vec<(String, Expr)> {
        for item in by {
            let before = names.names().len();
            self.project_item(names, item, row, ItemStyle::Project);
            for (name, expr) in names.items().iter().skip(before) {
                if expr.ktype() == KqlType::Dynamic && !self.is_unknown(expr) {
                    let message = format!("the key `{name}` is dynamic, which rows cannot be grouped by");
                    let help = format!("convert it: `tostring({})`", self.word(item.span));
                    self.report(Diagnostic::semantic("KS116", item.span, message).help(help));
                    break;
                }
            }
        }
        names.items().to_vec()
    }

    /// Sorts rows; `dynamic` says whether a key may be dynamic. Descending is the default; nulls come first when ascending and last when descending.
    pub fn sort(&mut self, input: Relation, keys: &[OrderKey], dynamic: bool) -> Relation {
        let row = Row::of(&input);
        let mut bound = Vec::new();
        for key in keys {
            let expr = self.bind_scalar(&key.expr, &row);
            if expr.ktype() == KqlType::Dynamic && !dynamic && !self.is_unknown(&expr) {
                let help = format!("convert it: `tostring({})`", self.word(key.expr.span));
                self.report(
                    Diagnostic::semantic("KS116", key.expr.span, "rows cannot be sorted by a dynamic value").help(help),
                );
            }
            let ascending = key.ascending.unwrap_or(false);
            bound.push(SortKey { expr, descending: !ascending, nulls_first: key.nulls_first.unwrap_or(ascending) });
        }
        let columns = input.plan.columns.clone();
        let node = Node::Sort { input: Box::new(input.plan), keys: bound };
        Relation { plan: Plan { node, columns }, serialized: true, ..input }
    }

    /// Binds a number of rows: a constant whole number.
    pub fn bind_count(&mut self, expr: &ast::Expr) -> Expr {
        let count = self.bind_scalar(expr, &Row::none());
        if self.is_unknown(&count) {
            return count;
        }
        if !count.ktype().is_integer() {
            self.report(Diagnostic::semantic("KS134", expr.span, "the number of rows must be a whole number"));
        } else if !count.is_constant() {
            self.report(Diagnostic::semantic("KS129", expr.span, "the number of rows must be constant"));
        } else if matches!(count.as_literal(), Some(Value::Long(n)) if *n < 0) {
            self.report(Diagnostic::semantic("KS134", expr.span, "the number of rows must not be negative"));
        }
        self.convert(count, KqlType::Long)
    }

    /// Keeps the first rows.
    pub fn take(&mut self, input: Relation, count: Expr) -> Relation {
        let columns = input.plan.columns.clone();
        let node = Node::Take { input: Box::new(input.plan), count };
        Relation { plan: Plan { node, columns }, ..input }
    }
}
