//! A stored table as it was at one moment: its extents and the rows that are in none yet, under one scan.

use crate::error::QueryError;
use crate::store_scan::{StoreScan, StoredRows};
use crate::table::{TableSource, arrow_schema};
use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result as EngineResult};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use extents::{BAG_COLUMN, BATCH_COLUMN, POSITION_COLUMN, Snapshot};
use kql::catalog::RECEIVED_COLUMN;
use schema::{Column, KqlType};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The column that says which entry of the log seals a row.
pub const LOG_ENTRY_COLUMN: &str = "_LogEntry";
/// The column that says which record of the entry's batch a row is.
pub const LOG_POSITION_COLUMN: &str = "_LogPosition";

/// The column, which no query names, that says when a row was sealed. It is in no extent: it follows from the entry that seals the row.
pub const SEAL_TIME_COLUMN: &str = "$IngestionTime";

/// Returns the name of a table's column in an extent.
pub fn file_name(column: &str) -> &str {
    match column {
        LOG_ENTRY_COLUMN | SEAL_TIME_COLUMN => BATCH_COLUMN,
        LOG_POSITION_COLUMN => POSITION_COLUMN,
        other => other,
    }
}

/// A stored table at one moment. Nothing of its files is looked at before a query reads the table.
pub struct StoreTable {
    rows: Arc<StoredRows>,
    /// The columns as queries see them, and the names of those that are stored under another.
    columns: Vec<Column>,
    stored: HashMap<String, String>,
}

/// A column of a stored table under the name by which queries see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenColumn {
    pub column: Column,
    /// The name under which it is stored.
    pub stored: String,
}

impl StoreTable {
    /// Makes a table of a snapshot for a query. Some columns are there when the query's text names them: those that say where in the log a
    /// row is and when it was sealed, and the one for what fits no other column. The latter is also there when it is documented of the
    /// table, and when some record has something in it.
    pub fn new(snapshot: Snapshot, query: &str) -> StoreTable {
        let with_places = [LOG_ENTRY_COLUMN, LOG_POSITION_COLUMN].iter().any(|column| query.contains(column));
        let with_bag = query.contains(BAG_COLUMN) || is_used(&snapshot) || is_documented(&snapshot);
        let mut columns = snapshot.schema.columns().to_vec();
        columns.retain(|column| with_bag || column.name != BAG_COLUMN);
        if with_places {
            columns.extend(places());
        }
        let rows = stored_rows(snapshot, columns.clone());
        StoreTable { rows, columns, stored: HashMap::new() }.with_seal_time(query)
    }

    /// Makes a table of a snapshot for a query that sees only some columns, in their order and by their names. The columns that say where
    /// in the log a row is and when it was sealed, and the one for what fits no other, are there when the query's text names them.
    pub fn seen(snapshot: Snapshot, query: &str, seen: &[SeenColumn]) -> StoreTable {
        let mut seen = seen.to_vec();
        let mut add = |column: Column| {
            if !seen.iter().any(|of| of.stored == column.name || of.column.name == column.name) {
                seen.push(SeenColumn { stored: column.name.clone(), column });
            }
        };
        if query.contains(BAG_COLUMN) {
            add(Column::new(BAG_COLUMN, KqlType::Dynamic));
        }
        if [LOG_ENTRY_COLUMN, LOG_POSITION_COLUMN].iter().any(|column| query.contains(column)) {
            places().into_iter().for_each(add);
        }
        let stored = seen.iter().map(|of| Column::new(of.stored.clone(), of.column.ktype)).collect();
        let renamed = seen.iter().filter(|of| of.stored != of.column.name);
        let renamed = renamed.map(|of| (of.column.name.clone(), of.stored.clone())).collect();
        let columns = seen.into_iter().map(|of| of.column).collect();
        StoreTable { rows: stored_rows(snapshot, stored), columns, stored: renamed }.with_seal_time(query)
    }

    /// Adds the column that says when a row was sealed, if the query's text names it and the table has none of that name.
    fn with_seal_time(mut self, query: &str) -> StoreTable {
        let is_there = self.columns.iter().any(|column| column.name == RECEIVED_COLUMN);
        if query.contains(RECEIVED_COLUMN) && !is_there {
            self.columns.push(Column::new(RECEIVED_COLUMN, KqlType::Datetime));
            self.stored.insert(RECEIVED_COLUMN.to_string(), SEAL_TIME_COLUMN.to_string());
        }
        self
    }
}

/// Returns the columns that say where in the log a row is.
fn places() -> [Column; 2] {
    [LOG_ENTRY_COLUMN, LOG_POSITION_COLUMN].map(|name| Column::new(name, KqlType::Long))
}

fn stored_rows(snapshot: Snapshot, mut columns: Vec<Column>) -> Arc<StoredRows> {
    columns.push(Column::new(SEAL_TIME_COLUMN, KqlType::Datetime));
    let typed = snapshot.schema.doc().columns.iter().zip(snapshot.schema.columns());
    let texts = typed.map(|(stored, column)| (stored.name.clone(), (stored.id, column.ktype))).collect();
    let schema = arrow_schema(&columns);
    Arc::new(StoredRows { columns, schema, snapshot, texts })
}

/// Returns whether the table is a built-in one, with its documented columns, and one of them has the bag's name.
fn is_documented(snapshot: &Snapshot) -> bool {
    let Some(builtin) = schema::tables::builtin(&snapshot.schema.doc().table) else { return false };
    if !builtin.columns.iter().any(|column| column.name == BAG_COLUMN) {
        return false;
    }
    let stored: HashSet<&str> = snapshot.schema.columns().iter().map(|column| column.name.as_str()).collect();
    builtin.columns.iter().all(|column| stored.contains(column.name.as_str()))
}

/// Returns whether a record has something in the bag.
fn is_used(snapshot: &Snapshot) -> bool {
    let in_memory =
        |rows: &RecordBatch| rows.column_by_name(BAG_COLUMN).is_some_and(|bags| bags.null_count() < bags.len());
    // A file has no column in which nothing is.
    snapshot.files.iter().any(|file| file.place_of(BAG_COLUMN).is_some()) || snapshot.hot.iter().any(in_memory)
}

impl TableSource for StoreTable {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn engine_name<'a>(&'a self, column: &'a str) -> &'a str {
        self.stored.get(column).map_or(column, String::as_str)
    }

    fn ingestion_time(&self) -> Option<&str> {
        Some(SEAL_TIME_COLUMN)
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError> {
        Ok(Arc::new(StoreProvider { rows: self.rows.clone() }))
    }

    fn row_count(&self) -> Option<usize> {
        Some(usize::try_from(self.rows.snapshot.n_rows()).unwrap_or(usize::MAX))
    }
}

#[derive(Debug)]
struct StoreProvider {
    rows: Arc<StoredRows>,
}

#[async_trait]
impl TableProvider for StoreProvider {
    fn schema(&self) -> SchemaRef {
        self.rows.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.rows.columns.len()).collect();
        let projection = projection.cloned().unwrap_or_else(all);
        let schema = DFSchema::try_from(self.rows.schema.as_ref().clone())?;
        let physical = filters.iter().map(|filter| state.create_physical_expr(filter.clone(), &schema));
        let physical = physical.collect::<EngineResult<Vec<_>>>()?;
        let threads = state.config().target_partitions();
        let scan = StoreScan::new(self.rows.clone(), projection, filters, &physical, limit, threads)?;
        Ok(Arc::new(scan))
    }
}
