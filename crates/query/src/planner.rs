//! Planning how to run: the engine's planner, and ours for the nodes that only we have.

use crate::kernel::{KernelNode, plan_kernel};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result as EngineResult;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use std::sync::Arc;

/// Plans queries.
#[derive(Debug)]
pub struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(KernelPlanner)])
            .create_physical_plan(plan, session)
            .await
    }
}

/// Plans kernels.
struct KernelPlanner;

#[async_trait]
impl ExtensionPlanner for KernelPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        planning_ctx: &PhysicalPlanningContext,
    ) -> EngineResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<KernelNode>() else { return Ok(None) };
        let args = match logical_inputs.first() {
            Some(input) => {
                let args = node.args.iter();
                let args = args.map(|arg| planner.create_physical_expr(arg, input.schema(), session, planning_ctx));
                args.collect::<EngineResult<Vec<_>>>()?
            }
            None => vec![],
        };
        Ok(Some(plan_kernel(node, physical_inputs.to_vec(), args)))
    }
}
