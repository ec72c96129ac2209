//! Files as tables: Parquet scanned in place, everything else read row by row.

use crate::error::QueryError;
use crate::parquet::ParquetTable;
use crate::table::{TableSource, arrow_schema};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result as EngineResult, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, ChildrenPropertiesMode, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions, StatisticsArgs,
};
use files::{FilesError, Partition, Progress};
use schema::Column;
use std::sync::Arc;

/// Makes a table of opened files. What is read of them is counted in `progress`, but for Parquet files that the engine
/// scans itself: for those see [`crate::Progress`].
pub fn file_table(table: files::Table, progress: Arc<Progress>) -> Arc<dyn TableSource> {
    if let Some(parquet) = table.parquet().and_then(|files| ParquetTable::over(table.columns(), &files)) {
        return Arc::new(parquet);
    }
    let schema = arrow_schema(table.columns());
    Arc::new(FileTable { provider: Arc::new(FileProvider { schema, table, progress }) })
}

/// A table over files of text.
struct FileTable {
    provider: Arc<FileProvider>,
}

impl TableSource for FileTable {
    fn columns(&self) -> &[Column] {
        self.provider.table.columns()
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError> {
        Ok(self.provider.clone())
    }
}

#[derive(Debug)]
struct FileProvider {
    table: files::Table,
    schema: SchemaRef,
    progress: Arc<Progress>,
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
        let projection = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&projection)?);
        let partitions = self.table.partitions(state.config().target_partitions());
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(FileScan {
            table: self.table.clone(),
            progress: self.progress.clone(),
            partitions,
            projection,
            limit,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

/// Reads files, each partition on a thread of its own.
#[derive(Debug)]
struct FileScan {
    table: files::Table,
    progress: Arc<Progress>,
    partitions: Vec<Partition>,
    projection: Vec<usize>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl DisplayAs for FileScan {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let names: Vec<&str> =
            self.projection.iter().filter_map(|i| Some(self.table.columns().get(*i)?.name.as_str())).collect();
        write!(f, "FileScan: {} [{}]", self.table.name(), names.join(", "))
    }
}

/// Batches that may wait between the thread that reads and the query.
const WAITING_BATCHES: usize = 2;
/// A guess at the bytes of a row, for the order of joins.
const ROW_BYTES: u64 = 500;

impl ExecutionPlan for FileScan {
    fn name(&self) -> &str {
        "FileScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> EngineResult<TreeNodeRecursion>,
    ) -> EngineResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no inputs") }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> EngineResult<SendableRecordBatchStream> {
        let Some(part) = self.partitions.get(partition).cloned() else {
            return internal_err!("there is no partition {partition}");
        };
        let (table, projection, schema) = (self.table.clone(), self.projection.clone(), self.schema());
        let progress = self.progress.clone();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut builder = RecordBatchReceiverStream::builder(schema.clone(), WAITING_BATCHES);
        let sender = builder.tx();
        builder.spawn_blocking(move || {
            for batch in table.read(&part, Some(&projection), &progress) {
                let batch = batch.map_err(|error| QueryError::Read(error_text(&error)))?;
                let rows = batch.num_rows().min(left);
                left -= rows;
                metrics.record_output(rows);
                let batch = with_schema(&batch.slice(0, rows), &schema)?;
                // The reader has gone, or has what it wants.
                if sender.blocking_send(Ok(batch)).is_err() || left == 0 {
                    break;
                }
            }
            Ok(())
        });
        Ok(builder.build())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> EngineResult<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        if args.partition().is_none() {
            let rows = usize::try_from(self.table.bytes() / ROW_BYTES).unwrap_or(usize::MAX);
            statistics.num_rows = Precision::Inexact(rows);
        }
        Ok(Arc::new(statistics))
    }
}

/// Gives a batch the schema of the plan: the same columns, all of which may be null.
fn with_schema(batch: &RecordBatch, schema: &SchemaRef) -> EngineResult<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
}

/// Returns what a reader reports, with its causes.
pub(crate) fn error_text(error: &FilesError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
