//! A table of which a query sees the rows of a range of time.

use crate::error::QueryError;
use crate::table::TableSource;
use datafusion::catalog::TableProvider;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{LogicalPlanBuilder, col, lit};
use schema::{Column, KqlType};
use std::sync::Arc;

/// A range of time by the values of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRange {
    pub column: String,
    /// The first and the last time that is seen, in ticks.
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// A table as far as it lies in a range of time.
struct ScopedTable {
    table: Arc<dyn TableSource>,
    range: TimeRange,
}

/// Leaves the rows of a table that lie in a range. A table without a column of time of that name stays whole.
pub(crate) fn scoped(table: Arc<dyn TableSource>, range: &TimeRange) -> Arc<dyn TableSource> {
    let is_of_time = |column: &Column| column.name == range.column && column.ktype == KqlType::Datetime;
    if table.columns().iter().any(is_of_time) { Arc::new(ScopedTable { table, range: range.clone() }) } else { table }
}

impl TableSource for ScopedTable {
    fn columns(&self) -> &[Column] {
        self.table.columns()
    }

    fn engine_name<'a>(&'a self, column: &'a str) -> &'a str {
        self.table.engine_name(column)
    }

    fn ingestion_time(&self) -> Option<&str> {
        self.table.ingestion_time()
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError> {
        let failed = |error| QueryError::from_engine(error, "leaving rows of a range of time", 0);
        let provider = self.table.provider()?;
        let time = || col(datafusion::common::Column::from_name(self.engine_name(&self.range.column)));
        let from = self.range.from.map(|from| time().gt_eq(lit(from)));
        let to = self.range.to.map(|to| time().lt_eq(lit(to)));
        let Some(condition) = from.into_iter().chain(to).reduce(datafusion::logical_expr::Expr::and) else {
            return Ok(provider);
        };
        let rows = LogicalPlanBuilder::scan("rows", provider_as_source(provider), None)
            .and_then(|plan| plan.filter(condition))
            .and_then(LogicalPlanBuilder::build)
            .map_err(failed)?;
        Ok(Arc::new(ViewTable::new(rows, None)))
    }
}
