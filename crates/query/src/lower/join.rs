//! `join`, `lookup`: pairs of equal keys.

use super::{Lowering, Place, column, column_name, planning};
use crate::error::QueryError;
use crate::native::empty_when_null;
use datafusion::common::{JoinType, NullEquality};
use datafusion::logical_expr::{Join, JoinConstraint, LogicalPlan, Projection};
use kql::plan::{Expr, Field, JoinKind, Plan};
use schema::KqlType;
use std::collections::HashSet;
use std::sync::Arc;

impl Lowering<'_> {
    pub(super) fn join(
        &self,
        left: &Plan,
        right: &Plan,
        kind: JoinKind,
        on: &[(Expr, Expr)],
        place: Place<'_>,
    ) -> Result<LogicalPlan, QueryError> {
        let join_type = match kind {
            JoinKind::Inner => JoinType::Inner,
            JoinKind::LeftOuter => JoinType::Left,
            JoinKind::RightOuter => JoinType::Right,
            JoinKind::FullOuter => JoinType::Full,
            JoinKind::LeftSemi => JoinType::LeftSemi,
            JoinKind::LeftAnti => JoinType::LeftAnti,
            JoinKind::RightSemi => JoinType::RightSemi,
            JoinKind::RightAnti => JoinType::RightAnti,
        };
        let keys =
            on.iter().map(|(l, r)| Ok((self.expr(l)?, self.expr(r)?))).collect::<Result<Vec<_>, QueryError>>()?;
        let join = Join::try_new(
            Arc::new(self.plan(left, place)?),
            Arc::new(self.plan(right, place)?),
            keys,
            None,
            join_type,
            JoinConstraint::On,
            NullEquality::NullEqualsNothing,
            false,
        )
        .map_err(planning)?;
        let plan = LogicalPlan::Join(join);
        let (left_lacks, right_lacks) = match kind {
            JoinKind::LeftOuter => (false, true),
            JoinKind::RightOuter => (true, false),
            JoinKind::FullOuter => (true, true),
            _ => return Ok(plan),
        };
        // The side without a match gives nulls; a string is then empty.
        let mut seen = HashSet::new();
        let mut exprs = Vec::new();
        let mut add = |fields: &[Field], lacks: bool| {
            for field in fields.iter().filter(|field| seen.insert(field.id)) {
                if lacks && field.ktype == KqlType::String {
                    exprs.push(empty_when_null(column(field.id)).alias(column_name(field.id)));
                } else {
                    exprs.push(column(field.id));
                }
            }
        };
        add(&left.columns, left_lacks);
        add(&right.columns, right_lacks);
        add(place.passed(), false);
        Ok(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(plan)).map_err(planning)?))
    }
}
