//! `in` and `!in` over constants.
//!
//! `in` is an `or` of `==`, `!in` an `and` of `!=`: a null value is in no list of constants.

use super::{Lowered, binary, when};
use crate::lower::Lowering;
use crate::value::scalar_of;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Expr as EngineExpr, Operator, lit};
use datafusion::scalar::ScalarValue;
use kql::plan::Expr;
use schema::{Dynamic, KqlType, Value};

/// Lowers `in` in filter position.
pub fn predicate(lowering: &Lowering, negated: bool, value: &Expr, list: &[Expr]) -> Lowered {
    let Some(list) = constants(value.ktype(), list) else { return Ok(None) };
    let value_expr = lowering.expr(value)?;
    let found = in_list(value_expr.clone(), list, negated);
    if !negated || value.ktype() == KqlType::String {
        return Ok(Some(found));
    }
    Ok(Some(binary(found, Operator::Or, EngineExpr::IsNull(Box::new(value_expr)))))
}

/// Lowers `in` as a value, false (for `!in` true) where the value is null.
pub fn value(lowering: &Lowering, negated: bool, value: &Expr, list: &[Expr]) -> Lowered {
    let Some(list) = constants(value.ktype(), list) else { return Ok(None) };
    let value_expr = lowering.expr(value)?;
    let found = in_list(value_expr.clone(), list, negated);
    if value.ktype() == KqlType::String {
        return Ok(Some(found));
    }
    let is_null = EngineExpr::IsNull(Box::new(value_expr));
    Ok(Some(when(vec![(is_null, lit(ScalarValue::Boolean(Some(negated))))], found)))
}

fn in_list(value: EngineExpr, list: Vec<EngineExpr>, negated: bool) -> EngineExpr {
    if list.is_empty() {
        return lit(negated);
    }
    EngineExpr::InList(InList::new(Box::new(value), list, negated))
}

/// Returns the list's literals when all of them have the value's type and none is null. The list may also be one dynamic
/// array.
fn constants(ktype: KqlType, list: &[Expr]) -> Option<Vec<EngineExpr>> {
    if !matches!(
        ktype,
        KqlType::String
            | KqlType::Long
            | KqlType::Int
            | KqlType::Datetime
            | KqlType::Timespan
            | KqlType::Guid
            | KqlType::Bool
    ) {
        return None;
    }
    let mut literals = Vec::new();
    for item in list {
        match item.as_literal()? {
            Value::Dynamic(Dynamic::Array(elements)) => {
                for element in elements {
                    literals.push(element_as(element, ktype)?);
                }
            }
            value if value.ktype() == ktype && !value.is_null() => literals.push(value.clone()),
            Value::Int(value) if ktype == KqlType::Long => literals.push(Value::Long(i64::from(*value))),
            _ => return None,
        }
    }
    Some(literals.iter().map(|value| EngineExpr::Literal(scalar_of(value), None)).collect())
}

/// Returns an array's element as a value that equals it and nothing else.
fn element_as(element: &Dynamic, ktype: KqlType) -> Option<Value> {
    match (element, ktype) {
        (Dynamic::String(text), KqlType::String) => Some(Value::String(text.clone())),
        (Dynamic::Number(text), KqlType::Long) => text.parse().ok().map(Value::Long),
        (Dynamic::Number(text), KqlType::Int) => text.parse().ok().map(Value::Int),
        _ => None,
    }
}
