//! Aggregations that the engine has itself: `count`, `sum`, `min`, `max`.

use super::cast;
use crate::error::QueryError;
use crate::lower::Lowering;
use crate::value::scalar_of;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{AggregateUDF, Expr as EngineExpr, lit};
use kql::plan::Aggregate;
use kql_functions::EngineAggregate;
use schema::{KqlType, Value};
use std::sync::Arc;

/// Calls an aggregation function of the engine over the rows that `filter` accepts.
pub fn aggregate_expr(function: Arc<AggregateUDF>, args: Vec<EngineExpr>, filter: Option<EngineExpr>) -> EngineExpr {
    EngineExpr::AggregateFunction(AggregateFunction::new_udf(function, args, false, filter.map(Box::new), vec![], None))
}

/// Lowers an aggregation that the engine has: the call, and the output over its result `result`. `None` when the engine
/// has none for these arguments.
pub fn aggregate(
    lowering: &Lowering,
    engine: EngineAggregate,
    aggregate: &Aggregate,
    filter: Option<EngineExpr>,
    result: EngineExpr,
) -> Result<Option<(EngineExpr, EngineExpr)>, QueryError> {
    let Some(output) = aggregate.outputs.first() else { return Ok(None) };
    let arg = aggregate.args.first();
    let ktype = arg.map(|arg| arg.ktype());
    let lowered = arg.map(|arg| lowering.expr(arg)).transpose()?;
    let wide = output.ktype.arrow();
    let call = |function, arg| aggregate_expr(function, vec![arg], filter.clone());
    Ok(match (engine, lowered, ktype) {
        // `count(x)` counts rows too, whatever `x` is.
        (EngineAggregate::Count, _, _) => Some((call(count_udaf(), lit(1_i64)), result)),
        (EngineAggregate::Sum, Some(arg), Some(from)) => {
            let arg = if from.arrow() == wide { arg } else { cast(arg, wide) };
            let nothing = match output.ktype {
                KqlType::Real => Value::Real(0.0),
                KqlType::Timespan => Value::Timespan(0),
                KqlType::Datetime => Value::Datetime(0),
                _ => Value::Long(0),
            };
            let zero = datafusion::functions::core::expr_fn::coalesce(vec![result, lit(scalar_of(&nothing))]);
            Some((call(sum_udaf(), arg), zero))
        }
        (EngineAggregate::Min, Some(arg), _) => Some((call(min_udaf(), arg), result)),
        (EngineAggregate::Max, Some(arg), _) => Some((call(max_udaf(), arg), result)),
        _ => None,
    })
}
