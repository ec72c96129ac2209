//! Lowering: the bound plan as a plan of the engine.
//!
//! A column of the bound plan is a column named after its id (`c17`) in the engine's plan; a column id that occurs twice
//! in a node's columns is there once.

mod aggregate;
mod expr;
mod join;
mod kernels;
pub mod partition;
mod scan;
mod table_kernels;
#[cfg(test)]
mod tests;

use crate::error::QueryError;
use crate::kept::Kept;
use crate::native::binary;
use crate::table::{MemoryTable, TableSource, Tables};
use crate::value::columns_of;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::common::{Column as EngineColumn, DFSchema};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    EmptyRelation, Expr as EngineExpr, Filter, Limit, LogicalPlan, LogicalPlanBuilder, Operator, Projection, Sort,
    SortExpr, Union, lit,
};
use kql::plan::{ColumnId, Expr, Field, Node, Plan, SortKey};
use kql_functions::CallContext;
use partition::Partition;
use scan::ScanNode;
use schema::{KqlType, Value};
use std::collections::HashSet;
use std::sync::Arc;
use table_kernels::SeriesNode;

/// Lowers the plans of one query.
pub struct Lowering<'a> {
    pub ctx: Arc<CallContext>,
    pub tables: &'a Tables,
    /// Results that were computed before.
    pub kept: &'a Kept,
}

/// Where a plan stands.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    /// Whether somebody sees the order of the rows.
    pub ordered: bool,
    /// Set inside the body of a partition.
    partition: Option<&'p Partition>,
}

impl Place<'_> {
    /// A whole query's result.
    pub const RESULT: Place<'static> = Place { ordered: true, partition: None };

    fn ordered(self, ordered: bool) -> Self {
        Place { ordered, ..self }
    }

    /// Returns the columns that every plan in the partition's body passes on beside its own.
    fn passed(&self) -> &[Field] {
        self.partition.map_or(&[], |partition| &partition.passed)
    }

    fn keys(&self) -> &[Field] {
        self.partition.map_or(&[], |partition| &partition.keys)
    }
}

/// The engine refused a plan that we made: our fault.
fn planning(error: DataFusionError) -> QueryError {
    QueryError::from_engine(error, "planning the query", 0)
}

/// Returns the engine's name of a column.
pub fn column_name(id: ColumnId) -> String {
    format!("c{}", id.0)
}

/// Returns the engine's reference to a column.
pub fn column(id: ColumnId) -> EngineExpr {
    EngineExpr::Column(EngineColumn::from_name(column_name(id)))
}

impl Lowering<'_> {
    /// Lowers a plan. The result has one column per distinct id of the plan's columns; inside a partition also those that
    /// the partition passes on.
    ///
    /// # Errors
    /// When the plan names what does not exist, or has a constant place filled by something else.
    pub fn plan(&self, plan: &Plan, place: Place<'_>) -> Result<LogicalPlan, QueryError> {
        let place = match place.partition {
            Some(_) if !partition::reads_partition(plan) => Place { partition: None, ..place },
            _ => place,
        };
        let ordered = place.ordered;
        let columns = plan.columns.as_slice();
        match &plan.node {
            Node::Table { table, source } => self.table(table, source, columns),
            Node::External { files } => {
                let names: Vec<String> = files.columns.iter().map(|column| column.name.clone()).collect();
                self.read_table("externaldata", self.tables.external(files)?.as_ref(), &names, columns)
            }
            Node::Values { rows } => self.values(rows, columns),
            Node::Range { from, to, step } => self.range(from, to, step, columns, ordered),
            Node::Filter { input, predicate } => self.filter(self.plan(input, place)?, predicate),
            Node::Project { input, exprs } => self.project(self.plan(input, place)?, columns, exprs, place.passed()),
            Node::Window { input, calls } => {
                self.window(self.plan(input, place.ordered(true))?, calls, columns, place.keys())
            }
            Node::Aggregate { input, keys, aggregates } => self.aggregate(input, keys, aggregates, columns, place),
            Node::Sort { input, keys } => self.sort(self.plan(input, place.ordered(false))?, keys, place),
            Node::Take { input, count } => {
                let count = self.row_count(count, "take")?;
                let input = self.plan(input, place.ordered(true))?;
                if place.partition.is_some() {
                    return self.take_of_each(input, count, place.keys());
                }
                let (skip, fetch) = (None, Some(Box::new(lit(count))));
                Ok(LogicalPlan::Limit(Limit { skip, fetch, input: Arc::new(input) }))
            }
            Node::Join { left, right, kind, on } => self.join(left, right, *kind, on, place.ordered(false)),
            Node::Union { inputs, exprs } => {
                let inputs = inputs.iter().zip(exprs);
                let inputs = inputs
                    .map(|(input, exprs)| {
                        let input = self.plan(input, place.ordered(false))?;
                        self.project(input, columns, exprs, place.passed()).map(Arc::new)
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                if let [only] = inputs.as_slice() {
                    return Ok(only.as_ref().clone());
                }
                Ok(LogicalPlan::Union(Union::try_new(inputs).map_err(planning)?))
            }
            Node::Plugin { name, inputs, args } => self.plugin(name, inputs, args, columns),
            Node::Sample { input, count } => self.sample(self.plan(input, place.ordered(false))?, count, place.keys()),
            Node::Shared { id, plan: shared } => match self.kept.shared(*id) {
                Some(table) => self.kept_table(&table, columns),
                None => {
                    let exprs: Vec<Expr> = shared.columns.iter().map(Expr::column).collect();
                    self.project(self.plan(shared, place)?, columns, &exprs, place.passed())
                }
            },
            Node::Materialised { handle } => match self.kept.handle(*handle) {
                Some(table) => self.kept_table(&table, columns),
                None => Err(QueryError::internal("planning the query", "a kept result is gone")),
            },
            Node::Partition { input, keys, carry, body } => self.partition(input, keys, carry, body, columns, place),
            Node::PartitionInput => match place.partition {
                Some(partition) => Ok(partition.input.clone()),
                None => Err(QueryError::internal("planning the query", "partition rows outside of a partition")),
            },
            Node::MvExpand { input, items, bag_as_array, index, limit } => {
                self.mv_expand(self.plan(input, place)?, items, *bag_as_array, *index, *limit)
            }
            Node::Parse { input, subject, mode, parts, only_matching } => {
                self.parse(self.plan(input, place)?, subject, mode, parts, *only_matching)
            }
            Node::ParseKv { input, subject, keys, how } => self.parse_kv(self.plan(input, place)?, subject, keys, how),
            Node::MakeSeries { input, keys, aggregates, axis, from, to, step, to_included, nonempty } => {
                let node = SeriesNode {
                    input,
                    keys,
                    aggregates,
                    axis,
                    from: from.as_ref(),
                    to: to.as_ref(),
                    step,
                    to_included: *to_included,
                    nonempty: *nonempty,
                };
                self.make_series(&node, columns, place)
            }
            Node::Scan { input, declared, steps, partition_by, match_id } => {
                self.scan(&ScanNode { input, declared, steps, partition_by, match_id: *match_id }, place)
            }
            Node::Reduce { input, subject, threshold, characters, of_rows } => {
                let input = self.plan(input, place.ordered(false))?;
                self.reduce(input, subject, (*threshold, characters), *of_rows, columns)
            }
            Node::SampleDistinct { input, subject, count } => {
                let count = self.row_count(count, "sample-distinct")?;
                let distinct =
                    self.aggregate(input, std::slice::from_ref(subject), &[], columns, place.ordered(false))?;
                if place.partition.is_some() {
                    return self.take_of_each(distinct, count, place.keys());
                }
                let (skip, fetch) = (None, Some(Box::new(lit(count))));
                Ok(LogicalPlan::Limit(Limit { skip, fetch, input: Arc::new(distinct) }))
            }
        }
    }

    fn filter(&self, input: LogicalPlan, predicate: &Expr) -> Result<LogicalPlan, QueryError> {
        let mut predicate = self.predicate(predicate)?;
        let mut input = input;
        if predicate.is_volatile() {
            // A column of its own keeps the engine from drawing the lots again, or earlier, elsewhere.
            let mut exprs: Vec<EngineExpr> = input.schema().columns().into_iter().map(EngineExpr::Column).collect();
            exprs.push(predicate.alias("drawn"));
            input = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input)).map_err(planning)?);
            predicate = EngineExpr::Column(EngineColumn::from_name("drawn"));
        }
        Ok(LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(input)).map_err(planning)?))
    }

    fn table(&self, name: &str, source: &[String], columns: &[Field]) -> Result<LogicalPlan, QueryError> {
        let table = self.tables.get(name).ok_or_else(|| QueryError::UnknownTable { name: name.to_string() })?;
        self.read_table(name, table.as_ref(), source, columns)
    }

    /// Scans a table; `columns[i]` is the table's column `source[i]`.
    fn read_table(
        &self,
        name: &str,
        table: &dyn TableSource,
        source: &[String],
        columns: &[Field],
    ) -> Result<LogicalPlan, QueryError> {
        let provider = table.provider()?;
        let is_there =
            |name: &str| table.columns().iter().any(|c| c.name == name) || table.ingestion_time() == Some(name);
        if let Some(column) = source.iter().find(|column| !is_there(column)) {
            return Err(QueryError::internal("planning the query", format!("no column {column}")));
        }
        // The engine folds upper case in parsed names; a bare reference is taken as it stands.
        let reference = datafusion::common::TableReference::bare(name);
        let scan = LogicalPlanBuilder::scan(reference.clone(), provider_as_source(provider), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)?;
        let mut seen = HashSet::new();
        let exprs = columns.iter().zip(source).filter(|(field, _)| seen.insert(field.id)).map(|(field, source)| {
            let source = table.engine_name(source);
            EngineExpr::Column(EngineColumn::new(Some(reference.clone()), source)).alias(column_name(field.id))
        });
        let exprs = exprs.collect();
        Ok(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(scan)).map_err(planning)?))
    }

    fn values(&self, rows: &[Vec<Value>], columns: &[Field]) -> Result<LogicalPlan, QueryError> {
        let columns = partition::distinct_fields(columns);
        if columns.is_empty() {
            let produce_one_row = rows.len() == 1;
            if rows.len() <= 1 {
                return Ok(LogicalPlan::EmptyRelation(EmptyRelation {
                    produce_one_row,
                    schema: Arc::new(DFSchema::empty()),
                }));
            }
        }
        let types: Vec<KqlType> = columns.iter().map(|field| field.ktype).collect();
        let fields: Vec<ArrowField> =
            columns.iter().map(|field| ArrowField::new(column_name(field.id), field.ktype.arrow(), true)).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch =
            RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns_of(&types, rows), &options)
                .map_err(|error| QueryError::internal("reading the query's rows", error.to_string()))?;
        let names: Vec<String> = columns.iter().map(|field| column_name(field.id)).collect();
        let table_columns =
            columns.iter().map(|field| schema::Column::new(column_name(field.id), field.ktype)).collect();
        let table = MemoryTable::new(table_columns, vec![batch])?;
        self.read_table("values", &table, &names, &columns)
    }

    fn kept_table(&self, table: &crate::kept::KeptTable, columns: &[Field]) -> Result<LogicalPlan, QueryError> {
        let names: Vec<String> = table.columns().iter().take(columns.len()).map(|column| column.name.clone()).collect();
        self.read_table("kept", table, &names, columns)
    }

    /// Projects `exprs` to `columns`, each id once, and passes `passed` on.
    fn project(
        &self,
        input: LogicalPlan,
        columns: &[Field],
        exprs: &[Expr],
        passed: &[Field],
    ) -> Result<LogicalPlan, QueryError> {
        let mut seen = HashSet::new();
        let mut projected = Vec::with_capacity(exprs.len());
        for (field, expr) in columns.iter().zip(exprs) {
            if seen.insert(field.id) {
                projected.push(named(self.expr(expr)?, field.id));
            }
        }
        projected.extend(passed.iter().filter(|field| seen.insert(field.id)).map(|field| column(field.id)));
        Ok(LogicalPlan::Projection(Projection::try_new(projected, Arc::new(input)).map_err(planning)?))
    }

    /// Sorts rows, unless nobody sees their order. In a partition, its rows stay together.
    fn sort(&self, input: LogicalPlan, keys: &[SortKey], place: Place<'_>) -> Result<LogicalPlan, QueryError> {
        if !place.ordered {
            return Ok(input);
        }
        let together =
            place.keys().iter().map(|field| SortExpr { expr: column(field.id), asc: true, nulls_first: true });
        let mut expr: Vec<SortExpr> = together.collect();
        for key in keys {
            expr.push(self.sort_key(key)?);
        }
        Ok(LogicalPlan::Sort(Sort { expr, input: Arc::new(input), fetch: None }))
    }

    fn sort_key(&self, key: &SortKey) -> Result<SortExpr, QueryError> {
        let expr = self.expr(&key.expr)?;
        let expr = if key.expr.ktype() == KqlType::Real { crate::native::sortable_real(expr, key) } else { expr };
        Ok(SortExpr { expr, asc: !key.descending, nulls_first: key.nulls_first })
    }

    /// Evaluates an expression that must be a constant count of rows; null and less than zero count as none.
    fn row_count(&self, expr: &Expr, operator: &'static str) -> Result<i64, QueryError> {
        let count = match self.constant(expr)? {
            Some(Value::Long(count)) => count,
            Some(Value::Int(count)) => i64::from(count),
            Some(Value::Real(count)) => count as i64,
            Some(_) => 0,
            None => return Err(QueryError::NotConstant { what: format!("the number of rows of `{operator}`") }),
        };
        Ok(count.max(0))
    }
}

/// Returns the conjunction of two predicates in which null counts as false.
fn both(left: EngineExpr, right: EngineExpr) -> EngineExpr {
    binary(left, Operator::And, EngineExpr::IsTrue(Box::new(right)))
}

/// Names an expression after a column, unless it is that column already.
fn named(expr: EngineExpr, id: ColumnId) -> EngineExpr {
    if expr == column(id) { expr } else { expr.alias(column_name(id)) }
}
