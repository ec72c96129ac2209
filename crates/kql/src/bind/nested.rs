//! Operators made of smaller ones: `top-hitters`, `partition`, `facet`, `getschema`.

use super::{Binder, Projection, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::operators::partition::PartitionBody;
use crate::plan::{Aggregate, Expr, Node, Plan, SortKey};
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

    /// Runs a subquery on the rows of each value of a column.
    pub fn partition(&mut self, input: Relation, by: &ast::Expr, body: &PartitionBody) -> Relation {
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
        let body = match body {
            PartitionBody::Operators(body) => body,
            PartitionBody::Query(query) => return self.partition_query(input, by, Expr::Column { id, ktype }, query),
        };
        let columns = input.plan.columns.clone();
        let given = Plan { node: Node::PartitionInput, columns };
        let inner = self.bind_subquery(body, Relation { open: input.open, ..Relation::new(given) });
        let columns = inner.plan.columns.clone();
        let node =
            Node::Partition { input: Box::new(input.plan), keys: vec![id], carry: vec![], body: Box::new(inner.plan) };
        Relation { open: inner.open, ..Relation::new(Plan { node, columns }) }
    }

    /// Runs a query by itself for each value of a column, which it may name by `toscalar(column)`.
    fn partition_query(&mut self, input: Relation, by: &ast::Expr, key: Expr, query: &ast::Expr) -> Relation {
        let name = self.result_name(by).unwrap_or_default();
        let field = self.new_field(name.clone(), key.ktype());
        let node = Node::Aggregate { input: Box::new(input.plan), keys: vec![key], aggregates: vec![] };
        let values = Plan { node, columns: vec![field.clone()] };
        let outer = self.partition_key.replace((name, Expr::column(&field)));
        let context = self.context.take();
        let inner = self.bind_table_expr(query, &Row::none());
        self.context = context;
        self.partition_key = outer;
        let columns = inner.plan.columns.clone();
        let node = Node::Partition {
            input: Box::new(values),
            keys: vec![field.id],
            carry: vec![],
            body: Box::new(inner.plan),
        };
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
                    Value::String(field.name.to_string()),
                    Value::Long(i as i64),
                    Value::String(field.ktype.system_name().to_string()),
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
