//! Aggregations that the engine has itself: `count`, `sum`, `min`, `max`.

use super::cast;
use crate::error::QueryError;
use crate::lower::Lowering;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{AggregateUDF, Expr as EngineExpr, lit};
use datafusion::scalar::ScalarValue;
use kql::plan::Aggregate;
use kql_functions::EngineAggregate;
use schema::KqlType;
use std::sync::Arc;

/// Calls an aggregation function of the engine over the rows that `filter` accepts.
pub fn aggregate_expr(function: Arc<AggregateUDF>, args: Vec<EngineExpr>, filter: Option<EngineExpr>) -> EngineExpr {
    EngineExpr::AggregateFunction(AggregateFunction::new_udf(function, args, false, filter.map(Box::new), vec![], None))
}

/// Lowers an aggregation that the engine has: the call, and the output over its result `result`. `None` when it lacks its
/// argument.
pub fn aggregate(
    lowering: &Lowering,
    engine: EngineAggregate,
    aggregate: &Aggregate,
    filter: Option<EngineExpr>,
    result: EngineExpr,
) -> Result<Option<(EngineExpr, EngineExpr)>, QueryError> {
    let call = |function, arg| aggregate_expr(function, vec![arg], filter.clone());
    if engine == EngineAggregate::Count {
        return Ok(Some((call(count_udaf(), lit(1_i64)), result)));
    }
    let (Some(output), Some(arg)) = (aggregate.outputs.first(), aggregate.args.first()) else { return Ok(None) };
    let lowered = lowering.expr(arg)?;
    Ok(Some(match engine {
        EngineAggregate::Min => (call(min_udaf(), lowered), result),
        EngineAggregate::Max => (call(max_udaf(), lowered), result),
        EngineAggregate::Count | EngineAggregate::Sum => {
            let wide = output.ktype.arrow();
            let lowered = if arg.ktype().arrow() == wide { lowered } else { cast(lowered, wide) };
            let zero = match output.ktype {
                KqlType::Real => ScalarValue::Float64(Some(0.0)),
                _ => ScalarValue::Int64(Some(0)),
            };
            (call(sum_udaf(), lowered), coalesce(vec![result, lit(zero)]))
        }
    }))
}
