//! A kernel at work in the engine.

use super::node::{arrow_schema_of, passed_positions};
use super::{Added, Kernel, KernelNode, Output, Rows, Run, RunContext, Sees};
use crate::scalar::checked;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, ChildrenPropertiesMode, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, InputDistributionRequirements,
    PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;
use kql_functions::Arg;
use schema::KqlType;
use std::collections::VecDeque;
use std::sync::Arc;

/// Runs a kernel.
#[derive(Debug)]
pub struct KernelExec {
    kernel: Arc<dyn Kernel>,
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    args: Vec<Arc<dyn PhysicalExpr>>,
    arg_types: Vec<KqlType>,
    passes: bool,
    added: Vec<Added>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// Makes the execution plan of a kernel's node over planned inputs.
pub fn plan_kernel(
    node: &KernelNode,
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    args: Vec<Arc<dyn PhysicalExpr>>,
) -> Arc<dyn ExecutionPlan> {
    let (kernel, arg_types, added) = (node.kernel.clone(), node.arg_types.clone(), node.added.clone());
    Arc::new(KernelExec::new(kernel, inputs, args, arg_types, node.passes, added))
}

impl KernelExec {
    fn new(
        kernel: Arc<dyn Kernel>,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        args: Vec<Arc<dyn PhysicalExpr>>,
        arg_types: Vec<KqlType>,
        passes: bool,
        added: Vec<Added>,
    ) -> KernelExec {
        let input_schema = inputs.first().map(|input| input.schema());
        let schema: SchemaRef = Arc::new(arrow_schema_of(input_schema.as_deref(), passes, &added));
        let (partitions, emission) = match (kernel.sees(), inputs.first()) {
            (Sees::EachRow, Some(input)) => (input.output_partitioning().partition_count(), EmissionType::Incremental),
            _ => (1, EmissionType::Final),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            emission,
            Boundedness::Bounded,
        );
        KernelExec {
            kernel,
            inputs,
            args,
            arg_types,
            passes,
            added,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// Returns whether the result's rows have an order that must be kept.
    pub fn is_sequence(&self) -> bool {
        self.kernel.sees() == Sees::AllRows
    }
}

impl DisplayAs for KernelExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let args: Vec<String> = self.args.iter().map(ToString::to_string).collect();
        let added: Vec<&str> = self.added.iter().map(|column| column.name.as_str()).collect();
        write!(f, "{}: {} => {}", self.kernel.name(), args.join(", "), added.join(", "))
    }
}

impl ExecutionPlan for KernelExec {
    fn name(&self) -> &str {
        "KernelExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        let each = match self.kernel.sees() {
            Sees::EachRow => Distribution::UnspecifiedDistribution,
            Sees::AllRows => Distribution::SinglePartition,
        };
        InputDistributionRequirements::new(vec![each; self.inputs.len()])
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true; self.inputs.len()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![self.kernel.sees() == Sees::EachRow; self.inputs.len()]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> EngineResult<TreeNodeRecursion>,
    ) -> EngineResult<TreeNodeRecursion> {
        let mut next = TreeNodeRecursion::Continue;
        for arg in &self.args {
            next = next.visit_sibling(|| f(arg))?;
        }
        Ok(next)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        if children.len() != self.inputs.len() {
            return internal_err!("`{}` has other inputs", self.kernel.name());
        }
        let (kernel, args) = (self.kernel.clone(), self.args.clone());
        Ok(Arc::new(KernelExec::new(kernel, children, args, self.arg_types.clone(), self.passes, self.added.clone())))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> EngineResult<SendableRecordBatchStream> {
        let Some(ctx) = context.session_config().get_extension::<RunContext>() else {
            return internal_err!("a kernel runs outside of a query");
        };
        let inputs = self
            .inputs
            .iter()
            .map(|input| input.execute(partition, context.clone()))
            .collect::<EngineResult<Vec<_>>>()?;
        let passed = self.inputs.first().map_or_else(Vec::new, |input| {
            let schema = input.schema();
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            passed_positions(&names, self.passes, &self.added)
        });
        let reservation = MemoryConsumer::new(self.kernel.name()).register(context.memory_pool());
        let working = Working {
            run: self.kernel.start(&ctx)?,
            next_input: inputs.len(),
            inputs,
            args: self.args.iter().cloned().zip(self.arg_types.iter().copied()).collect(),
            passed,
            types: self.added.iter().map(|column| column.ktype).collect(),
            name: self.kernel.name().to_string(),
            schema: self.schema(),
            ctx,
            reservation,
            waiting: VecDeque::new(),
            finished: false,
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let schema = self.schema();
        let stream = futures::stream::try_unfold(working, |mut working| async move {
            Ok(working.next().await?.map(|batch| (batch, working)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The state of one partition's stream.
struct Working {
    run: Box<dyn Run>,
    inputs: Vec<SendableRecordBatchStream>,
    /// Inputs below this one have not been read to their end.
    next_input: usize,
    args: Vec<(Arc<dyn PhysicalExpr>, KqlType)>,
    passed: Vec<usize>,
    types: Vec<KqlType>,
    name: String,
    schema: SchemaRef,
    ctx: Arc<RunContext>,
    reservation: MemoryReservation,
    waiting: VecDeque<RecordBatch>,
    finished: bool,
    metrics: BaselineMetrics,
}

impl Working {
    async fn next(&mut self) -> EngineResult<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.waiting.pop_front() {
                self.metrics.record_output(batch.num_rows());
                return Ok(Some(batch));
            }
            if self.finished {
                return Ok(None);
            }
            self.ctx.limits.check()?;
            let mut out = Output::default();
            let batch = match self.next_input.checked_sub(1) {
                Some(input) if !self.run.is_done() => self.inputs[input].next().await.map(|batch| (input, batch)),
                _ => {
                    let timer = self.metrics.elapsed_compute().clone();
                    let _timed = timer.timer();
                    self.finished = !self.run.finish(&mut out)?;
                    self.queue(out)?;
                    if self.finished {
                        self.reservation.free();
                    }
                    continue;
                }
            };
            match batch {
                Some((input, batch)) => {
                    let timer = self.metrics.elapsed_compute().clone();
                    let _timed = timer.timer();
                    let rows = self.rows(input, &batch?)?;
                    self.run.push(input, rows, &mut out)?;
                    self.reservation.try_resize(self.run.held_bytes())?;
                    self.queue(out)?;
                }
                None => self.next_input -= 1,
            }
        }
    }

    /// Evaluates the arguments over a batch. Further inputs are handed on whole.
    fn rows(&self, input: usize, batch: &RecordBatch) -> EngineResult<Rows> {
        if input > 0 {
            return Ok(Rows { passed: batch.clone(), args: vec![] });
        }
        let args = self.args.iter().map(|(expr, ktype)| {
            Ok(match expr.evaluate(batch)? {
                ColumnarValue::Array(array) => Arg { array, ktype: *ktype, constant: false },
                ColumnarValue::Scalar(scalar) => Arg { array: scalar.to_array()?, ktype: *ktype, constant: true },
            })
        });
        let args = args.collect::<EngineResult<Vec<Arg>>>()?;
        Ok(Rows { passed: batch.project(&self.passed)?, args })
    }

    /// Queues results, in pieces of the usual size.
    fn queue(&mut self, out: Output) -> EngineResult<()> {
        for (mut columns, added, rows) in out.batches {
            if added.len() != self.types.len() {
                return internal_err!("`{}` gave {} columns instead of {}", self.name, added.len(), self.types.len());
            }
            for (column, ktype) in added.into_iter().zip(&self.types) {
                columns.push(checked(&self.name, column, *ktype, rows)?);
            }
            for batch in pieces(&self.schema, columns, rows, self.ctx.batch_rows)? {
                self.waiting.push_back(batch);
            }
        }
        Ok(())
    }
}

fn pieces(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize, size: usize) -> EngineResult<Vec<RecordBatch>> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let whole = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
    // A batch that is little longer than usual is left whole.
    if rows <= size * 2 {
        return Ok(vec![whole]);
    }
    Ok((0..rows).step_by(size.max(1)).map(|from| whole.slice(from, size.min(rows - from))).collect())
}
