//! `top-nested`: for each level, the best values within each value of the level before.
//!
//! ```text
//! rows with a column per level ─► level 0: value, aggregate ─► level 1: value, aggregate ─► ...   best paths
//!                      └─► rows that leave the best paths at level i ─► one row per path before    with others
//! ```

use super::{Binder, ItemStyle, Projection, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::operators::top_nested::Level;
use crate::plan::{Aggregate, Expr, Field, JoinKind, Node, Plan, SortKey};
use schema::{KqlType, Value};

/// The input with a column per level, and what levels are called.
struct Levels<'l> {
    levels: &'l [Level],
    names: Vec<String>,
    /// Shared.
    rows: Relation,
    /// Columns of the input, before those of the levels.
    n_columns: usize,
}

impl Binder<'_> {
    /// Hierarchical top values.
    pub fn top_nested(&mut self, input: Relation, levels: &[Level]) -> Relation {
        let row = Row::of(&input);
        // The level's values are computed once, beside the input's columns.
        let mut projection = Projection::over(input.columns());
        let mut names = Vec::new();
        for level in levels {
            let mut item = Projection::new();
            self.project_item(&mut item, &level.of, &row, ItemStyle::Project);
            let Some((name, expr)) = item.items().first().cloned() else { return self.open_relation() };
            if expr.ktype() == KqlType::Dynamic && !self.is_unknown(&expr) {
                self.report(
                    Diagnostic::semantic("KS116", level.of.span, "a dynamic value cannot be ranked")
                        .help("convert it first"),
                );
            }
            projection.add(&format!("(level {})", names.len()), expr);
            names.push(name);
        }
        let with_levels = projection.finish(self, input);
        let n_columns = with_levels.columns().len() - levels.len();
        let rows = self.share(with_levels);
        let levels = Levels { levels, names, rows, n_columns };
        // The best paths down to each level.
        let mut best: Vec<Relation> = Vec::new();
        let mut labels = Vec::new();
        for (i, level) in levels.levels.iter().enumerate() {
            let Some((ranked, label)) = self.rank(&levels, i, level, best.last()) else { return self.open_relation() };
            let outer = best.last().cloned();
            let joined = self.join_level(outer, ranked, i, &levels.names[i], &label);
            best.push(self.share(joined));
            labels.push(label);
        }
        let Some(result) = best.last().cloned() else { return self.open_relation() };
        let mut parts = vec![self.refresh(&result)];
        for i in 0..levels.levels.len() {
            let has_others = levels.levels[i..].iter().any(|level| level.others.is_some());
            if levels.levels[i].count.is_some() && has_others {
                match self.others(&levels, i, &best) {
                    Some(others) => parts.push(others),
                    None => return self.open_relation(),
                }
            }
        }
        let columns: Vec<Field> =
            result.columns().iter().map(|field| self.new_field(field.name.clone(), field.ktype)).collect();
        let exprs = parts.iter().map(|part| part.columns().iter().map(Expr::column).collect()).collect();
        let inputs = parts.into_iter().map(|part| part.plan).collect();
        let united = Relation::new(Plan { node: Node::Union { inputs, exprs }, columns });
        self.with_unique_names(united)
    }

    /// Returns the rows, and the columns of the first levels.
    fn level_rows(&mut self, levels: &Levels<'_>, depth: usize) -> (Relation, Vec<Field>, Row) {
        let rows = self.refresh(&levels.rows);
        let columns = rows.columns();
        let keys = columns.iter().skip(levels.n_columns).take(depth).cloned().collect();
        let row = Row { columns: columns.iter().take(levels.n_columns).cloned().collect(), ..Row::default() };
        (rows, keys, row)
    }

    /// Returns the best values of a level within the best paths before: the path's values, the level's, its aggregate;
    /// and the aggregate's name.
    fn rank(
        &mut self,
        levels: &Levels<'_>,
        i: usize,
        level: &Level,
        outer: Option<&Relation>,
    ) -> Option<(Relation, String)> {
        let (rows, keys, row) = self.level_rows(levels, i + 1);
        // Only rows whose outer values were kept count.
        let rows = match outer {
            Some(outer) => self.rows_of_paths(rows, &keys[..i], outer, JoinKind::LeftSemi),
            None => rows,
        };
        let mut calls = Vec::new();
        let bound = self.bind_aggregate_item(&level.by.expr, &row, &[], &mut calls).into_iter().next()?;
        let key_fields: Vec<Field> =
            keys.iter().zip(&levels.names).map(|(key, name)| self.new_field(name.clone(), key.ktype)).collect();
        let mut columns = key_fields.clone();
        columns.extend(calls.iter().flat_map(|call| call.outputs.iter().cloned()));
        let keys = keys.iter().map(Expr::column).collect();
        let node = Node::Aggregate { input: Box::new(rows.plan), keys, aggregates: calls };
        let grouped = Relation::new(Plan { node, columns });
        let mut projection = Projection::new();
        for (k, field) in key_fields.iter().enumerate() {
            projection.add(&format!("(key {k})"), Expr::column(field));
        }
        projection.add("(value)", bound.expr.clone());
        let grouped = projection.finish(self, grouped);
        let label = if bound.declared { bound.name } else { format!("aggregated_{}", levels.names[i]) };
        let descending = !level.by.ascending.unwrap_or(false);
        Some((self.best_of_level(grouped, i, level, descending), label))
    }

    /// Keeps the best values of a level within each outer value.
    fn best_of_level(&mut self, grouped: Relation, depth: usize, level: &Level, descending: bool) -> Relation {
        let Some(count) = &level.count else { return grouped };
        let count = self.bind_count(count);
        let outer: Vec<Field> = grouped.columns()[..depth].to_vec();
        let value = grouped.columns()[depth + 1].clone();
        let columns = grouped.plan.columns.clone();
        let ordered = |rows: Plan| {
            let columns = rows.columns.clone();
            let keys = vec![SortKey { expr: Expr::column(&value), descending, nulls_first: false }];
            let sorted = Plan { node: Node::Sort { input: Box::new(rows), keys }, columns: columns.clone() };
            Plan { node: Node::Take { input: Box::new(sorted), count: count.clone() }, columns }
        };
        if outer.is_empty() {
            return Relation::new(ordered(grouped.plan));
        }
        let body = ordered(Plan { node: Node::PartitionInput, columns: columns.clone() });
        let keys = outer.iter().map(|field| field.id).collect();
        let node = Node::Partition { input: Box::new(grouped.plan), keys, carry: vec![], body: Box::new(body) };
        Relation::new(Plan { node, columns })
    }

    /// Adds a level's value and aggregate to the columns of the levels before.
    fn join_level(
        &mut self,
        outer: Option<Relation>,
        level: Relation,
        depth: usize,
        name: &str,
        label: &str,
    ) -> Relation {
        let mut own: Vec<Field> = level.columns()[depth..].to_vec();
        own[0].name = name.into();
        own[1].name = label.into();
        let Some(outer) = outer else {
            let exprs = own.iter().map(Expr::column).collect();
            return Relation::new(Plan { node: Node::Project { input: Box::new(level.plan), exprs }, columns: own });
        };
        let outer = self.refresh(&outer);
        let on = (0..depth).flat_map(|k| same(&outer.columns()[2 * k], &level.columns()[k])).collect();
        let before: Vec<Field> = outer.columns().to_vec();
        let columns: Vec<Field> = outer.columns().iter().chain(level.columns()).cloned().collect();
        let node = Node::Join { left: Box::new(outer.plan), right: Box::new(level.plan), kind: JoinKind::Inner, on };
        let joined = Plan { node, columns };
        let columns: Vec<Field> = before.into_iter().chain(own).collect();
        let exprs = columns.iter().map(Expr::column).collect();
        Relation::new(Plan { node: Node::Project { input: Box::new(joined), exprs }, columns })
    }

    /// Keeps the rows whose keys are on one of the paths, or on none.
    fn rows_of_paths(&mut self, rows: Relation, keys: &[Field], paths: &Relation, kind: JoinKind) -> Relation {
        let paths = self.refresh(paths);
        let on = keys.iter().enumerate().flat_map(|(k, key)| same(key, &paths.columns()[2 * k])).collect();
        let columns = rows.plan.columns.clone();
        let node = Node::Join { left: Box::new(rows.plan), right: Box::new(paths.plan), kind, on };
        Relation::new(Plan { node, columns })
    }

    /// Returns a row for the rows that leave the best paths at a level, for each path that they leave: the path, then,
    /// for the level and all below, the value and the aggregate of `with others`, null where a level has none.
    fn others(&mut self, levels: &Levels<'_>, i: usize, best: &[Relation]) -> Option<Relation> {
        let (rows, keys, row) = self.level_rows(levels, i + 1);
        let rows = match i.checked_sub(1).and_then(|outer| best.get(outer)) {
            Some(outer) => self.rows_of_paths(rows, &keys[..i], outer, JoinKind::LeftSemi),
            None => rows,
        };
        let rows = self.rows_of_paths(rows, &keys, best.get(i)?, JoinKind::LeftAnti);
        let mut calls = Vec::new();
        let mut values = Vec::new();
        for (k, level) in levels.levels.iter().enumerate().skip(i) {
            let of = &best.get(k)?.columns()[2 * k];
            let by = &best.get(k)?.columns()[2 * k + 1];
            let (of, by) = (of.ktype, by.ktype);
            match &level.others {
                Some(others) => {
                    let others = self.bind_scalar(others, &Row::none());
                    values.push(self.convert(others, of));
                    let bound = self.bind_aggregate_item(&level.by.expr, &row, &[], &mut calls).into_iter().next()?;
                    values.push(bound.expr);
                }
                None => values.extend([Expr::Literal(Value::null(of)), Expr::Literal(Value::null(by))]),
            }
        }
        let counted = self.new_field("(rows)", KqlType::Long);
        calls.push(Aggregate { function: "count", args: vec![], filter: None, outputs: vec![counted.clone()] });
        let key_fields: Vec<Field> = keys[..i].iter().map(|key| self.new_field(key.name.clone(), key.ktype)).collect();
        let mut columns = key_fields.clone();
        columns.extend(calls.iter().flat_map(|call| call.outputs.iter().cloned()));
        let keys = keys[..i].iter().map(Expr::column).collect();
        let node = Node::Aggregate { input: Box::new(rows.plan), keys, aggregates: calls };
        let grouped = Relation::new(Plan { node, columns });
        // Without a path there is a row even where no row is left.
        let some = Expr::call(">", vec![Expr::column(&counted), Expr::Literal(Value::Long(0))], KqlType::Bool);
        let grouped = self.filter(grouped, some);
        let mut projection = Projection::new();
        for (k, field) in key_fields.iter().enumerate() {
            projection.add(&format!("(key {k})"), Expr::column(field));
        }
        for (k, value) in values.into_iter().enumerate() {
            projection.add(&format!("(value {k})"), value);
        }
        let others = projection.finish(self, grouped);
        let Some(outer) = i.checked_sub(1).and_then(|outer| best.get(outer)) else { return Some(others) };
        let outer = self.refresh(outer);
        let on = (0..i).flat_map(|k| same(&outer.columns()[2 * k], &others.columns()[k])).collect();
        let columns: Vec<Field> = outer.columns().iter().chain(others.columns()).cloned().collect();
        let kept: Vec<Field> = outer.columns().iter().chain(&others.columns()[i..]).cloned().collect();
        let node = Node::Join { left: Box::new(outer.plan), right: Box::new(others.plan), kind: JoinKind::Inner, on };
        let exprs = kept.iter().map(Expr::column).collect();
        let node = Node::Project { input: Box::new(Plan { node, columns }), exprs };
        Some(Relation::new(Plan { node, columns: kept }))
    }
}

/// Returns the conditions of a join under which two columns hold the same value; two nulls do, too.
fn same(left: &Field, right: &Field) -> Vec<(Expr, Expr)> {
    let Some(some) = some_value(left.ktype) else { return vec![(Expr::column(left), Expr::column(right))] };
    let known =
        |field: &Field| Expr::call("coalesce", vec![Expr::column(field), Expr::Literal(some.clone())], field.ktype);
    let is_null = |field: &Field| Expr::call("isnull", vec![Expr::column(field)], KqlType::Bool);
    vec![(known(left), known(right)), (is_null(left), is_null(right))]
}

/// Returns a value of a type whose columns may hold nulls.
fn some_value(ktype: KqlType) -> Option<Value> {
    Some(match ktype {
        KqlType::Bool => Value::Bool(false),
        KqlType::Int => Value::Int(0),
        KqlType::Long => Value::Long(0),
        KqlType::Real => Value::Real(0.0),
        KqlType::Datetime => Value::Datetime(0),
        KqlType::Timespan => Value::Timespan(0),
        KqlType::Guid => Value::Guid("00000000-0000-0000-0000-000000000000".to_string()),
        KqlType::Decimal | KqlType::String | KqlType::Dynamic => return None,
    })
}
