//! `summarize`, `distinct`, `count`: keys and aggregation functions.

use super::{Lowering, Place, both, column_name, named, planning};
use crate::aggregate::{aggregate_function, field_of};
use crate::error::QueryError;
use crate::native;
use datafusion::common::Column as EngineColumn;
use datafusion::logical_expr::{Aggregate as EngineAggregate, Expr as EngineExpr, LogicalPlan, Projection};
use kql::plan::{Aggregate, Expr, Field, Plan};
use kql_functions::{AggregateBody, FUNCTIONS};
use schema::Value;
use std::collections::HashSet;
use std::sync::Arc;

impl Lowering<'_> {
    pub(super) fn aggregate(
        &self,
        input: &Plan,
        keys: &[Expr],
        aggregates: &[Aggregate],
        columns: &[Field],
        place: Place<'_>,
    ) -> Result<LogicalPlan, QueryError> {
        // Inside a partition, an aggregation without keys gives a row though a filter has left no rows: rows are then not
        // dropped but marked.
        let inside = place.partition.is_some();
        let marked = if inside && keys.is_empty() { self.marked(input, place.ordered(true))? } else { None };
        let (input, mark) = match marked {
            Some((input, mark)) => (input, Some(mark)),
            None => (self.plan(input, place.ordered(aggregates.iter().any(follows_order)))?, None),
        };
        let mut seen = HashSet::new();
        let mut groups = Vec::new();
        let mut results = Vec::new();
        for (key, field) in keys.iter().zip(columns) {
            if seen.insert(field.id) {
                groups.push(named(self.expr(key)?, field.id));
                results.push(super::column(field.id));
            }
        }
        for field in place.passed().iter().filter(|field| seen.insert(field.id)) {
            groups.push(super::column(field.id));
            results.push(super::column(field.id));
        }
        let mut calls = Vec::with_capacity(aggregates.len());
        for (i, aggregate) in aggregates.iter().enumerate() {
            let name = format!("a{i}");
            let (call, outputs) =
                self.aggregate_call(aggregate, EngineExpr::Column(EngineColumn::from_name(&name)), mark.clone())?;
            calls.push(call.alias(name));
            for (output, expr) in aggregate.outputs.iter().zip(outputs) {
                if seen.insert(output.id) {
                    results.push(expr.alias(column_name(output.id)));
                }
            }
        }
        if groups.is_empty() && calls.is_empty() {
            // Nothing to group by and nothing to compute: one row without columns.
            return self.values(&[vec![]], &[]);
        }
        let plan = EngineAggregate::try_new(Arc::new(input), groups, calls).map_err(planning)?;
        Ok(LogicalPlan::Projection(
            Projection::try_new(results, Arc::new(LogicalPlan::Aggregate(plan))).map_err(planning)?,
        ))
    }

    /// Lowers one call over the rows that are marked: the engine's aggregation, and the expression of each output over its
    /// result `result`.
    pub(super) fn aggregate_call(
        &self,
        aggregate: &Aggregate,
        result: EngineExpr,
        mark: Option<EngineExpr>,
    ) -> Result<(EngineExpr, Vec<EngineExpr>), QueryError> {
        let unknown = || QueryError::UnknownFunction { name: aggregate.function.to_string() };
        let (found, _) = FUNCTIONS.aggregate(aggregate.function).ok_or_else(unknown)?;
        let filter = aggregate.filter.as_ref().map(|filter| self.predicate(filter)).transpose()?;
        let filter = match (filter, mark) {
            (Some(filter), Some(mark)) => Some(both(mark, filter)),
            (filter, mark) => filter.or(mark),
        };
        let accumulate = match found.body {
            AggregateBody::EngineFor { engine, types, .. }
                if aggregate.args.first().is_none_or(|arg| types.contains(&arg.ktype())) =>
            {
                let (call, output) = native::aggregate(self, engine, aggregate, filter, result)?.ok_or_else(unknown)?;
                return Ok((call, vec![output]));
            }
            AggregateBody::EngineFor { accumulate, .. } | AggregateBody::Accumulate(accumulate) => accumulate,
            AggregateBody::FilterOf { .. } => return Err(unknown()),
        };
        let args = aggregate.args.iter();
        let described =
            args.map(|arg| Ok((arg.ktype(), self.parameter(arg)?))).collect::<Result<Vec<_>, QueryError>>()?;
        let exprs = aggregate.args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>, _>>()?;
        let returns: Vec<_> = aggregate.outputs.iter().map(|output| output.ktype).collect();
        let function = aggregate_function(found.name, accumulate, described, returns, found.ordered, &self.ctx);
        let call = native::aggregate_expr(function, exprs, filter);
        let outputs = match aggregate.outputs.as_slice() {
            [_] => vec![result],
            several => several.iter().enumerate().map(|(i, field)| field_of(result.clone(), i, field.ktype)).collect(),
        };
        Ok((call, outputs))
    }

    /// Returns the value of an argument that is a parameter of the function rather than a value of each row.
    fn parameter(&self, arg: &Expr) -> Result<Option<Value>, QueryError> {
        if self.expr(arg)?.is_volatile() { Ok(None) } else { self.constant(arg) }
    }
}

/// Returns whether the function's result follows the order of the rows.
fn follows_order(aggregate: &Aggregate) -> bool {
    FUNCTIONS.aggregate(aggregate.function).is_some_and(|(function, _)| function.ordered)
}
