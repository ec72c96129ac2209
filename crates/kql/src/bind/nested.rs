//! Operators made of smaller ones: `top-nested`, `top-hitters`, `partition`, `facet`, `getschema`.

use super::{Binder, ItemStyle, Projection, Relation, Row};
use crate::diagnostic::{Diagnostic, Span};
use crate::operators::partition::PartitionBody;
use crate::operators::top_nested::Level;
use crate::plan::{Aggregate, Expr, Field, JoinKind, Node, Plan, SortKey};
use crate::syntax::ast::{self, OrderKey};
use schema::{KqlType, Value};

impl Binder<'_> {
    /// The values that occur most often, or that have the largest sum.
    pub fn top_hitters(
        &mut self,
        input: Relation,
        count: &ast::Expr,
        of: &ast::Expr,
        by: Option<&OrderKey>,
    ) -> Relation {
        let row = Row::of(&input);
        let count = self.bind_count(count);
        let keys = self.bind_keys(std::slice::from_ref(of), &row, &mut Projection::new());
        let Some((name, key)) = keys.into_iter().next() else { return self.open_relation() };
        let field = self.new_field(name.clone(), key.ktype());
        let (function, args, label, ktype) = match by {
            Some(by) => {
                let value = self.bind_scalar(&by.expr, &row);
                let by_name = self.result_name(&by.expr).unwrap_or_default();
                let ktype = if value.ktype() == KqlType::Int { KqlType::Long } else { value.ktype() };
                ("sum", vec![value], format!("approximate_sum_{by_name}"), ktype)
            }
            None => ("count", vec![], format!("approximate_count_{name}"), KqlType::Long),
        };
        let total = self.new_field(label, ktype);
        let aggregate = Aggregate { function, args, filter: None, outputs: vec![total.clone()] };
        let columns = vec![field, total.clone()];
        let node = Node::Aggregate { input: Box::new(input.plan), keys: vec![key], aggregates: vec![aggregate] };
        let grouped = Relation::new(Plan { node, columns });
        let descending = !by.and_then(|by| by.ascending).unwrap_or(false);
        let sorted =
            self.sort_by(grouped, vec![SortKey { expr: Expr::column(&total), descending, nulls_first: false }]);
        self.take(sorted, count)
    }

    /// Sorts by keys that are bound already.
    pub fn sort_by(&mut self, input: Relation, keys: Vec<SortKey>) -> Relation {
        let columns = input.plan.columns.clone();
        let node = Node::Sort { input: Box::new(input.plan), keys };
        Relation { plan: Plan { node, columns }, serialized: true, ..input }
    }

    /// Hierarchical top values: for each level, the best values within each value of the level before.
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
        let shared = self.share(with_levels);
        let mut result: Option<Relation> = None;
        // Positions of the level keys and their aggregates in the result.
        for (i, level) in levels.iter().enumerate() {
            let rows = self.refresh(&shared);
            let keys: Vec<Field> = rows.columns()[n_columns..=n_columns + i].to_vec();
            let level_row = Row { columns: rows.columns()[..n_columns].to_vec(), ..Row::default() };
            // Only rows whose outer values were kept count.
            let rows = match &result {
                Some(outer) => {
                    let outer = self.refresh(outer);
                    let on = keys[..i]
                        .iter()
                        .enumerate()
                        .map(|(k, key)| (Expr::column(key), Expr::column(&outer.columns()[2 * k])))
                        .collect();
                    let columns = rows.plan.columns.clone();
                    let node = Node::Join {
                        left: Box::new(rows.plan),
                        right: Box::new(outer.plan),
                        kind: JoinKind::LeftSemi,
                        on,
                    };
                    Relation::new(Plan { node, columns })
                }
                None => rows,
            };
            let mut calls = Vec::new();
            let bound = self.bind_aggregate_item(&level.by.expr, &level_row, &[], &mut calls);
            let Some(bound) = bound.into_iter().next() else { return self.open_relation() };
            let key_exprs: Vec<Expr> = keys.iter().map(Expr::column).collect();
            let key_fields: Vec<Field> =
                keys.iter().enumerate().map(|(k, key)| self.new_field(names[k].clone(), key.ktype)).collect();
            let mut columns = key_fields.clone();
            columns.extend(calls.iter().flat_map(|call| call.outputs.iter().cloned()));
            let node = Node::Aggregate { input: Box::new(rows.plan), keys: key_exprs, aggregates: calls };
            let grouped = Relation::new(Plan { node, columns });
            let mut projection = Projection::new();
            key_fields
                .iter()
                .enumerate()
                .for_each(|(k, field)| projection.add(&format!("(key {k})"), Expr::column(field)));
            projection.add("(value)", bound.expr.clone());
            let grouped = projection.finish(self, grouped);
            let label = if bound.declared { bound.name.clone() } else { format!("aggregated_{}", names[i]) };
            let descending = !level.by.ascending.unwrap_or(false);
            let ranked = self.rank_level(grouped, i, level, descending);
            result = Some(self.join_level(result.take(), ranked, i, &names[i], &label));
        }
        let relation = result.unwrap_or_else(|| self.open_relation());
        self.with_unique_names(relation)
    }

    /// Keeps the best values of a level within each outer value; with `others`, one further row stands for the rest.
    fn rank_level(&mut self, grouped: Relation, depth: usize, level: &Level, descending: bool) -> Relation {
        let Some(count) = &level.count else { return grouped };
        let count = self.bind_count(count);
        let outer: Vec<Field> = grouped.columns()[..depth].to_vec();
        let value = grouped.columns()[depth + 1].clone();
        if level.others.is_some() {
            self.report(Diagnostic::unsupported(
                "VQ001",
                level.of.span,
                "`top-nested ... with others` is not supported yet",
            ));
        }
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
        own[0].name = name.to_string();
        own[1].name = label.to_string();
        let Some(outer) = outer else {
            let exprs = own.iter().map(Expr::column).collect();
            return Relation::new(Plan { node: Node::Project { input: Box::new(level.plan), exprs }, columns: own });
        };
        let keys: Vec<(Expr, Expr)> =
            (0..depth).map(|k| (Expr::column(&outer.columns()[2 * k]), Expr::column(&level.columns()[k]))).collect();
        let before: Vec<Field> = outer.columns().to_vec();
        let columns: Vec<Field> = outer.columns().iter().chain(level.columns()).cloned().collect();
        let node =
            Node::Join { left: Box::new(outer.plan), right: Box::new(level.plan), kind: JoinKind::Inner, on: keys };
        let joined = Plan { node, columns };
        let columns: Vec<Field> = before.into_iter().chain(own).collect();
        let exprs = columns.iter().map(Expr::column).collect();
        Relation::new(Plan { node: Node::Project { input: Box::new(joined), exprs }, columns })
    }

    /// Runs a subquery on the rows of each value of a column.
    pub fn partition(&mut self, input: Relation, by: &ast::Expr, body: &PartitionBody, span: Span) -> Relation {
        let row = Row::of(&input);
        let key = self.bind_scalar(by, &row);
        let Expr::Column { id, ktype } = key else {
            if !self.is_unknown(&key) {
                self.report(Diagnostic::semantic("KS109", by.span, "a column's name is expected here"));
            }
            return self.open_relation();
        };
        if ktype == KqlType::Dynamic {
            self.report(
                Diagnostic::semantic("KS116", by.span, "rows cannot be partitioned by a dynamic value")
                    .help("convert it first"),
            );
        }
        let PartitionBody::Operators(body) = body else {
            return self.refuse(
                span,
                "the older form of `partition` in braces is not supported: write the operators in parentheses",
            );
        };
        let columns = input.plan.columns.clone();
        let given = Plan { node: Node::PartitionInput, columns };
        let inner = self.bind_subquery(body, Relation { open: input.open, ..Relation::new(given) });
        let columns = inner.plan.columns.clone();
        let node =
            Node::Partition { input: Box::new(input.plan), keys: vec![id], carry: vec![], body: Box::new(inner.plan) };
        Relation { open: inner.open, ..Relation::new(Plan { node, columns }) }
    }

    /// One table of `facet`: a column's values and how often each occurs.
    pub fn facet(&mut self, input: Relation, column: &ast::Expr) -> Relation {
        let row = Row::of(&input);
        let keys = self.bind_keys(std::slice::from_ref(column), &row, &mut Projection::new());
        let Some((name, key)) = keys.into_iter().next() else { return self.open_relation() };
        let field = self.new_field(name.clone(), key.ktype());
        let output = self.new_field(format!("count_{name}"), KqlType::Long);
        let aggregate = Aggregate { function: "count", args: vec![], filter: None, outputs: vec![output.clone()] };
        let node = Node::Aggregate { input: Box::new(input.plan), keys: vec![key], aggregates: vec![aggregate] };
        Relation::new(Plan { node, columns: vec![field, output] })
    }

    /// The columns of a table as rows.
    pub fn get_schema(&mut self, input: &Relation) -> Relation {
        let rows = input
            .columns()
            .iter()
            .enumerate()
            .map(|(i, field)| {
                vec![
                    Value::String(field.name.clone()),
                    Value::Long(i as i64),
                    Value::String(clr_type(field.ktype).to_string()),
                    Value::String(field.ktype.name().to_string()),
                ]
            })
            .collect();
        let columns = vec![
            self.new_field("ColumnName", KqlType::String),
            self.new_field("ColumnOrdinal", KqlType::Long),
            self.new_field("DataType", KqlType::String),
            self.new_field("ColumnType", KqlType::String),
        ];
        Relation { serialized: true, ..Relation::new(Plan { node: Node::Values { rows }, columns }) }
    }
}

/// Returns the name of the .NET type that `getschema` prints.
fn clr_type(ktype: KqlType) -> &'static str {
    match ktype {
        KqlType::Bool => "System.SByte",
        KqlType::Int => "System.Int32",
        KqlType::Long => "System.Int64",
        KqlType::Real => "System.Double",
        KqlType::Decimal => "System.Data.SqlTypes.SqlDecimal",
        KqlType::String => "System.String",
        KqlType::Datetime => "System.DateTime",
        KqlType::Timespan => "System.TimeSpan",
        KqlType::Guid => "System.Guid",
        KqlType::Dynamic => "System.Object",
    }
}
