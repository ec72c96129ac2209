//! One query: its context, its tables, and the way from the bound plan to streams of rows.

use crate::engine::{BATCH_ROWS, Engine};
use crate::error::QueryError;
use crate::kept::{Keeper, Kept, KeptTable};
use crate::kernel::RunContext;
use crate::lower::{Lowering, Place, column_name};
use crate::prepare::{Answers, SharedUses};
use crate::stream::{LOOK_EVERY, Limits, ResultStream, Run};
use crate::table::{TableSource, Tables};
use arrow::array::{Array, RecordBatch, new_empty_array};
use arrow::compute::concat;
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::error::DataFusionError;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream};
use futures::StreamExt;
use kql::catalog::Host;
use kql::plan::{BoundQuery, BoundResult, ColumnId, Field, Node, Plan, PluginArgument};
use kql::render::Render;
use kql_functions::catalog::plugin_arg;
use kql_functions::{CallContext, FUNCTIONS, PluginCall, Table};
use schema::{Column, KqlType};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use stdx::{Cancel, Clock, SystemClock};

/// Who asks, and when.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The signed-in user's name, empty when there is none.
    pub principal: String,
    /// The database that the query runs in.
    pub database: String,
    /// The time that `now()` gives, in ticks; the system's clock when `None`.
    pub now: Option<i64>,
    /// Stops the query when set.
    pub cancel: Cancel,
    /// Wall-clock time that the query may take; what the engine allows when `None`.
    pub timeout: Option<Duration>,
}

/// One query from its binding to its results. Also the host that runs parts of it while it is still being bound.
#[derive(Clone)]
pub struct Session {
    work: Arc<Work>,
}

/// A query at work.
pub(crate) struct Work {
    engine: Engine,
    tables: Arc<Tables>,
    ctx: Arc<CallContext>,
    limits: Limits,
    /// Plans and runs on all threads.
    state: SessionState,
    /// Plans and runs in one partition: what is small is done sooner without dealing it out, and stays in order.
    small: SessionState,
    pub(crate) kept: Kept,
    /// Ids of columns that are made while the query runs, from the last one down.
    next_id: AtomicU32,
}

/// One result table of a query.
pub struct ResultTable {
    pub name: String,
    pub columns: Vec<Column>,
    /// Batches with one column per entry of `columns`, of that name and `KqlType::arrow()` type. Running starts when it is
    /// first polled.
    pub stream: ResultStream,
    pub render: Option<Render>,
}

/// What a query means to the engine, stage by stage.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// (stage, text), in order: the bound plan, the engine's logical plan, the same optimized, how it is run.
    pub stages: Vec<(String, String)>,
}

/// Plans over fewer rows than this run in one partition.
const SMALL_ROWS: usize = 20_000;

impl Session {
    pub(crate) fn new(engine: Engine, tables: Arc<Tables>, request: Request) -> Session {
        let options = engine.options();
        let ctx = Arc::new(CallContext {
            now: request.now.unwrap_or_else(|| SystemClock.now_ticks()),
            principal: request.principal,
            database: request.database,
            geo_database: options.geo_database.clone(),
        });
        let timeout = request.timeout.or(options.timeout);
        let limits = Limits {
            cancel: request.cancel,
            // A time that no clock reaches is no limit.
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            timeout,
            max_memory: options.max_memory,
            max_rows: options.max_result_rows,
            max_bytes: options.max_result_bytes,
        };
        let environment = engine.environment();
        let run = |threads| RunContext {
            batch_rows: BATCH_ROWS,
            call: ctx.clone(),
            limits: limits.clone(),
            threads,
            cache: engine.inner.cache.clone(),
        };
        let state = engine.query_state(&environment, run(options.threads.max(1)));
        let small = engine.query_state(&environment, run(1));
        let (kept, next_id) = (Kept::default(), AtomicU32::new(u32::MAX - 1));
        Session { work: Arc::new(Work { tables, ctx, limits, state, small, kept, next_id, engine }) }
    }

    /// Returns what functions know beside their arguments.
    pub fn context(&self) -> &CallContext {
        &self.work.ctx
    }

    /// Plans a query and returns its result tables, each ready to be read.
    ///
    /// # Errors
    /// When the query cannot be planned, or a part that runs before the rest (`toscalar`, `materialize`) fails.
    pub async fn run(&self, query: &BoundQuery) -> Result<Vec<ResultTable>, QueryError> {
        let (work, query) = (self.work.clone(), query.clone());
        self.work.spawned(async move { work.run(query).await }).await
    }

    /// Returns how the query is understood and run. Parts that run before the rest are run.
    ///
    /// # Errors
    /// When it cannot be planned.
    pub async fn explain(&self, query: &BoundQuery) -> Result<Explanation, QueryError> {
        let (work, query) = (self.work.clone(), query.clone());
        self.work.spawned(async move { work.explain(query).await }).await
    }
}

impl Host for Session {
    fn materialise(&self, plan: &Plan) -> Option<Result<(u64, Vec<Column>), String>> {
        let (work, mut plan) = (self.work.clone(), plan.clone());
        let kept = self.work.spawned(async move {
            // What is shared may be read again by the rest of the query, which is not known yet.
            work.prepare(&mut plan, &SharedUses::default(), &mut Answers::default()).await?;
            let (table, columns) = match &plan.node {
                Node::Plugin { name, inputs, args } => {
                    let tables = work.plugin_inputs(inputs).await?;
                    work.keep_plugin_result(name, &tables, args)?
                }
                _ => {
                    let columns =
                        plan.columns.iter().map(|field| Column::new(field.name.as_str(), field.ktype)).collect();
                    (work.keep(&plan).await?, columns)
                }
            };
            Ok((work.kept.add(Arc::new(table)), columns))
        });
        Some(futures::executor::block_on(kept).map_err(|error| error.to_string()))
    }
}

impl Work {
    /// Runs a future on the engine's threads, until it ends or its caller gives it up.
    async fn spawned<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<T, QueryError> {
        let limits = self.limits.clone();
        let watched = async move {
            let mut future = std::pin::pin!(future);
            loop {
                limits.check()?;
                if let Ok(done) = tokio::time::timeout(LOOK_EVERY, &mut future).await {
                    return done;
                }
            }
        };
        let mut task = AbortOnDrop(self.engine.handle()?.spawn(watched));
        match (&mut task.0).await {
            Ok(done) => done,
            Err(error) => Err(QueryError::internal("planning the query", error.to_string())),
        }
    }

    async fn run(&self, mut query: BoundQuery) -> Result<Vec<ResultTable>, QueryError> {
        let uses = SharedUses::of(&mut query);
        let mut answers = Answers::default();
        let mut tables = Vec::with_capacity(query.results.len());
        for mut result in query.results {
            self.prepare(&mut result.plan, &uses, &mut answers).await?;
            let further = self.run_for_further(&mut result.plan).await?;
            tables.push(self.result(result).await?);
            for plan in further {
                let name = format!("Table_{}", tables.len());
                tables.push(self.result(BoundResult { name, plan, render: None }).await?);
            }
        }
        Ok(tables)
    }

    async fn result(&self, result: BoundResult) -> Result<ResultTable, QueryError> {
        let (plan, state) = self.physical(&result.plan).await?;
        let columns = result.plan.columns.iter().map(|field| Column::new(field.name.as_str(), field.ktype)).collect();
        let run = Run { plan, task: state.task_ctx(), columns: result.plan.columns, limits: self.limits.clone() };
        let stream = ResultStream::new(self.engine.clone(), run);
        Ok(ResultTable { name: result.name, columns, stream, render: result.render })
    }

    /// Runs a plugin that ends a query and gives several tables (`preview`): puts the first in the plugin's place and
    /// returns the others.
    async fn run_for_further(&self, plan: &mut Plan) -> Result<Vec<Plan>, QueryError> {
        let Node::Plugin { name, inputs, args } = &plan.node else { return Ok(Vec::new()) };
        let Some(further) = FUNCTIONS.plugin(name).and_then(|plugin| plugin.further) else { return Ok(Vec::new()) };
        let call = self.plugin_inputs(inputs).await?;
        let first = self.keep_plugin_result(name, &call, args)?;
        let same = first.1.len() == plan.columns.len()
            && first.1.iter().zip(&plan.columns).all(|(found, wanted)| found.ktype == wanted.ktype);
        if !same {
            return Err(QueryError::internal("running a plugin", "its columns are others than were planned"));
        }
        let args: Vec<_> = args.iter().map(plugin_arg).collect();
        let more = further(&PluginCall { inputs: &call, args: &args, ctx: &self.ctx })?;
        plan.node = Node::Materialised { handle: self.kept.add(Arc::new(first.0)) };
        let mut plans = Vec::with_capacity(more.len());
        for table in more {
            let fields =
                table.columns.iter().map(|c| Field { name: c.name.as_str().into(), ..self.new_field(c.ktype) });
            let columns = fields.collect();
            let handle = self.kept.add(Arc::new(self.keep_table(table)?));
            plans.push(Plan { node: Node::Materialised { handle }, columns });
        }
        Ok(plans)
    }

    async fn explain(&self, mut query: BoundQuery) -> Result<Explanation, QueryError> {
        let uses = SharedUses::of(&mut query);
        let mut answers = Answers::default();
        let mut stages = Vec::new();
        for mut result in query.results {
            let mut stage = |name: &str, text: String| stages.push((format!("{}: {name}", result.name), text));
            stage("bound plan", result.plan.to_string());
            self.prepare(&mut result.plan, &uses, &mut answers).await?;
            let logical = self.lowering().plan(&result.plan, Place::RESULT)?;
            let state = self.state_for(&result.plan);
            let optimized = state.optimize(&logical).map_err(|error| self.failed(error))?;
            let physical = state.query_planner().create_physical_plan(&optimized, state).await;
            let physical = physical.map_err(|error| self.failed(error))?;
            stage("logical plan", logical.display_indent().to_string());
            stage("optimized plan", optimized.display_indent().to_string());
            stage("execution plan", displayable(physical.as_ref()).indent(false).to_string());
        }
        Ok(Explanation { stages })
    }

    fn lowering(&self) -> Lowering<'_> {
        Lowering { ctx: self.ctx.clone(), tables: &self.tables, kept: &self.kept }
    }

    async fn physical(&self, plan: &Plan) -> Result<(Arc<dyn ExecutionPlan>, &SessionState), QueryError> {
        let logical = self.lowering().plan(plan, Place::RESULT)?;
        let state = self.state_for(plan);
        let physical = state.create_physical_plan(&logical).await.map_err(|error| self.failed(error))?;
        Ok((physical, state))
    }

    /// Returns the state to run a plan with: small ones in one partition.
    fn state_for(&self, plan: &Plan) -> &SessionState {
        if self.rows_read(plan).is_some_and(|rows| rows <= SMALL_ROWS) { &self.small } else { &self.state }
    }

    /// Returns how many rows a plan reads, when that is known.
    fn rows_read(&self, plan: &Plan) -> Option<usize> {
        match &plan.node {
            Node::Table { table, .. } => self.tables.get(table)?.row_count(),
            Node::External { .. } => None,
            Node::Values { rows } => Some(rows.len()),
            Node::Range { .. } => match self.lowering().plan(plan, Place::RESULT).ok()?.max_rows() {
                Some(rows) => Some(rows),
                None => Some(SMALL_ROWS),
            },
            Node::Materialised { handle } => self.kept.handle(*handle)?.row_count(),
            Node::Shared { id, plan } => match self.kept.shared(*id) {
                Some(table) => table.row_count(),
                None => self.rows_read(plan),
            },
            _ => plan
                .inputs()
                .into_iter()
                .try_fold(0_usize, |sum, input| Some(sum.saturating_add(self.rows_read(input)?))),
        }
    }

    /// Runs a prepared plan and keeps its result.
    pub(crate) async fn keep(&self, plan: &Plan) -> Result<KeptTable, QueryError> {
        let (physical, state) = self.physical(plan).await?;
        let task = state.task_ctx();
        let (_, positions) = result_layout(&plan.columns, &physical.schema())?;
        let types: Vec<KqlType> = plan.columns.iter().map(|field| field.ktype).collect();
        let mut keeper = Keeper::new(&types, &task);
        let mut stream = execute_stream(physical, task).map_err(|error| self.failed(error))?;
        while let Some(batch) = stream.next().await {
            self.limits.check()?;
            let batch = batch.map_err(|error| self.failed(error))?;
            let columns = positions.iter().map(|i| batch.column(*i).clone()).collect();
            keeper.add(columns, batch.num_rows()).map_err(|error| self.failed(error))?;
        }
        keeper.finish().map_err(|error| self.failed(error))
    }

    /// Runs what a plugin reads.
    async fn plugin_inputs(&self, inputs: &[Plan]) -> Result<Vec<Table>, QueryError> {
        let mut tables = Vec::with_capacity(inputs.len());
        for input in inputs {
            let kept = self.keep(input).await?;
            let batches = kept.read().await.map_err(|error| self.failed(error))?;
            let columns = input.columns.iter().enumerate();
            let columns = columns.map(|(i, field)| {
                let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(i).as_ref()).collect();
                if parts.is_empty() { Ok(new_empty_array(&field.ktype.arrow())) } else { concat(&parts) }
            });
            let arrays = columns.collect::<Result<Vec<_>, _>>().map_err(|error| self.failed(error.into()))?;
            let rows = batches.iter().map(RecordBatch::num_rows).sum();
            let columns = input.columns.iter().map(|field| Column::new(field.name.as_str(), field.ktype)).collect();
            tables.push(Table { columns, arrays, rows });
        }
        Ok(tables)
    }

    /// Runs a plugin and keeps its (first) result.
    fn keep_plugin_result(
        &self,
        name: &str,
        inputs: &[Table],
        args: &[PluginArgument],
    ) -> Result<(KeptTable, Vec<Column>), QueryError> {
        let plugin = FUNCTIONS.plugin(name).ok_or_else(|| QueryError::UnknownFunction { name: name.to_string() })?;
        let run = plugin.run.map_err(|why| QueryError::Evaluation(why.to_string()))?;
        let args: Vec<_> = args.iter().map(plugin_arg).collect();
        let result = run(&PluginCall { inputs, args: &args, ctx: &self.ctx })?;
        let columns = result.columns.clone();
        Ok((self.keep_table(result)?, columns))
    }

    fn keep_table(&self, table: Table) -> Result<KeptTable, QueryError> {
        let types: Vec<KqlType> = table.columns.iter().map(|column| column.ktype).collect();
        let mut keeper = Keeper::new(&types, &self.task());
        keeper.add(table.arrays, table.rows).map_err(|error| self.failed(error))?;
        keeper.finish().map_err(|error| self.failed(error))
    }

    pub(crate) fn failed(&self, error: DataFusionError) -> QueryError {
        QueryError::from_engine(error, "running the query", self.limits.max_memory)
    }

    pub(crate) fn task(&self) -> Arc<TaskContext> {
        self.state.task_ctx()
    }

    /// Makes a column of its own for a plan that is being prepared.
    pub(crate) fn new_field(&self, ktype: KqlType) -> Field {
        let id = ColumnId(self.next_id.fetch_sub(1, Ordering::Relaxed));
        Field { id, name: Default::default(), ktype }
    }
}

/// Stops a task when its result is no longer wanted.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Returns the schema of the result, and for each of its columns the position in the engine's result.
pub(crate) fn result_layout(
    columns: &[kql::plan::Field],
    produced: &Schema,
) -> Result<(Arc<Schema>, Vec<usize>), QueryError> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut positions = Vec::with_capacity(columns.len());
    for field in columns {
        let position = produced.index_of(&column_name(field.id));
        positions.push(position.map_err(|error| QueryError::internal("reading the result", error.to_string()))?);
        fields.push(ArrowField::new(field.name.as_str(), field.ktype.arrow(), true));
    }
    Ok((Arc::new(Schema::new(fields)), positions))
}
