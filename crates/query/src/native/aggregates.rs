//! Aggregations that the engine has itself: `count`, `sum`, `min`, `max`, `avg`.

use super::{cast, when};
use crate::error::QueryError;
use crate::lower::Lowering;
use crate::value::scalar_of;
use arrow::datatypes::DataType;
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{AggregateUDF, Expr as EngineExpr, lit};
use kql::plan::Aggregate;
use schema::{KqlType, Value};
use std::sync::Arc;

/// Calls an aggregation function of the engine over the rows that `filter` accepts.
pub fn aggregate_expr(function: Arc<AggregateUDF>, args: Vec<EngineExpr>, filter: Option<EngineExpr>) -> EngineExpr {
    EngineExpr::AggregateFunction(AggregateFunction::new_udf(function, args, false, filter.map(Box::new), vec![], None))
}

/// Lowers an aggregation that the engine has: the call, and the output over its result `result`. `None` when the engine
/// has none.
pub fn aggregate(
    lowering: &Lowering,
    aggregate: &Aggregate,
    filter: Option<EngineExpr>,
    result: EngineExpr,
) -> Result<Option<(EngineExpr, EngineExpr)>, QueryError> {
    let Some(output) = aggregate.outputs.first() else { return Ok(None) };
    let arg = aggregate.args.first();
    let ktype = arg.map(|arg| arg.ktype());
    let lowered = arg.map(|arg| lowering.expr(arg)).transpose()?;
    let wide = output.ktype.arrow();
    let zero =
        |value: Value| datafusion::functions::core::expr_fn::coalesce(vec![result.clone(), lit(scalar_of(&value))]);
    let call = |function, arg| aggregate_expr(function, vec![arg], filter.clone());
    Ok(match (aggregate.function, lowered, ktype) {
        // `count(x)` counts rows too, whatever `x` is.
        ("count", _, _) => Some((call(count_udaf(), lit(1_i64)), result)),
        ("sum", Some(arg), Some(from)) => {
            let arg = if from.arrow() == wide { arg } else { cast(arg, wide) };
            let nothing = match output.ktype {
                KqlType::Real => Value::Real(0.0),
                KqlType::Timespan => Value::Timespan(0),
                KqlType::Decimal => Value::Decimal(arrow::datatypes::i256::ZERO),
                _ => Value::Long(0),
            };
            Some((call(sum_udaf(), arg), zero(nothing)))
        }
        ("min", Some(arg), _) => Some((call(min_udaf(), arg), result)),
        ("max", Some(arg), _) => Some((call(max_udaf(), arg), result)),
        ("avg", Some(arg), Some(from)) if output.ktype == KqlType::Real => {
            let arg = if from == KqlType::Real { arg } else { cast(arg, DataType::Float64) };
            let is_null = EngineExpr::IsNull(Box::new(result.clone()));
            let avg = when(vec![(is_null, lit(f64::NAN))], result);
            Some((call(avg_udaf(), arg), avg))
        }
        _ => None,
    })
}
