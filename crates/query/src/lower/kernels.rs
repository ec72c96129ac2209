//! Nodes that the engine lacks, lowered to kernels.

use super::partition::distinct_fields;
use super::{Lowering, Place, column, column_name};
use crate::error::QueryError;
use crate::kernel::plugin::PluginKernel;
use crate::kernel::range::{Range, Steps};
use crate::kernel::sample::{Sample, TakeOfEach};
use crate::kernel::window::{Window, WindowCall};
use crate::kernel::{Added, kernel_plan};
use datafusion::logical_expr::{Expr as EngineExpr, LogicalPlan};
use kql::plan::{Expr, Field, Plan, PluginArgument};
use kql_functions::{Body, FUNCTIONS};
use schema::{Column, KqlType};
use std::sync::Arc;

impl Lowering<'_> {
    pub(super) fn range(
        &self,
        from: &Expr,
        to: &Expr,
        step: &Expr,
        columns: &[Field],
        ordered: bool,
    ) -> Result<LogicalPlan, QueryError> {
        let Some(field) = columns.first() else {
            return Err(QueryError::internal("planning the query", "`range` without a column"));
        };
        let bound = |expr: &Expr, what: &str| {
            self.constant(expr)?.ok_or_else(|| QueryError::NotConstant { what: format!("the {what} of `range`") })
        };
        let (from, to, step) = (bound(from, "start")?, bound(to, "end")?, bound(step, "step")?);
        let Some(steps) = Steps::new(&from, &to, &step) else { return self.values(&[], columns) };
        let kernel = Range { steps, ktype: field.ktype, ordered };
        kernel_plan(Arc::new(kernel), vec![], vec![], false, added([field]))
    }

    pub(super) fn window(
        &self,
        input: LogicalPlan,
        calls: &[Expr],
        columns: &[Field],
        keys: &[Field],
    ) -> Result<LogicalPlan, QueryError> {
        let outputs = columns.get(columns.len().saturating_sub(calls.len())..).unwrap_or_default();
        let mut args = Vec::new();
        let mut bound = Vec::with_capacity(calls.len());
        for call in calls {
            let Expr::Call { function, args: call_args, ktype } = call else {
                return Err(QueryError::internal("planning the query", "a window call is no call"));
            };
            let unknown = || QueryError::UnknownFunction { name: function.to_string() };
            let (found, _) = FUNCTIONS.scalar(function).ok_or_else(unknown)?;
            let Body::Window(eval) = found.body else { return Err(unknown()) };
            let first = args.len();
            for arg in call_args {
                args.push((self.expr(arg)?, arg.ktype()));
            }
            bound.push(WindowCall { function: found.name, eval, returns: *ktype, args: first..args.len() });
        }
        let first_key = args.len();
        args.extend(keys.iter().map(|key| (column(key.id), key.ktype)));
        let kernel = Window { calls: bound, keys: first_key..args.len() };
        kernel_plan(Arc::new(kernel), vec![input], args, true, added(outputs))
    }

    pub(super) fn sample(&self, input: LogicalPlan, count: &Expr, keys: &[Field]) -> Result<LogicalPlan, QueryError> {
        let count = self.row_count(count, "sample")? as usize;
        kernel_plan(Arc::new(Sample { count }), vec![input], key_args(keys), true, vec![])
    }

    /// Takes the first rows of each key.
    pub(super) fn take_of_each(
        &self,
        input: LogicalPlan,
        count: i64,
        keys: &[Field],
    ) -> Result<LogicalPlan, QueryError> {
        let kernel = TakeOfEach { count: count as usize, alive: false };
        kernel_plan(Arc::new(kernel), vec![input], key_args(keys), true, vec![])
    }

    pub(super) fn plugin(
        &self,
        name: &'static str,
        inputs: &[Plan],
        args: &[PluginArgument],
        columns: &[Field],
    ) -> Result<LogicalPlan, QueryError> {
        let plugin = FUNCTIONS.plugin(name).ok_or_else(|| QueryError::UnknownFunction { name: name.to_string() })?;
        let run = plugin.run.map_err(|why| QueryError::Evaluation(why.to_string()))?;
        let named = |fields: &[Field]| {
            fields.iter().map(|field| Column::new(field.name.as_str(), field.ktype)).collect::<Vec<_>>()
        };
        let mut plans = Vec::with_capacity(inputs.len());
        let mut positions = Vec::with_capacity(inputs.len());
        for input in inputs {
            plans.push(self.plan(input, Place::RESULT)?);
            let produced = distinct_fields(&input.columns);
            let position = |field: &Field| produced.iter().position(|p| p.id == field.id).unwrap_or_default();
            positions.push(input.columns.iter().map(position).collect());
        }
        let first = inputs.first().map_or(&[][..], |input| &input.columns);
        let kernel = PluginKernel {
            name: plugin.name,
            run,
            inputs: inputs.iter().map(|input| named(&input.columns)).collect(),
            positions,
            args: args.iter().map(kql_functions::catalog::plugin_arg).collect(),
            outputs: named(columns),
        };
        kernel_plan(Arc::new(kernel), plans, key_args(first), false, added(columns))
    }
}

/// Returns what a kernel adds for these fields.
pub(super) fn added<'f>(fields: impl IntoIterator<Item = &'f Field>) -> Vec<Added> {
    fields.into_iter().map(|field| Added { name: column_name(field.id), ktype: field.ktype }).collect()
}

/// Returns columns as a kernel's arguments.
pub(super) fn key_args(fields: &[Field]) -> Vec<(EngineExpr, KqlType)> {
    fields.iter().map(|field| (column(field.id), field.ktype)).collect()
}
