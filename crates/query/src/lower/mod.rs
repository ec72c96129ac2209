//! Lowering: the bound plan as a plan of the engine.
//!
//! A column of the bound plan is a column named after its id (`c17`) in the engine's plan; a column id that occurs twice
//! in a node's columns is there once.

mod aggregate;
mod expr;
mod join;
#[cfg(test)]
mod tests;

use crate::error::QueryError;
use crate::table::{MemoryTable, TableSource, Tables};
use crate::value::columns_of;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::common::{Column as EngineColumn, DFSchema};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    EmptyRelation, Expr as EngineExpr, Filter, Limit, LogicalPlan, LogicalPlanBuilder, Projection, Sort, SortExpr,
    Union, lit,
};
use kql::plan::{ColumnId, Expr, Field, Node, Plan, SortKey};
use kql_functions::CallContext;
use schema::{KqlType, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// Lowers the plans of one query.
pub struct Lowering<'a> {
    pub ctx: Arc<CallContext>,
    pub tables: &'a Tables,
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
    /// Lowers a plan. The result has one column per distinct id of the plan's columns.
    ///
    /// # Errors
    /// When the plan names what does not exist, or has a constant place filled by something else.
    pub fn plan(&self, plan: &Plan) -> Result<LogicalPlan, QueryError> {
        match &plan.node {
            Node::Table { table, source } => self.table(table, source, &plan.columns),
            Node::Values { rows } => self.values(rows, &plan.columns),
            Node::Filter { input, predicate } => {
                let input = self.plan(input)?;
                let predicate = self.predicate(predicate)?;
                Ok(LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(input)).map_err(planning)?))
            }
            Node::Project { input, exprs } => self.project(self.plan(input)?, &plan.columns, exprs),
            Node::Aggregate { input, keys, aggregates } => self.aggregate(input, keys, aggregates, &plan.columns),
            Node::Sort { input, keys } => self.sort(input, keys),
            Node::Take { input, count } => {
                let count = self.row_count(count, "take")?;
                let (skip, fetch) = (None, Some(Box::new(lit(count))));
                Ok(LogicalPlan::Limit(Limit { skip, fetch, input: Arc::new(self.plan(input)?) }))
            }
            Node::Join { left, right, kind, on } => self.join(left, right, *kind, on),
            Node::Union { inputs, exprs } => {
                let inputs = inputs.iter().zip(exprs);
                let inputs = inputs
                    .map(|(input, exprs)| self.project(self.plan(input)?, &plan.columns, exprs).map(Arc::new))
                    .collect::<Result<Vec<_>, _>>()?;
                if let [only] = inputs.as_slice() {
                    return Ok(only.as_ref().clone());
                }
                Ok(LogicalPlan::Union(Union::try_new(inputs).map_err(planning)?))
            }
            other => Err(QueryError::internal("planning the query", format!("node {other:?} is not lowered"))),
        }
    }

    fn table(&self, name: &str, source: &[String], columns: &[Field]) -> Result<LogicalPlan, QueryError> {
        let table = self.tables.get(name).ok_or_else(|| QueryError::UnknownTable { name: name.to_string() })?;
        self.scan(name, table.as_ref(), source, columns)
    }

    /// Scans a table; `columns[i]` is the table's column `source[i]`.
    fn scan(
        &self,
        name: &str,
        table: &dyn TableSource,
        source: &[String],
        columns: &[Field],
    ) -> Result<LogicalPlan, QueryError> {
        let provider = table.provider()?;
        let mut positions = Vec::with_capacity(source.len());
        for column in source {
            let position = table.columns().iter().position(|c| c.name == *column);
            positions.push(
                position.ok_or_else(|| QueryError::internal("planning the query", format!("no column {column}")))?,
            );
        }
        // The engine folds upper case in parsed names; a bare reference is taken as it stands.
        let reference = datafusion::common::TableReference::bare(name);
        let scan = LogicalPlanBuilder::scan(reference.clone(), provider_as_source(provider), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)?;
        let mut seen = HashSet::new();
        let exprs = columns.iter().zip(source).filter(|(field, _)| seen.insert(field.id)).map(|(field, source)| {
            EngineExpr::Column(EngineColumn::new(Some(reference.clone()), source)).alias(column_name(field.id))
        });
        let exprs = exprs.collect();
        Ok(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(scan)).map_err(planning)?))
    }

    fn values(&self, rows: &[Vec<Value>], columns: &[Field]) -> Result<LogicalPlan, QueryError> {
        let columns = distinct(columns);
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
        self.scan("values", &table, &names, &columns)
    }

    /// Projects `exprs` to `columns`, each id once.
    fn project(&self, input: LogicalPlan, columns: &[Field], exprs: &[Expr]) -> Result<LogicalPlan, QueryError> {
        let mut seen = HashSet::new();
        let mut projected = Vec::with_capacity(exprs.len());
        for (field, expr) in columns.iter().zip(exprs) {
            if seen.insert(field.id) {
                projected.push(named(self.expr(expr)?, field.id));
            }
        }
        Ok(LogicalPlan::Projection(Projection::try_new(projected, Arc::new(input)).map_err(planning)?))
    }

    fn sort(&self, input: &Plan, keys: &[SortKey]) -> Result<LogicalPlan, QueryError> {
        let expr = keys.iter().map(|key| self.sort_key(key)).collect::<Result<Vec<_>, _>>()?;
        Ok(LogicalPlan::Sort(Sort { expr, input: Arc::new(self.plan(input)?), fetch: None }))
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

/// Names an expression after a column, unless it is that column already.
fn named(expr: EngineExpr, id: ColumnId) -> EngineExpr {
    if expr == column(id) { expr } else { expr.alias(column_name(id)) }
}

/// Returns the fields of different ids, in order.
fn distinct(columns: &[Field]) -> Vec<Field> {
    let mut seen = HashSet::new();
    columns.iter().filter(|field| seen.insert(field.id)).cloned().collect()
}
