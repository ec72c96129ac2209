//! The scan of a stored table: files and rows in memory alike, cut into units that partitions work through.
//!
//! ```text
//! filters ─► index of terms, bounds of row groups ─► units that may hold a match
//! unit:  first the columns that filters need, cheapest filter first ─► which rows are wanted ─► the other columns of those rows
//! ```
//!
//! Columns of files come from a cache of decoded columns (`extents::ColumnCache`), or from the file through its checks. Indexes and bounds only
//! say where no match can be: every filter is evaluated on every row that is left.

mod conjunct;
mod plan;
pub mod terms;
mod unit;

use crate::kernel::RunContext;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use conjunct::Conjunct;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Result as EngineResult, Statistics, internal_datafusion_err, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::expressions::Column as EngineColumn;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::sort_pushdown::SortOrderPushdownResult;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use extents::Snapshot;
use futures::StreamExt;
use schema::Column;
use std::collections::VecDeque;
use std::sync::Arc;
use terms::TextColumns;
use unit::{Reader, Unit};

/// A stored table's rows at one moment, with the columns that a query sees.
#[derive(Debug)]
pub struct StoredRows {
    pub columns: Vec<Column>,
    pub schema: SchemaRef,
    pub snapshot: Snapshot,
    /// Columns that extents have in their indexes of terms.
    pub texts: TextColumns,
}

/// Reads a stored table.
#[derive(Debug, Clone)]
pub struct StoreScan {
    rows: Arc<StoredRows>,
    projection: Vec<usize>,
    conjuncts: Vec<Conjunct>,
    /// What each partition reads, in the order of time.
    partitions: Arc<Vec<Vec<Unit>>>,
    newest_first: bool,
    limit: Option<usize>,
    statistics: Arc<Statistics>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl StoreScan {
    /// Plans a scan. All rows that do not match the filters are left out.
    pub fn new(
        rows: Arc<StoredRows>,
        projection: Vec<usize>,
        filters: &[Expr],
        physical: &[Arc<dyn PhysicalExpr>],
        limit: Option<usize>,
        threads: usize,
    ) -> EngineResult<StoreScan> {
        let mut conjuncts = Vec::with_capacity(physical.len());
        for filter in physical {
            conjuncts.extend(Conjunct::all_of(filter, &rows)?);
        }
        conjuncts.sort_by_key(|conjunct| conjunct.cost);
        let partitions = plan::partitions(&rows, filters, physical, threads);
        let schema = Arc::new(rows.schema.project(&projection)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let statistics = Arc::new(plan::statistics(&rows, &projection, &partitions, !conjuncts.is_empty()));
        Ok(StoreScan {
            rows,
            projection,
            conjuncts,
            partitions: Arc::new(partitions),
            newest_first: false,
            limit,
            statistics,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for StoreScan {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let names = self.projection.iter().filter_map(|i| Some(self.rows.columns.get(*i)?.name.as_str()));
        let units: usize = self.partitions.iter().map(Vec::len).sum();
        let n_rows: usize = self.partitions.iter().flatten().map(Unit::n_wanted).sum();
        let table = &self.rows.snapshot.schema.doc().table;
        write!(f, "StoreScan: {table} [{}], {n_rows} rows in {units} units", names.collect::<Vec<_>>().join(", "))?;
        if !self.conjuncts.is_empty() {
            let filters: Vec<String> = self.conjuncts.iter().map(|conjunct| conjunct.expr.to_string()).collect();
            write!(f, ", where {}", filters.join(" AND "))?;
        }
        if self.newest_first {
            write!(f, ", newest first")?;
        }
        match self.limit {
            Some(limit) => write!(f, ", limit {limit}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for StoreScan {
    fn name(&self) -> &str {
        "StoreScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> EngineResult<TreeNodeRecursion>,
    ) -> EngineResult<TreeNodeRecursion> {
        for conjunct in &self.conjuncts {
            if f(&conjunct.expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
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

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> EngineResult<SendableRecordBatchStream> {
        let Some(units) = self.partitions.get(partition) else {
            return internal_err!("there is no partition {partition}");
        };
        let mut units: VecDeque<Unit> = units.iter().cloned().collect();
        if self.newest_first {
            units.make_contiguous().reverse();
        }
        let run = context.session_config().get_extension::<RunContext>();
        let run = run.ok_or_else(|| internal_datafusion_err!("a scan runs outside of a query"))?;
        let reader = Reader {
            rows: self.rows.clone(),
            projection: self.projection.clone(),
            conjuncts: self.conjuncts.clone(),
            schema: self.schema(),
            query: run.cache.begin_query(),
            cache: run.cache.clone(),
            n_bytes: MetricBuilder::new(&self.metrics).counter("bytes_scanned", partition),
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let work = Work { units, reader, left: self.limit.unwrap_or(usize::MAX), run };
        let batches = futures::stream::unfold(work, move |mut work| {
            let metrics = metrics.clone();
            async move {
                let _busy = metrics.elapsed_compute().timer();
                let next = work.next().transpose()?;
                if let Ok(batch) = &next {
                    metrics.record_output(batch.num_rows());
                }
                Some((next, work))
            }
        });
        // Others have their turn after a unit without a match.
        let batches = batches.then(|batch| async move {
            if batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0) {
                tokio::task::yield_now().await;
            }
            batch
        });
        let batches = batches.filter(|batch| {
            let is_empty = batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0);
            futures::future::ready(!is_empty)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches.boxed())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> EngineResult<Arc<Statistics>> {
        Ok(match args.partition() {
            None => self.statistics.clone(),
            Some(_) => Arc::new(Statistics::new_unknown(&self.schema())),
        })
    }

    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        asked: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> EngineResult<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let mut scan = self.clone();
        for filter in &asked.parent_filters {
            scan.conjuncts.extend(Conjunct::all_of(&filter.filter, &self.rows)?);
        }
        scan.conjuncts.sort_by_key(|conjunct| conjunct.cost);
        if scan.conjuncts.len() > self.conjuncts.len() {
            let unknown = |_| ColumnStatistics::new_unknown();
            scan.statistics = Arc::new(Statistics {
                num_rows: self.statistics.num_rows.to_inexact(),
                total_byte_size: Precision::Absent,
                column_statistics: self.statistics.column_statistics.iter().map(unknown).collect(),
            });
        }
        // A limit counts rows after all filters, and was set before these were known.
        let supported = if self.limit.is_none() { PushedDown::Yes } else { PushedDown::No };
        let filters = vec![supported; asked.parent_filters.len()];
        let answer = FilterPushdownPropagation::with_parent_pushdown_result(filters);
        Ok(if self.limit.is_none() { answer.with_updated_node(Arc::new(scan)) } else { answer })
    }

    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
    ) -> EngineResult<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        let Some(first) = order.first() else { return Ok(SortOrderPushdownResult::Unsupported) };
        let column = first.expr.downcast_ref::<EngineColumn>();
        let by_time = column.is_some_and(|column| column.name() == extents::TIME_COLUMN);
        if !by_time || !first.options.descending || self.newest_first {
            return Ok(SortOrderPushdownResult::Unsupported);
        }
        let scan = StoreScan { newest_first: true, ..self.clone() };
        Ok(SortOrderPushdownResult::Inexact { inner: Arc::new(scan) })
    }
}

/// One partition at work.
struct Work {
    units: VecDeque<Unit>,
    reader: Reader,
    /// Rows that may still be given.
    left: usize,
    run: Arc<RunContext>,
}

impl Work {
    /// Returns the rows of the next unit, which may be none.
    fn next(&mut self) -> EngineResult<Option<RecordBatch>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.run.limits.check()?;
        let Some(unit) = self.units.pop_front() else { return Ok(None) };
        let found = self.reader.read(&unit)?;
        // A batch is not cut into smaller ones: each of them would count as large as it is when memory is reserved.
        let found = if found.num_rows() > self.left { found.slice(0, self.left) } else { found };
        self.left -= found.num_rows();
        Ok(Some(found))
    }
}
