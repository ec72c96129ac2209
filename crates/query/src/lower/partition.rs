//! `partition`, `mv-apply`: a body that runs over each partition's rows.
//!
//! The body is not run once per partition. Instead every operator in it works by key: the keys (and the columns that the
//! partition carries) pass through it beside its own columns. So `summarize` groups by them too, `take` counts rows of each
//! key, window functions start anew with each key. Bodies for which this does not work (those that read the partition's
//! rows on both sides of a join, say) have been run one partition at a time before; see `prepare`.

use super::kernels::key_args;
use super::{Lowering, Place, both, column, planning};
use crate::error::QueryError;
use crate::kernel::sample::TakeOfEach;
use crate::kernel::{Added, kernel_plan};
use datafusion::common::Column as EngineColumn;
use datafusion::logical_expr::{Expr as EngineExpr, LogicalPlan, Projection, lit};
use kql::plan::{ColumnId, Expr, Field, JoinKind, Node, Plan};
use schema::KqlType;
use std::collections::HashSet;
use std::sync::Arc;

/// The rows that a body runs over.
pub struct Partition {
    /// All partitions' rows.
    pub(super) input: LogicalPlan,
    pub(super) keys: Vec<Field>,
    /// The keys and the carried columns, each once.
    pub(super) passed: Vec<Field>,
}

impl Lowering<'_> {
    pub(super) fn partition(
        &self,
        input: &Plan,
        keys: &[ColumnId],
        carry: &[ColumnId],
        body: &Plan,
        columns: &[Field],
        place: Place<'_>,
    ) -> Result<LogicalPlan, QueryError> {
        let find = |id: &ColumnId| {
            let field = input.columns.iter().chain(place.passed()).find(|field| field.id == *id);
            field.cloned().ok_or_else(|| QueryError::internal("planning the query", "a partition key is no column"))
        };
        let mut keys = keys.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let mut passed = keys.clone();
        passed.extend(carry.iter().map(find).collect::<Result<Vec<_>, _>>()?);
        // A partition inside a partition divides each of the outer ones.
        keys.extend(place.keys().iter().cloned());
        passed.extend(place.passed().iter().cloned());
        let partition = Partition {
            input: self.plan(input, place.ordered(true))?,
            keys: distinct_fields(&keys),
            passed: distinct_fields(&passed),
        };
        let body = self.plan(body, Place { ordered: place.ordered, partition: Some(&partition) })?;
        let exprs: Vec<Expr> = columns.iter().map(Expr::column).collect();
        self.project(body, columns, &exprs, place.passed())
    }

    /// Lowers a plan in a partition's body so that rows are not dropped but marked: returns the plan and the column that
    /// is true in the rows that are there. `None` when the plan has other operators than it can do that for.
    pub(super) fn marked(
        &self,
        plan: &Plan,
        place: Place<'_>,
    ) -> Result<Option<(LogicalPlan, EngineExpr)>, QueryError> {
        const MARK: &str = "there";
        let mark = || EngineExpr::Column(EngineColumn::from_name(MARK));
        let marked_by = |input: LogicalPlan, mark: EngineExpr| {
            let columns = input.schema().columns().into_iter().filter(|column| column.name != MARK);
            let exprs = columns.map(EngineExpr::Column).chain([mark.alias(MARK)]).collect();
            Ok::<_, QueryError>(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input)).map_err(planning)?))
        };
        let lowered = match &plan.node {
            Node::PartitionInput => marked_by(self.plan(plan, place)?, lit(true))?,
            Node::Filter { input, predicate } => {
                let Some((input, mark)) = self.marked(input, place)? else { return Ok(None) };
                let predicate = self.predicate(predicate)?;
                marked_by(input, both(mark, predicate))?
            }
            Node::Project { input, exprs } => {
                let Some((input, mark)) = self.marked(input, place)? else { return Ok(None) };
                let mut seen = HashSet::new();
                let mut projected = Vec::new();
                for (field, expr) in plan.columns.iter().zip(exprs).filter(|(field, _)| seen.insert(field.id)) {
                    projected.push(super::named(self.expr(expr)?, field.id));
                }
                projected
                    .extend(place.passed().iter().filter(|field| seen.insert(field.id)).map(|field| column(field.id)));
                projected.push(mark);
                LogicalPlan::Projection(Projection::try_new(projected, Arc::new(input)).map_err(planning)?)
            }
            Node::Sort { input, keys } => {
                let Some((input, _)) = self.marked(input, place)? else { return Ok(None) };
                self.sort(input, keys, place)?
            }
            Node::Take { input, count } => {
                let Some((input, mark)) = self.marked(input, place.ordered(true))? else { return Ok(None) };
                let count = self.row_count(count, "take")? as usize;
                let mut args = key_args(place.keys());
                args.push((mark, KqlType::Bool));
                let there = Added { name: MARK.to_string(), ktype: KqlType::Bool };
                kernel_plan(Arc::new(TakeOfEach { count, alive: true }), vec![input], args, true, vec![there])?
            }
            _ => return Ok(None),
        };
        Ok(Some((lowered, mark())))
    }
}

/// Returns whether a plan reads the rows of the partition around it.
pub fn reads_partition(plan: &Plan) -> bool {
    match &plan.node {
        Node::PartitionInput => true,
        // The rows of a partition inside are those of its own input.
        Node::Partition { input, .. } => reads_partition(input),
        _ => plan.inputs().into_iter().any(reads_partition),
    }
}

/// Returns whether the body of a partition can work by key.
pub fn works_by_key(body: &Plan) -> bool {
    if !reads_partition(body) {
        return false;
    }
    let all = |plans: &[Plan]| plans.iter().all(works_by_key);
    match &body.node {
        Node::PartitionInput => true,
        Node::Filter { input, .. }
        | Node::Project { input, .. }
        | Node::Window { input, .. }
        | Node::Aggregate { input, .. }
        | Node::Sort { input, .. }
        | Node::Take { input, .. }
        | Node::MvExpand { input, .. }
        | Node::Parse { input, .. }
        | Node::ParseKv { input, .. }
        | Node::MakeSeries { input, .. }
        | Node::Scan { input, .. }
        | Node::Sample { input, .. } => works_by_key(input),
        Node::Partition { input, body, .. } => works_by_key(input) && works_by_key(body),
        Node::Shared { plan, .. } => works_by_key(plan),
        Node::Union { inputs, .. } => all(inputs),
        Node::Join { left, right, kind, .. } => match (reads_partition(left), reads_partition(right)) {
            (true, false) => {
                matches!(kind, JoinKind::Inner | JoinKind::LeftOuter | JoinKind::LeftSemi | JoinKind::LeftAnti)
                    && works_by_key(left)
            }
            (false, true) => {
                matches!(kind, JoinKind::Inner | JoinKind::RightOuter | JoinKind::RightSemi | JoinKind::RightAnti)
                    && works_by_key(right)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Returns the fields of different ids, in order.
pub fn distinct_fields(fields: &[Field]) -> Vec<Field> {
    let mut seen = HashSet::new();
    fields.iter().filter(|field| seen.insert(field.id)).cloned().collect()
}
