//! The order of rows: the engine may drop or shuffle rows' order where no operator asks for it, but Kusto's `sort`,
//! `serialize` and what follows them mean it. Lowering leaves out every sort whose order nobody sees; these rules make the
//! engine keep the others.

use crate::aggregate::KqlAggregate;
use crate::kernel::KernelExec;
use datafusion::common::Result as EngineResult;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_expr::{Distribution, Partitioning};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_optimizer::output_requirements::OutputRequirementExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use std::sync::Arc;

/// Returns the engine's rules with ours in their places.
pub fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    // After the rule that marks what the result requires, before those that look at requirements.
    rules.insert(1.min(rules.len()), Arc::new(RequireSorts));
    let distribution = rules.iter().position(|rule| rule.name() == "EnsureRequirements").map_or(rules.len(), |i| i + 1);
    rules.insert(distribution, Arc::new(KeepSequences));
    rules
}

/// Marks the order of every sort as required, and lets functions that follow the rows' order aggregate in one pass.
#[derive(Debug)]
struct RequireSorts;

impl PhysicalOptimizerRule for RequireSorts {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> EngineResult<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            if let Some(sort) = plan.downcast_ref::<SortExec>() {
                let (order, fetch) = (sort.expr().clone().into(), sort.fetch());
                let required = OutputRequirementExec::new(plan, Some(order), Distribution::SinglePartition, fetch);
                return Ok(Transformed::yes(Arc::new(required) as Arc<dyn ExecutionPlan>));
            }
            Ok(match in_one_pass(&plan)? {
                Some(single) => Transformed::yes(single),
                None => Transformed::no(plan),
            })
        })
        .data()
    }

    fn name(&self) -> &str {
        "RequireSorts"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Returns a final aggregation over a partial one as one pass, when one of its functions follows the rows' order and the
/// rows have one.
fn in_one_pass(plan: &Arc<dyn ExecutionPlan>) -> EngineResult<Option<Arc<dyn ExecutionPlan>>> {
    let Some(last) = plan.downcast_ref::<AggregateExec>() else { return Ok(None) };
    let Some(first) = last.input().downcast_ref::<AggregateExec>() else { return Ok(None) };
    let follows_order = |udf: &datafusion::logical_expr::AggregateUDF| {
        let inner: &dyn std::any::Any = udf.inner().as_ref();
        inner.downcast_ref::<KqlAggregate>().is_some_and(KqlAggregate::follows_order)
    };
    if *first.mode() != AggregateMode::Partial
        || !first.aggr_expr().iter().any(|call| follows_order(call.fun()))
        || !is_sequence(first.input())
    {
        return Ok(None);
    }
    let single = AggregateExec::try_new(
        AggregateMode::Single,
        first.group_expr().clone(),
        first.aggr_expr().to_vec(),
        first.filter_expr().to_vec(),
        first.input().clone(),
        first.input_schema(),
    )?;
    Ok(Some(Arc::new(single.with_limit_options(last.limit_options()))))
}

/// Takes out what would deal the rows of a sequence to several partitions.
#[derive(Debug)]
struct KeepSequences;

impl PhysicalOptimizerRule for KeepSequences {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> EngineResult<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            if let Some(repartition) = plan.downcast_ref::<RepartitionExec>()
                && matches!(repartition.partitioning(), Partitioning::RoundRobinBatch(_))
                && is_sequence(repartition.input())
            {
                return Ok(Transformed::yes(repartition.input().clone()));
            }
            Ok(Transformed::no(plan))
        })
        .data()
    }

    fn name(&self) -> &str {
        "KeepSequences"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Returns whether the order of a plan's rows means something.
fn is_sequence(plan: &Arc<dyn ExecutionPlan>) -> bool {
    if plan.downcast_ref::<KernelExec>().is_some_and(KernelExec::is_sequence)
        || plan.downcast_ref::<SortExec>().is_some()
        || plan.downcast_ref::<SortPreservingMergeExec>().is_some()
    {
        return true;
    }
    match (plan.children().as_slice(), plan.maintains_input_order().as_slice()) {
        ([input], [true]) => is_sequence(input),
        _ => false,
    }
}
