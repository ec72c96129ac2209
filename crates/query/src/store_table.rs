//! A stored table as it was at one moment: its extents and the rows that are in none yet, under one scan.

use crate::error::QueryError;
use crate::parquet::{ParquetTable, file_name};
use crate::table::{TableSource, arrow_schema};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use extents::Snapshot;
use schema::{Column, KqlType};
use std::sync::Arc;

/// The column that says which entry of the log seals a row.
pub const LOG_ENTRY_COLUMN: &str = "_LogEntry";
/// The column that says which record of the entry's batch a row is.
pub const LOG_POSITION_COLUMN: &str = "_LogPosition";

/// A stored table at one moment. Nothing of its files is looked at before a query reads the table.
pub struct StoreTable {
    columns: Vec<Column>,
    snapshot: Snapshot,
}

impl StoreTable {
    /// Makes a table of a snapshot. `with_places` adds the columns that say where in the log a row is.
    pub fn new(snapshot: Snapshot, with_places: bool) -> StoreTable {
        let mut columns = snapshot.schema.columns().to_vec();
        if with_places {
            columns.push(Column::new(LOG_ENTRY_COLUMN, KqlType::Long));
            columns.push(Column::new(LOG_POSITION_COLUMN, KqlType::Long));
        }
        StoreTable { columns, snapshot }
    }
}

/// Brings rows of the hot tail to columns of the table.
fn hot_rows(rows: &RecordBatch, columns: &[&Column], schema: &SchemaRef) -> EngineResult<RecordBatch> {
    let array = |column: &&Column| match rows.column_by_name(file_name(&column.name)) {
        Some(array) if *array.data_type() == column.ktype.arrow() => Ok(array.clone()),
        Some(array) => cast(array, &column.ktype.arrow()),
        None => Ok(column.ktype.empty_column(rows.num_rows())),
    };
    let arrays: Vec<ArrayRef> = columns.iter().map(array).collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?)
}

impl TableSource for StoreTable {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError> {
        let fault = |why: &str| QueryError::internal("reading a stored table", why);
        let files = match self.snapshot.files.as_slice() {
            [] => None,
            files => {
                let doc = self.snapshot.schema.doc();
                let typed = doc.columns.iter().zip(&self.columns);
                let texts = typed.map(|(stored, column)| (stored.name.clone(), (stored.id, column.ktype))).collect();
                let table = ParquetTable::over_extents(&self.columns, texts, files);
                Some(table.ok_or_else(|| fault("its files differ"))?.provider()?)
            }
        };
        let (schema, hot) = (arrow_schema(&self.columns), self.snapshot.hot.clone());
        Ok(Arc::new(StoreProvider { columns: self.columns.clone(), schema, files, hot }))
    }

    fn row_count(&self) -> Option<usize> {
        Some(usize::try_from(self.snapshot.n_rows()).unwrap_or(usize::MAX))
    }
}

#[derive(Debug)]
struct StoreProvider {
    columns: Vec<Column>,
    schema: SchemaRef,
    files: Option<Arc<dyn TableProvider>>,
    hot: Vec<RecordBatch>,
}

#[async_trait]
impl TableProvider for StoreProvider {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let mut parts: Vec<Arc<dyn ExecutionPlan>> = Vec::with_capacity(2);
        if let Some(files) = &self.files {
            parts.push(files.scan(state, projection, filters, limit).await?);
        }
        if !self.hot.is_empty() || parts.is_empty() {
            // Only what is read is brought to the table's columns.
            let all: Vec<usize> = (0..self.columns.len()).collect();
            let places = projection.unwrap_or(&all);
            let columns: Vec<&Column> = places.iter().filter_map(|place| self.columns.get(*place)).collect();
            let schema = Arc::new(self.schema.project(places)?);
            let hot = self.hot.iter().map(|rows| hot_rows(rows, &columns, &schema));
            let hot: Vec<RecordBatch> = hot.collect::<EngineResult<_>>()?;
            parts.push(MemorySourceConfig::try_new_exec(&[hot], schema, None)?);
        }
        match <[Arc<dyn ExecutionPlan>; 1]>::try_from(parts) {
            Ok([only]) => Ok(only),
            Err(parts) => UnionExec::try_new(parts),
        }
    }
}
