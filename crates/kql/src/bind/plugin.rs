//! `evaluate`: plugins, whose columns may depend on rows.

use super::{Binder, Projection, Relation, Row};
use crate::catalog::PluginColumns;
use crate::diagnostic::Diagnostic;
use crate::plan::{Expr, Field, Node, Plan, PluginArgument};
use crate::syntax::ast::{self, ExprKind};
use schema::Column;

impl Binder<'_> {
    /// Binds a plugin call over a table.
    pub fn evaluate(&mut self, input: Relation, call: &ast::Expr, schema: Option<&ast::SchemaType>) -> Relation {
        let ExprKind::Call { name, args } = &call.kind else { return self.open_relation() };
        let Some((plugin, usage, refused)) = self.env.functions.plugin(&name.text) else {
            let names = self.env.functions.names();
            let mut diagnostic =
                Diagnostic::semantic("KS124", name.span, format!("there is no plugin `{}`", name.text));
            if let Some(near) = crate::diagnostic::nearest(&name.text, names) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            self.report(diagnostic);
            return self.open_relation();
        };
        if let Some(reason) = refused {
            self.report(Diagnostic::unsupported("VQ003", name.span, reason));
            let Some(schema) = schema.filter(|schema| !schema.star) else { return self.open_relation() };
            // The rest of the query can be checked all the same.
            let columns = schema.columns.iter().map(|c| self.new_field(c.name.text.clone(), c.ktype)).collect();
            return Relation::new(Plan { node: Node::Values { rows: vec![] }, columns });
        }
        if input.open && input.columns().is_empty() {
            return self.open_relation();
        }
        let input = if plugin == "pivot" { self.pivot_input(input, args) } else { input };
        let args = if plugin == "pivot" { &args[..args.len().min(1)] } else { args.as_slice() };
        let (inputs, arguments) = self.plugin_arguments(plugin, input, args);
        if self.has_errors() && arguments.is_none() {
            return self.open_relation();
        }
        let arguments = arguments.unwrap_or_default();
        let serialized = false;
        let shapes: Vec<Vec<Column>> = inputs.iter().map(columns_of).collect();
        let open = inputs.iter().any(|input| input.open);
        let known = self.env.functions.plugin_columns(plugin, &shapes, &arguments);
        let inputs: Vec<Plan> = inputs.into_iter().map(|input| input.plan).collect();
        let declared: Option<Vec<Column>> = schema.map(|schema| {
            let mut columns = if schema.star { shapes.first().cloned().unwrap_or_default() } else { Vec::new() };
            // `*` stands for the columns beside the one that is unpacked.
            if let (true, "bag_unpack", Some(PluginArgument::Column(bag))) = (schema.star, plugin, arguments.first())
                && *bag < columns.len()
            {
                columns.remove(*bag);
            }
            columns.extend(schema.columns.iter().map(|c| Column::new(c.name.text.clone(), c.ktype)));
            columns
        });
        match known {
            Err(message) => {
                self.report(
                    Diagnostic::semantic("KS127", call.span, message).help(format!("it is called as `{usage}`")),
                );
                self.open_relation()
            }
            Ok(PluginColumns::Known(columns)) => {
                let columns = columns.into_iter().map(|c| self.new_field(c.name, c.ktype)).collect();
                let node = Node::Plugin { name: plugin, inputs, args: arguments };
                let relation = Relation { serialized, open, ..Relation::new(Plan { node, columns }) };
                self.with_unique_names(relation)
            }
            Ok(PluginColumns::FromRows) => self.run_plugin(plugin, inputs, arguments, declared, call),
        }
    }

    /// Runs a plugin now, as its columns depend on rows. When a query is only checked, the declared columns are taken, or
    /// the result stays open.
    fn run_plugin(
        &mut self,
        plugin: &'static str,
        inputs: Vec<Plan>,
        args: Vec<PluginArgument>,
        declared: Option<Vec<Column>>,
        call: &ast::Expr,
    ) -> Relation {
        let mut plan = Plan { node: Node::Plugin { name: plugin, inputs, args }, columns: vec![] };
        self.resolve_ingestion_times(&mut plan);
        let host = if self.has_errors() { None } else { self.env.host };
        let relation = match host.and_then(|host| host.materialise(&plan)) {
            Some(Ok((handle, columns))) => {
                let columns = columns.into_iter().map(|c| self.new_field(c.name, c.ktype)).collect();
                Relation::new(Plan { node: Node::Materialised { handle }, columns })
            }
            Some(Err(message)) => {
                self.report(Diagnostic::runtime("VQ010", call.span, message));
                return self.open_relation();
            }
            None => match &declared {
                Some(columns) => {
                    let columns = columns.iter().map(|c| self.new_field(c.name.clone(), c.ktype)).collect();
                    return Relation::new(Plan { node: Node::Values { rows: vec![] }, columns });
                }
                None => return self.unpacked(plan),
            },
        };
        let Some(declared) = declared else { return relation };
        // The declared columns, those that the rows do not have being null.
        let mut projection = Projection::new();
        for column in declared {
            let expr = match relation.column(&column.name).cloned() {
                Some(field) => self.convert(Expr::column(&field), column.ktype),
                None => Expr::Literal(schema::Value::null(column.ktype)),
            };
            projection.add(&column.name, expr);
        }
        projection.finish(self, relation)
    }

    /// Returns what is known of a plugin's result before there are rows: of `bag_unpack`, the columns that it leaves alone.
    fn unpacked(&self, plan: Plan) -> Relation {
        let Node::Plugin { name: "bag_unpack", inputs, args } = plan.node else { return self.open_relation() };
        let (Some(input), Some(PluginArgument::Column(bag))) = (inputs.into_iter().next(), args.first()) else {
            return self.open_relation();
        };
        let mut columns = input.columns;
        if *bag < columns.len() {
            columns.remove(*bag);
        }
        Relation { open: true, ..Relation::new(Plan { node: Node::Values { rows: vec![] }, columns }) }
    }

    /// Binds the arguments: columns by index, expressions as further columns, constants, tables.
    fn plugin_arguments(
        &mut self,
        plugin: &str,
        input: Relation,
        args: &[ast::Expr],
    ) -> (Vec<Relation>, Option<Vec<PluginArgument>>) {
        let row = Row::of(&input);
        let before = input.columns().len();
        let mut projection = Projection::over(input.columns());
        let mut tables: Vec<Relation> = Vec::new();
        let mut arguments = Vec::new();
        let mut ok = true;
        for arg in args {
            let (name, value) = match &arg.kind {
                ExprKind::Named { names, value } => (names.first().map(|n| n.text.clone()), value.as_ref()),
                _ => (None, arg),
            };
            // Some keys of a look-up are columns of the table that is looked into.
            let in_table = match plugin {
                "ipv4_lookup" | "ipv6_lookup" => arguments.len() >= 2,
                "geo_polygon_lookup" | "geo_line_lookup" => arguments.len() == 1,
                _ => false,
            };
            let looked_into = tables.first().filter(|_| in_table).map(Row::of);
            let row = looked_into.as_ref().unwrap_or(&row);
            let argument = match self.bind_expr_or_table(value, row) {
                super::Bound::Star => PluginArgument::Star,
                super::Bound::Table(relation) => {
                    tables.push(relation);
                    PluginArgument::Table(tables.len())
                }
                super::Bound::Scalar(Expr::Literal(value)) => PluginArgument::Value(value),
                super::Bound::Scalar(expr) => {
                    if self.is_unknown(&expr) {
                        ok = false;
                        continue;
                    }
                    match row.columns.iter().position(|field| Expr::column(field) == expr) {
                        Some(index) => PluginArgument::Column(index),
                        None => {
                            projection.add(&format!("(argument {})", arguments.len()), expr);
                            PluginArgument::Column(projection.items().len() - 1)
                        }
                    }
                }
                super::Bound::Database(_) | super::Bound::Entities(_) => {
                    ok = false;
                    continue;
                }
            };
            arguments.push(match name {
                Some(name) => PluginArgument::Named(name, Box::new(argument)),
                None => argument,
            });
        }
        let mut first = if projection.items().len() > before { projection.finish(self, input) } else { input };
        // What was projected for an argument is no part of what the user sees.
        first.plan.columns.iter_mut().skip(before).for_each(|field| field.name = Default::default());
        let mut inputs = vec![first];
        inputs.extend(tables);
        (inputs, ok.then_some(arguments))
    }

    /// `pivot(column, aggregate, keys...)` works on an aggregated table: the keys, the pivot column, the value.
    fn pivot_input(&mut self, input: Relation, args: &[ast::Expr]) -> Relation {
        let row = Row::of(&input);
        let Some(pivot) = args.first() else { return input };
        let mut aggregate = None;
        let mut keys: Vec<Field> = Vec::new();
        let mut used = Vec::new();
        let pivot_expr = self.bind_scalar(pivot, &row);
        for arg in args.iter().skip(1) {
            match &arg.kind {
                ExprKind::Call { name, .. }
                    if self.env.functions.aggregate(&name.text).is_some() && aggregate.is_none() =>
                {
                    aggregate = Some(arg);
                }
                _ => {
                    if let Expr::Column { id, .. } = self.bind_scalar(arg, &row) {
                        keys.extend(row.columns.iter().find(|f| f.id == id).cloned());
                    } else {
                        self.report(Diagnostic::semantic("KS109", arg.span, "a column's name is expected here"));
                    }
                }
            }
        }
        let mut calls = Vec::new();
        let value = match aggregate {
            Some(aggregate) => {
                self.bind_aggregate_item(aggregate, &row, &[], &mut calls).into_iter().next().map(|b| b.expr)
            }
            None => {
                let output = self.new_field("count_", schema::KqlType::Long);
                let value = Expr::column(&output);
                calls.push(crate::plan::Aggregate {
                    function: "count",
                    args: vec![],
                    filter: None,
                    outputs: vec![output],
                });
                Some(value)
            }
        };
        let Some(value) = value else { return self.open_relation() };
        if keys.is_empty() {
            // Every other column that the aggregation does not read.
            for call in &calls {
                call.args.iter().chain(&call.filter).for_each(|arg| {
                    arg.walk(&mut |e| {
                        if let Expr::Column { id, .. } = e {
                            used.push(*id);
                        }
                    });
                });
            }
            keys = row
                .columns
                .iter()
                .filter(|f| Expr::column(f) != pivot_expr && !used.contains(&f.id))
                .cloned()
                .collect();
        }
        let mut key_exprs: Vec<Expr> = keys.iter().map(Expr::column).collect();
        key_exprs.push(pivot_expr.clone());
        let mut columns: Vec<Field> = keys.iter().map(|f| self.new_field(f.name.clone(), f.ktype)).collect();
        let pivot_name = self.result_name(pivot).unwrap_or_else(|| "pivot".to_string());
        let pivot_field = self.new_field(pivot_name, pivot_expr.ktype());
        columns.push(pivot_field);
        let key_columns = columns.clone();
        columns.extend(calls.iter().flat_map(|call| call.outputs.iter().cloned()));
        let node = Node::Aggregate { input: Box::new(input.plan), keys: key_exprs, aggregates: calls };
        let aggregated = Relation::new(Plan { node, columns });
        let mut projection = Projection::new();
        // The pivot column comes first, so that it is the plugin's column 0.
        if let Some((pivot, keys)) = key_columns.split_last() {
            projection.add(&pivot.name, Expr::column(pivot));
            keys.iter().for_each(|field| projection.add(&field.name, Expr::column(field)));
        }
        projection.add("value", value);
        projection.finish(self, aggregated)
    }
}

fn columns_of(relation: &Relation) -> Vec<Column> {
    relation.columns().iter().map(|field| Column::new(field.name.clone(), field.ktype)).collect()
}
