//! `summarize`, `distinct`, `count`: keys and aggregation functions.

use super::{Lowering, Place, both, column_name, named, planning};
use crate::aggregate::{aggregate_function, field_of};
use crate::error::QueryError;
use crate::native;
use datafusion::common::Column as EngineColumn;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::{Aggregate as EngineAggregate, Expr as EngineExpr, LogicalPlan, Projection};
use kql::plan::{Aggregate, Expr, Field, Plan};
use kql_functions::{AggregateBody, FUNCTIONS};
use schema::{KqlType, Value};
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
        let mut grouped = HashSet::new();
        let mut groups = Vec::new();
        let mut results = Vec::new();
        for (key, field) in keys.iter().zip(columns).filter(|(_, field)| seen.insert(field.id)) {
            match key {
                // Grouped under its own name and renamed after: filters that a join finds while it runs pass an
                // aggregation only by columns of the same name.
                Expr::Column { id, .. } => {
                    if grouped.insert(*id) {
                        groups.push(super::column(*id));
                    }
                    results.push(named(super::column(*id), field.id));
                }
                computed => {
                    grouped.insert(field.id);
                    groups.push(named(self.expr(computed)?, field.id));
                    results.push(super::column(field.id));
                }
            }
        }
        for field in place.passed().iter().filter(|field| seen.insert(field.id)) {
            if grouped.insert(field.id) {
                groups.push(super::column(field.id));
            }
            results.push(super::column(field.id));
        }
        if let ([only], None) = (aggregates, &mark)
            && is_distinct_count(only)
        {
            return self.distinct_count(input, groups, results, only);
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

    /// Lowers the only aggregation of an operator when it is `count_distinct`: the rows are grouped by the value too, and
    /// then counted. So the engine holds each value once, and goes to disk when they are too many.
    fn distinct_count(
        &self,
        input: LogicalPlan,
        groups: Vec<EngineExpr>,
        mut results: Vec<EngineExpr>,
        aggregate: &Aggregate,
    ) -> Result<LogicalPlan, QueryError> {
        let ([value], [output]) = (aggregate.args.as_slice(), aggregate.outputs.as_slice()) else {
            return Err(QueryError::UnknownFunction { name: aggregate.function.to_string() });
        };
        let by_name = |name: &str| EngineExpr::Column(EngineColumn::from_name(name));
        let mut keys: Vec<EngineExpr> = Vec::with_capacity(groups.len());
        for group in &groups {
            keys.push(by_name(&group.schema_name().to_string()));
        }
        let mut inner = groups;
        inner.push(self.expr(value)?.alias("distinct"));
        let inner = EngineAggregate::try_new(Arc::new(input), inner, vec![]).map_err(planning)?;
        let count = native::aggregate_expr(count_udaf(), vec![by_name("distinct")], None).alias("a0");
        let outer = EngineAggregate::try_new(Arc::new(LogicalPlan::Aggregate(inner)), keys, vec![count]);
        let outer = LogicalPlan::Aggregate(outer.map_err(planning)?);
        results.push(by_name("a0").alias(column_name(output.id)));
        Ok(LogicalPlan::Projection(Projection::try_new(results, Arc::new(outer)).map_err(planning)?))
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

/// Returns whether the aggregation counts distinct values of a type whose values the engine groups as Kusto does.
fn is_distinct_count(aggregate: &Aggregate) -> bool {
    let whole = |ktype| !matches!(ktype, KqlType::Real | KqlType::Decimal | KqlType::Dynamic);
    aggregate.function == "count_distinct"
        && aggregate.filter.is_none()
        && aggregate.outputs.len() == 1
        && aggregate.args.iter().all(|arg| whole(arg.ktype()))
}

/// Returns whether the function's result follows the order of the rows.
fn follows_order(aggregate: &Aggregate) -> bool {
    FUNCTIONS.aggregate(aggregate.function).is_some_and(|(function, _)| function.ordered)
}
