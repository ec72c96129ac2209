//! Calls for which the engine has an expression of its own that means the same as Kusto's.
//!
//! Two things make Kusto differ from SQL. A comparison for equality with one null side is false (true for `!=`) where SQL
//! gives null; and reals compare as IEEE 754 says, where the engine orders them totally. In filter position false and
//! null are one, which makes most comparisons plain ones that the engine can push down and prune by.
//!
//! # Source
//! Kusto reference, "Null values".

mod aggregates;
mod membership;
mod reals;
#[cfg(test)]
mod tests;

pub use aggregates::{aggregate, aggregate_expr};
pub use reals::sortable_real;

use crate::error::QueryError;
use crate::lower::Lowering;
use arrow::datatypes::DataType;
use datafusion::logical_expr::expr::{Case, Cast};
use datafusion::logical_expr::{BinaryExpr, Expr as EngineExpr, Operator, lit};
use datafusion::scalar::ScalarValue;
use kql::plan::Expr;
use schema::{KqlType, Value};

type Lowered = Result<Option<EngineExpr>, QueryError>;

/// Lowers a call in filter position, where false and null are one.
pub fn predicate(lowering: &Lowering, function: &str, args: &[Expr]) -> Lowered {
    Ok(match (function, args) {
        ("and" | "or", [_, _, ..]) if all_bool(args) => Some(fold(function, args, |arg| lowering.predicate(arg))?),
        ("between", [value, low, high]) if both_plain(value, low) && both_plain(value, high) => {
            Some(between(lowering, value, low, high)?)
        }
        ("==" | "!=", [left, right]) if both_plain(left, right) => {
            let operator = match function {
                "==" => Operator::Eq,
                // A null side makes `!=` true.
                _ if never_null(left) && never_null(right) => Operator::NotEq,
                _ => Operator::IsDistinctFrom,
            };
            Some(compare(lowering, operator, left, right)?)
        }
        ("in" | "!in", [value, list @ ..]) => membership::predicate(lowering, function == "!in", value, list)?,
        _ => None,
    })
}

/// Lowers a call to an expression of the same value in every row.
pub fn call(lowering: &Lowering, function: &str, args: &[Expr], returns: KqlType) -> Lowered {
    Ok(match (function, args) {
        ("and" | "or", [_, _, ..]) if all_bool(args) => Some(fold(function, args, |arg| lowering.expr(arg))?),
        ("not", [arg]) if all_bool(args) => Some(EngineExpr::Not(Box::new(lowering.expr(arg)?))),
        ("==" | "!=", [left, right]) if both_plain(left, right) => {
            Some(equality(lowering, function == "==", left, right)?)
        }
        ("<" | "<=" | ">" | ">=", [left, right]) if both_plain(left, right) => {
            let operator = match function {
                "<" => Operator::Lt,
                "<=" => Operator::LtEq,
                ">" => Operator::Gt,
                _ => Operator::GtEq,
            };
            Some(compare(lowering, operator, left, right)?)
        }
        ("==" | "!=" | "<" | "<=" | ">" | ">=", [left, right]) if has_real(left, right) => Some(reals::compare(
            function,
            widened(lowering, left, KqlType::Real)?,
            widened(lowering, right, KqlType::Real)?,
        )),
        ("+" | "-" | "*", [left, right]) if arithmetic(function, left, right, returns) => {
            let operator = match function {
                "+" => Operator::Plus,
                "-" => Operator::Minus,
                _ => Operator::Multiply,
            };
            Some(binary(widened(lowering, left, returns)?, operator, widened(lowering, right, returns)?))
        }
        ("isnull" | "isnotnull", [arg]) if arg.ktype() != KqlType::String && arg.ktype() != KqlType::Dynamic => {
            let arg = Box::new(lowering.expr(arg)?);
            Some(if function == "isnull" { EngineExpr::IsNull(arg) } else { EngineExpr::IsNotNull(arg) })
        }
        ("isempty" | "isnotempty", [arg]) if arg.ktype() == KqlType::String => {
            let operator = if function == "isempty" { Operator::Eq } else { Operator::NotEq };
            Some(binary(lowering.expr(arg)?, operator, empty_text()))
        }
        ("tolong", [arg]) if arg.ktype().is_integer() => Some(widened(lowering, arg, KqlType::Long)?),
        ("toreal", [arg]) if arg.ktype().is_integer() => Some(widened(lowering, arg, KqlType::Real)?),
        ("tolong" | "toreal" | "tostring" | "todatetime" | "totimespan" | "tobool", [arg])
            if arg.ktype() == returns =>
        {
            Some(lowering.expr(arg)?)
        }
        ("iff" | "iif" | "case", [_, _, _, ..]) if args.len() % 2 == 1 => Some(case(lowering, args)?),
        ("coalesce", [_, ..]) => Some(coalesce(lowering, args, returns)?),
        ("in" | "!in", [value, list @ ..]) => membership::value(lowering, function == "!in", value, list)?,
        _ => None,
    })
}

fn all_bool(args: &[Expr]) -> bool {
    args.iter().all(|arg| arg.ktype() == KqlType::Bool)
}

/// `between` in filter position, as two comparisons that the engine can prune by.
fn between(lowering: &Lowering, value: &Expr, low: &Expr, high: &Expr) -> Result<EngineExpr, QueryError> {
    let from = compare(lowering, Operator::GtEq, value, low)?;
    Ok(binary(from, Operator::And, compare(lowering, Operator::LtEq, value, high)?))
}

pub(crate) fn binary(left: EngineExpr, operator: Operator, right: EngineExpr) -> EngineExpr {
    EngineExpr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

fn empty_text() -> EngineExpr {
    lit(ScalarValue::Utf8View(Some(String::new())))
}

/// Returns the text, or the empty text where it is null.
pub fn empty_when_null(text: EngineExpr) -> EngineExpr {
    datafusion::functions::core::expr_fn::coalesce(vec![text, empty_text()])
}

fn fold(
    function: &str,
    args: &[Expr],
    lower: impl Fn(&Expr) -> Result<EngineExpr, QueryError>,
) -> Result<EngineExpr, QueryError> {
    let operator = if function == "and" { Operator::And } else { Operator::Or };
    let mut folded = None;
    for arg in args {
        let arg = lower(arg)?;
        folded = Some(match folded {
            Some(before) => binary(before, operator, arg),
            None => arg,
        });
    }
    folded.ok_or_else(|| QueryError::internal("planning the query", "a logical operator without arguments"))
}

/// Types whose comparison in the engine is Kusto's, nulls aside.
fn is_plain(ktype: KqlType) -> bool {
    !matches!(ktype, KqlType::Real | KqlType::Dynamic)
}

/// Returns whether the engine compares the two as Kusto does, nulls aside.
fn both_plain(left: &Expr, right: &Expr) -> bool {
    let (left, right) = (left.ktype(), right.ktype());
    is_plain(left) && (left == right || (left.is_integer() && right.is_integer()))
}

fn has_real(left: &Expr, right: &Expr) -> bool {
    let real_like = |ktype: KqlType| ktype == KqlType::Real || ktype.is_integer();
    let (left, right) = (left.ktype(), right.ktype());
    real_like(left) && real_like(right) && (left == KqlType::Real || right == KqlType::Real)
}

fn never_null(expr: &Expr) -> bool {
    expr.ktype() == KqlType::String || expr.as_literal().is_some_and(|value| !value.is_null())
}

fn compare(lowering: &Lowering, operator: Operator, left: &Expr, right: &Expr) -> Result<EngineExpr, QueryError> {
    let wide = if left.ktype() == right.ktype() { left.ktype() } else { KqlType::Long };
    Ok(binary(widened(lowering, left, wide)?, operator, widened(lowering, right, wide)?))
}

/// `==` and `!=` as values: null only when both sides are null, else two-valued.
fn equality(lowering: &Lowering, equal: bool, left: &Expr, right: &Expr) -> Result<EngineExpr, QueryError> {
    if left.ktype() == KqlType::String {
        return compare(lowering, if equal { Operator::Eq } else { Operator::NotEq }, left, right);
    }
    let operator = if equal { Operator::IsNotDistinctFrom } else { Operator::IsDistinctFrom };
    let two_valued = compare(lowering, operator, left, right)?;
    if never_null(left) || never_null(right) {
        return Ok(two_valued);
    }
    let is_null = |side: &Expr| Ok::<_, QueryError>(EngineExpr::IsNull(Box::new(lowering.expr(side)?)));
    let both_null = binary(is_null(left)?, Operator::And, is_null(right)?);
    Ok(when(vec![(both_null, lit(ScalarValue::Boolean(None)))], two_valued))
}

/// Lowers an expression and casts it up to a wider number type.
fn widened(lowering: &Lowering, expr: &Expr, wide: KqlType) -> Result<EngineExpr, QueryError> {
    match (expr, expr.ktype(), wide) {
        (Expr::Literal(Value::Int(value)), _, KqlType::Long) => Ok(lit(i64::from(*value))),
        (Expr::Literal(Value::Int(value)), _, KqlType::Real) => Ok(lit(f64::from(*value))),
        (Expr::Literal(Value::Long(value)), _, KqlType::Real) => Ok(lit(*value as f64)),
        (_, from, _) if from.arrow() == wide.arrow() => lowering.expr(expr),
        _ => Ok(cast(lowering.expr(expr)?, wide.arrow())),
    }
}

pub(crate) fn cast(expr: EngineExpr, to: DataType) -> EngineExpr {
    EngineExpr::Cast(Cast::new(Box::new(expr), to))
}

/// Returns whether the engine's arithmetic is Kusto's: long wraps around; reals are IEEE 754; ticks are longs.
fn arithmetic(function: &str, left: &Expr, right: &Expr, returns: KqlType) -> bool {
    let (left, right) = (left.ktype(), right.ktype());
    let numbers = [left, right].iter().all(|ktype| ktype.is_integer() || *ktype == KqlType::Real);
    match returns {
        KqlType::Int | KqlType::Long | KqlType::Real => numbers,
        KqlType::Timespan => function != "*" && left == right && matches!(left, KqlType::Timespan | KqlType::Datetime),
        _ => false,
    }
}

fn when(branches: Vec<(EngineExpr, EngineExpr)>, otherwise: EngineExpr) -> EngineExpr {
    let branches = branches.into_iter().map(|(when, then)| (Box::new(when), Box::new(then))).collect();
    EngineExpr::Case(Case::new(None, branches, Some(Box::new(otherwise))))
}

/// `iff` and `case`: the value after the first predicate that is true, else the last.
fn case(lowering: &Lowering, args: &[Expr]) -> Result<EngineExpr, QueryError> {
    let (pairs, last) = args.split_at(args.len() - 1);
    let branches = pairs.chunks_exact(2).map(|pair| Ok((lowering.predicate(&pair[0])?, lowering.expr(&pair[1])?)));
    let branches = branches.collect::<Result<Vec<_>, QueryError>>()?;
    Ok(when(branches, lowering.expr(&last[0])?))
}

/// `coalesce`: the first argument that is not null, or, for string, not empty.
fn coalesce(lowering: &Lowering, args: &[Expr], returns: KqlType) -> Result<EngineExpr, QueryError> {
    let mut exprs = args.iter().map(|arg| lowering.expr(arg)).collect::<Result<Vec<_>, _>>()?;
    if returns != KqlType::String {
        return Ok(datafusion::functions::core::expr_fn::coalesce(exprs));
    }
    let last = exprs.pop().unwrap_or_else(empty_text);
    Ok(when(exprs.into_iter().map(|e| (binary(e.clone(), Operator::NotEq, empty_text()), e)).collect(), last))
}
