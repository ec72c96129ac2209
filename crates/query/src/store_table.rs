//! A stored table as it was at one moment: its extents and the rows that are in none yet, under one scan.

use crate::error::QueryError;
use crate::parquet::ParquetTable;
use crate::table::{TableSource, arrow_schema};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
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

/// Brings rows of the hot tail to the table's columns.
fn hot_rows(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, arrow::error::ArrowError> {
    let columns = rows.columns().iter().zip(schema.fields()).map(|(array, field)| {
        let is_same = array.data_type() == field.data_type();
        if is_same { Ok(array.clone()) } else { cast(array, &DataType::Int64) }
    });
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
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
        let schema = arrow_schema(&self.columns);
        let hot = self.snapshot.hot.iter().map(|rows| hot_rows(rows, &schema));
        let hot: Vec<RecordBatch> = hot.collect::<Result<_, _>>().map_err(|error| fault(&error.to_string()))?;
        Ok(Arc::new(StoreProvider { schema, files, hot }))
    }

    fn row_count(&self) -> Option<usize> {
        Some(usize::try_from(self.snapshot.n_rows()).unwrap_or(usize::MAX))
    }
}

#[derive(Debug)]
struct StoreProvider {
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
            let hot = MemorySourceConfig::try_new_exec(&[self.hot.clone()], self.schema.clone(), projection.cloned())?;
            parts.push(hot);
        }
        match <[Arc<dyn ExecutionPlan>; 1]>::try_from(parts) {
            Ok([only]) => Ok(only),
            Err(parts) => UnionExec::try_new(parts),
        }
    }
}
