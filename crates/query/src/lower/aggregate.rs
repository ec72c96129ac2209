//! `summarize`, `distinct`, `count`: keys and aggregation functions.

use super::{Lowering, column_name, named, planning};
use crate::aggregate::{aggregate_function, field_of};
use crate::error::QueryError;
use crate::native;
use datafusion::common::Column as EngineColumn;
use datafusion::logical_expr::{Aggregate as EngineAggregate, Expr as EngineExpr, LogicalPlan, Projection};
use kql::plan::{Aggregate, Expr, Field, Plan};
use kql_functions::{AggregateBody, FUNCTIONS};
use std::collections::HashSet;
use std::sync::Arc;

impl Lowering<'_> {
    pub(super) fn aggregate(
        &self,
        input: &Plan,
        keys: &[Expr],
        aggregates: &[Aggregate],
        columns: &[Field],
    ) -> Result<LogicalPlan, QueryError> {
        let input = self.plan(input)?;
        let mut seen = HashSet::new();
        let mut groups = Vec::new();
        let mut results = Vec::new();
        for (key, field) in keys.iter().zip(columns) {
            if seen.insert(field.id) {
                groups.push(named(self.expr(key)?, field.id));
                results.push(super::column(field.id));
            }
        }
        let mut calls = Vec::with_capacity(aggregates.len());
        for (i, aggregate) in aggregates.iter().enumerate() {
            let name = format!("a{i}");
            let (call, outputs) = self.aggregate_call(aggregate, EngineExpr::Column(EngineColumn::from_name(&name)))?;
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

    /// Lowers one call: the engine's aggregation, and the expression of each output over its result `result`.
    fn aggregate_call(
        &self,
        aggregate: &Aggregate,
        result: EngineExpr,
    ) -> Result<(EngineExpr, Vec<EngineExpr>), QueryError> {
        let unknown = || QueryError::UnknownFunction { name: aggregate.function.to_string() };
        let (found, _) = FUNCTIONS.aggregate(aggregate.function).ok_or_else(unknown)?;
        let filter = aggregate.filter.as_ref().map(|filter| self.predicate(filter)).transpose()?;
        let accumulate = match found.body {
            AggregateBody::EngineFor { types, .. }
                if aggregate.args.first().is_none_or(|arg| types.contains(&arg.ktype())) =>
            {
                let (call, output) = native::aggregate(self, aggregate, filter, result)?.ok_or_else(unknown)?;
                return Ok((call, vec![output]));
            }
            AggregateBody::EngineFor { accumulate, .. } | AggregateBody::Accumulate(accumulate) => accumulate,
            AggregateBody::FilterOf { .. } => return Err(unknown()),
        };
        let args = aggregate.args.iter();
        let described =
            args.map(|arg| Ok((arg.ktype(), self.constant(arg)?))).collect::<Result<Vec<_>, QueryError>>()?;
        let exprs = aggregate.args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>, _>>()?;
        let returns: Vec<_> = aggregate.outputs.iter().map(|output| output.ktype).collect();
        let function =
            aggregate_function(found.name, (accumulate.make, accumulate.state_types), described, returns, &self.ctx);
        let call = native::aggregate_expr(function, exprs, filter);
        let outputs = match aggregate.outputs.as_slice() {
            [_] => vec![result],
            several => several.iter().enumerate().map(|(i, field)| field_of(result.clone(), i, field.ktype)).collect(),
        };
        Ok((call, outputs))
    }
}
