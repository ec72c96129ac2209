//! `scan`: what its expressions compute from the row alone is split from what looks at the state.

use super::kernels::{added, key_args};
use super::{Lowering, Place, column_name, planning};
use crate::error::QueryError;
use crate::kernel::kernel_plan;
use crate::kernel::scan::{CellSource, Scan, StateCell, StateExpr, Step};
use crate::value::{null_scalar, scalar_of};
use arrow::array::ArrayRef;
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::common::DFSchema;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr as EngineExpr, LogicalPlan};
use datafusion::physical_expr::create_physical_expr;
use kql::plan::{ColumnId, Expr, Field, Plan, ScanStep};
use schema::KqlType;
use std::collections::HashMap;
use std::sync::Arc;

/// The parts of a `scan` node.
pub struct ScanNode<'p> {
    pub input: &'p Plan,
    pub declared: &'p [(Field, Expr)],
    pub steps: &'p [ScanStep],
    pub partition_by: &'p [Expr],
    pub match_id: Option<ColumnId>,
}

/// Ids of the columns that stand for what is computed from the row alone: no column of the query has them.
const FIRST_ARG: u32 = 3_000_000_000;

/// What the expressions of all steps need.
struct Parts {
    /// Which step and column of its state an id stands for.
    states: HashMap<ColumnId, (usize, usize)>,
    /// What is computed from the row alone.
    args: Vec<Expr>,
    /// The state's columns that are read, in order of first use.
    cells: Vec<(ColumnId, KqlType)>,
}

impl Parts {
    fn reads_state(&self, expr: &Expr) -> bool {
        let mut reads = false;
        expr.walk(&mut |e| reads |= matches!(e, Expr::Column { id, .. } if self.states.contains_key(id)));
        reads
    }

    fn arg(&mut self, expr: Expr) -> usize {
        self.args.iter().position(|arg| *arg == expr).unwrap_or_else(|| {
            self.args.push(expr);
            self.args.len() - 1
        })
    }

    /// Replaces what is computed from the row alone by references to arguments, and notes the state that is read.
    fn split(&mut self, expr: &Expr) -> Expr {
        if !self.reads_state(expr) {
            if expr.as_literal().is_some() {
                return expr.clone();
            }
            let ktype = expr.ktype();
            let id = ColumnId(FIRST_ARG + self.arg(expr.clone()) as u32);
            return Expr::Column { id, ktype };
        }
        match expr {
            Expr::Column { id, ktype } => {
                if !self.cells.iter().any(|(cell, _)| cell == id) {
                    self.cells.push((*id, *ktype));
                }
                expr.clone()
            }
            Expr::Call { function, args, ktype } => {
                Expr::call(function, args.iter().map(|arg| self.split(arg)).collect(), *ktype)
            }
            other => other.clone(),
        }
    }
}

impl Lowering<'_> {
    pub(super) fn scan(&self, node: &ScanNode<'_>, place: Place<'_>) -> Result<LogicalPlan, QueryError> {
        let input = self.plan(node.input, place.ordered(true))?;
        let n_input = node.input.columns.len();
        let states = node.steps.iter().enumerate();
        let states = states.flat_map(|(step, s)| s.state.iter().enumerate().map(move |(i, id)| (*id, (step, i))));
        let mut parts = Parts { states: states.collect(), args: Vec::new(), cells: Vec::new() };
        // First all expressions are split, then the schema that they see is known.
        let mut split = Vec::with_capacity(node.steps.len());
        for step in node.steps {
            let mut conditions = Vec::new();
            conjunction(&step.condition, &mut conditions);
            let (mut of_row, mut of_state) = (Vec::new(), Vec::new());
            for condition in conditions {
                if parts.reads_state(condition) {
                    of_state.push(parts.split(condition));
                } else {
                    of_row.push(parts.arg(condition.clone()));
                }
            }
            let assignments: Vec<(usize, Expr)> =
                step.assignments.iter().map(|(i, value)| (*i, parts.split(value))).collect();
            split.push((step, of_row, of_state, assignments));
        }
        let mut cells = Vec::with_capacity(parts.cells.len());
        for (id, ktype) in parts.cells.clone() {
            let Some((step, i)) = parts.states.get(&id).copied() else { continue };
            let (source, empty) = match node.declared.get(i.wrapping_sub(n_input)).filter(|_| i >= n_input) {
                Some((_, default)) => (CellSource::Declared(i - n_input), self.one_row(default, ktype)?),
                None => {
                    let field = node.input.columns.get(i).map(Expr::column);
                    let field =
                        field.ok_or_else(|| QueryError::internal("planning the query", "a state column is unknown"))?;
                    let empty = null_scalar(ktype).to_array().map_err(planning)?;
                    (CellSource::Argument(parts.arg(field)), empty)
                }
            };
            cells.push(StateCell { step, source, empty });
        }
        let row_args = 0..parts.args.len();
        let arg_fields = parts.args.iter().enumerate();
        let arg_fields = arg_fields.map(|(i, arg)| (ColumnId(FIRST_ARG + i as u32), arg.ktype()));
        let fields = arg_fields.chain(parts.cells.iter().copied());
        let fields = fields.map(|(id, ktype)| ArrowField::new(column_name(id), ktype.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let seen = DFSchema::try_from(schema.as_ref().clone()).map_err(planning)?;
        let physical = |expr: &EngineExpr| -> Result<StateExpr, QueryError> {
            create_physical_expr(expr, &seen, &ExecutionProps::new(), &PhysicalPlanningContext::default())
                .map_err(planning)
        };
        let mut steps = Vec::with_capacity(split.len());
        for (step, row_conditions, of_state, assignments) in split {
            let conditions = of_state.iter().map(|condition| physical(&self.predicate(condition)?));
            let assignments = assignments.iter().map(|(i, value)| Ok((*i, physical(&self.expr(value)?)?)));
            steps.push(Step {
                optional: step.optional,
                output: step.output,
                row_conditions,
                conditions: conditions.collect::<Result<_, QueryError>>()?,
                assignments: assignments.collect::<Result<_, QueryError>>()?,
            });
        }
        let mut args = Vec::with_capacity(parts.args.len());
        for arg in &parts.args {
            args.push((self.expr(arg)?, arg.ktype()));
        }
        let first_key = args.len();
        for key in node.partition_by {
            args.push((self.expr(key)?, key.ktype()));
        }
        args.extend(key_args(place.keys()));
        let defaults = node.declared.iter().map(|(field, default)| self.one_row(default, field.ktype));
        let defaults = defaults.collect::<Result<Vec<_>, QueryError>>()?;
        let match_id = node.match_id.is_some();
        let keys = first_key..args.len();
        let kernel = Arc::new(Scan { steps, row_args, cells, schema, defaults, keys, match_id });
        let mut outputs: Vec<Field> = node.declared.iter().map(|(field, _)| field.clone()).collect();
        outputs.extend(node.match_id.map(|id| Field { id, name: Default::default(), ktype: KqlType::Long }));
        kernel_plan(Arc::new(kernel), vec![input], args, true, added(&outputs))
    }

    /// Returns a constant as one row.
    fn one_row(&self, expr: &Expr, ktype: KqlType) -> Result<ArrayRef, QueryError> {
        let value = self.constant(expr)?;
        let value =
            value.ok_or_else(|| QueryError::NotConstant { what: "the default of a column of `scan`".to_string() })?;
        let value = if value.is_null() { null_scalar(ktype) } else { scalar_of(&value) };
        value.to_array().map_err(planning)
    }
}

fn conjunction<'e>(expr: &'e Expr, out: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Call { function: "and", args, .. } => args.iter().for_each(|arg| conjunction(arg, out)),
        other => out.push(other),
    }
}
