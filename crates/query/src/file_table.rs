//! Tables of files: every partition is read by a thread of its own, and only the columns that are asked for.

use crate::error::QueryError;
use crate::table::{TableSource, arrow_schema};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as EngineResult;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use files::{Partition, Progress, Table};
use schema::Column;
use std::fmt::{Debug, Formatter};
use std::sync::Arc;

/// A table over log files.
#[derive(Clone)]
pub struct FileTable {
    table: Table,
    columns: Vec<Column>,
    progress: Arc<Progress>,
}

impl FileTable {
    /// Makes a table; what is read of it is counted in `progress`.
    pub fn new(table: Table, progress: Arc<Progress>) -> FileTable {
        FileTable { columns: table.columns().to_vec(), table, progress }
    }
}

impl TableSource for FileTable {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError> {
        Ok(Arc::new(FileProvider { schema: arrow_schema(&self.columns), table: self.clone() }))
    }
}

impl Debug for FileTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileTable({})", self.table.name())
    }
}

#[derive(Debug)]
struct FileProvider {
    schema: SchemaRef,
    table: FileTable,
}

#[async_trait]
impl TableProvider for FileProvider {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let projection: Vec<usize> = match projection {
            Some(places) => places.clone(),
            None => (0..self.table.columns.len()).collect(),
        };
        let schema: SchemaRef = Arc::new(self.schema.project(&projection)?);
        let mut parts = self.table.table.partitions(state.config().target_partitions());
        if parts.is_empty() {
            parts = self.table.table.partitions(1);
        }
        let partitions = parts.into_iter().map(|partition| {
            let part: Arc<dyn PartitionStream> = Arc::new(FilePartition {
                table: self.table.clone(),
                partition,
                projection: projection.clone(),
                schema: schema.clone(),
            });
            part
        });
        let exec = StreamingTableExec::try_new(schema.clone(), partitions.collect(), None, None, false, limit)?;
        Ok(Arc::new(exec))
    }
}

/// A part of a table that one thread reads.
struct FilePartition {
    table: FileTable,
    partition: Partition,
    projection: Vec<usize>,
    schema: SchemaRef,
}

impl Debug for FilePartition {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.table)
    }
}

impl PartitionStream for FilePartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), 2);
        let sender = builder.tx();
        let reader = self.table.table.read(&self.partition, Some(&self.projection), &self.table.progress);
        let schema = self.schema.clone();
        builder.spawn_blocking(move || {
            for batch in reader {
                let batch = batch.map_err(|error| DataFusionError::External(Box::new(read_error(&error))));
                let batch = batch.and_then(|batch| {
                    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                    Ok(arrow::array::RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
                });
                // The receiver is gone when the query has enough.
                if sender.blocking_send(batch).is_err() {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}

fn read_error(error: &dyn std::error::Error) -> QueryError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    QueryError::Read(text)
}
