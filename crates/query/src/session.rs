//! One query: its context, its tables, and the way from the bound plan to streams of rows.

use crate::engine::Engine;
use crate::error::QueryError;
use crate::lower::{Lowering, column_name};
use crate::stream::{ResultStream, Run};
use crate::table::Tables;
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::execution::SessionState;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use kql::plan::{BoundQuery, Plan};
use kql::render::Render;
use kql_functions::CallContext;
use schema::Column;
use std::sync::Arc;
use std::time::Instant;
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
}

/// One query from its binding to its results. Also the host that runs parts of it while it is still being bound.
pub struct Session {
    engine: Engine,
    tables: Arc<Tables>,
    ctx: Arc<CallContext>,
    cancel: Cancel,
    deadline: Option<Instant>,
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

impl Session {
    pub(crate) fn new(engine: Engine, tables: Arc<Tables>, request: Request) -> Session {
        let options = engine.options();
        let ctx = CallContext {
            now: request.now.unwrap_or_else(|| SystemClock.now_ticks()),
            principal: request.principal,
            database: request.database,
            geo_database: options.geo_database.clone(),
        };
        let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
        Session { tables, ctx: Arc::new(ctx), cancel: request.cancel, deadline, engine }
    }

    /// Returns what functions know beside their arguments.
    pub fn context(&self) -> &CallContext {
        &self.ctx
    }

    /// Plans a query and returns its result tables, each ready to be read.
    ///
    /// # Errors
    /// When the query cannot be planned, or a part that runs before the rest (`toscalar`, `materialize`) fails.
    pub async fn run(&self, query: &BoundQuery) -> Result<Vec<ResultTable>, QueryError> {
        let state = self.engine.query_state()?;
        let mut tables = Vec::with_capacity(query.results.len());
        for result in &query.results {
            let plan = self.physical(&state, &result.plan).await?;
            let run = Run { plan, task: state.task_ctx(), columns: result.plan.columns.clone(), limits: self.limits() };
            let columns = result.plan.columns.iter().map(|field| Column::new(&field.name, field.ktype)).collect();
            let stream = ResultStream::new(self.engine.clone(), run);
            tables.push(ResultTable { name: result.name.clone(), columns, stream, render: result.render.clone() });
        }
        Ok(tables)
    }

    fn limits(&self) -> crate::stream::Limits {
        let options = self.engine.options();
        crate::stream::Limits {
            cancel: self.cancel.clone(),
            deadline: self.deadline,
            timeout: options.timeout,
            max_memory: options.max_memory,
            max_rows: options.max_result_rows,
            max_bytes: options.max_result_bytes,
        }
    }

    async fn physical(&self, state: &SessionState, plan: &Plan) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
        let lowering = Lowering { ctx: self.ctx.clone(), tables: &self.tables };
        let logical = lowering.plan(plan)?;
        let failed = |error| QueryError::from_engine(error, "planning the query", self.engine.options().max_memory);
        state.create_physical_plan(&logical).await.map_err(failed)
    }

    /// Returns how the query is understood and run.
    ///
    /// # Errors
    /// When it cannot be planned.
    pub async fn explain(&self, query: &BoundQuery) -> Result<Explanation, QueryError> {
        let state = self.engine.query_state()?;
        let failed = |error| QueryError::from_engine(error, "planning the query", self.engine.options().max_memory);
        let mut stages = Vec::new();
        for result in &query.results {
            let lowering = Lowering { ctx: self.ctx.clone(), tables: &self.tables };
            let logical = lowering.plan(&result.plan)?;
            let optimized = state.optimize(&logical).map_err(failed)?;
            let physical = state.query_planner().create_physical_plan(&optimized, &state).await.map_err(failed)?;
            let mut stage = |name: &str, text: String| stages.push((format!("{}: {name}", result.name), text));
            stage("bound plan", format!("{:#?}", result.plan));
            stage("logical plan", logical.display_indent().to_string());
            stage("optimized plan", optimized.display_indent().to_string());
            stage("execution plan", displayable(physical.as_ref()).indent(false).to_string());
        }
        Ok(Explanation { stages })
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
        fields.push(ArrowField::new(&field.name, field.ktype.arrow(), true));
    }
    Ok((Arc::new(Schema::new(fields)), positions))
}
