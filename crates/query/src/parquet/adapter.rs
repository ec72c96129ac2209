//! Expressions over a table's columns as expressions over one Parquet file's columns.
//!
//! The engine evaluates filters and projections on each file's own columns. A column that must be converted is read
//! through its conversion; but a comparison of such a column with a constant becomes one of the file's values with a
//! constant of the file's type, so that statistics prune and nothing is converted before it is filtered:
//!
//! ```text
//! ticks(TimeGenerated) >= 638…   ⟶   TimeGenerated >= 2026-05-24T00:00:00Z
//! fill(User) = 'x'               ⟶   User = 'x' AND User IS NOT NULL
//! ```

use super::conversion::{Conversion, Converted, InstantUnit};
use crate::value::null_scalar;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, DynamicFilterPhysicalExpr, InListExpr, IsNotNullExpr, IsNullExpr, Literal,
};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};
use datafusion::scalar::ScalarValue;
use schema::KqlType;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

type Expr = Arc<dyn PhysicalExpr>;

/// What is known of a table's column in all of its files.
#[derive(Debug, Clone)]
pub struct FileColumn {
    pub ktype: KqlType,
    /// The column's type in all files when it is nested: it is then converted after the scan.
    pub nested: Option<DataType>,
    /// Whether some file may have nulls in it.
    pub has_nulls: bool,
    /// Metadata of the files' fields, which may name a KQL type.
    pub metadata: HashMap<String, String>,
}

/// Makes adapters for the files of one table.
#[derive(Debug)]
pub struct Adapters {
    pub columns: HashMap<String, FileColumn>,
}

impl PhysicalExprAdapterFactory for Adapters {
    fn create(&self, _table: SchemaRef, file: SchemaRef) -> EngineResult<Arc<dyn PhysicalExprAdapter>> {
        let conversion = |column: &FileColumn, i: usize| {
            if column.nested.is_some() {
                return Conversion::Same;
            }
            let field = file.field(i).clone().with_metadata(column.metadata.clone());
            Conversion::of(&field, column.ktype, column.has_nulls)
        };
        let conversions = self.columns.iter().filter_map(|(name, column)| {
            let (i, _) = file.fields().find(name)?;
            Some((name.clone(), conversion(column, i)))
        });
        let missing = self.columns.iter().map(|(name, column)| {
            let null = match &column.nested {
                Some(nested) => ScalarValue::try_from(nested)?,
                None => null_scalar(column.ktype),
            };
            Ok((name.clone(), null))
        });
        let missing = missing.collect::<EngineResult<_>>()?;
        Ok(Arc::new(Adapter { conversions: conversions.collect(), missing, file }))
    }
}

/// Rewrites expressions for one file.
#[derive(Debug)]
struct Adapter {
    conversions: HashMap<String, Conversion>,
    /// For each column, what it is in a file that has none.
    missing: HashMap<String, ScalarValue>,
    file: SchemaRef,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expr: Expr) -> EngineResult<Expr> {
        // First every column becomes the file's, converted, or a constant where the file has none.
        let over_file = expr.transform(|expr| {
            let Some(column) = expr.downcast_ref::<Column>() else { return Ok(Transformed::no(expr)) };
            let (name, missing) = (column.name(), self.missing.get(column.name()));
            let Some((i, _)) = self.file.fields().find(name) else {
                return match missing {
                    Some(null) => Ok(Transformed::yes(Arc::new(Literal::new(null.clone())))),
                    None => internal_err!("a file is asked for an unknown column"),
                };
            };
            let column: Expr = Arc::new(Column::new(name, i));
            Ok(Transformed::new(
                match self.conversions.get(name) {
                    None | Some(Conversion::Same) => column,
                    // The engine knows how to move a cast to the other side of a comparison.
                    Some(Conversion::Widen(wide)) => Arc::new(CastExpr::new(column, wide.clone(), None)),
                    Some(conversion) => Arc::new(Converted { column, conversion: conversion.clone() }),
                },
                true,
                TreeNodeRecursion::Jump,
            ))
        });
        native(over_file.data()?)
    }
}

/// Replaces comparisons of converted columns with constants by comparisons of the file's own values.
fn native(expr: Expr) -> EngineResult<Expr> {
    let replaced = expr.transform_down(|expr| {
        if expr.downcast_ref::<DynamicFilterPhysicalExpr>().is_some() {
            let converts = expr.exists(|part| Ok(part.downcast_ref::<Converted>().is_some()))?;
            let replaced: Expr =
                if converts { Arc::new(ConvertedFilter { filter: expr, latest: Mutex::new(None) }) } else { expr };
            return Ok(Transformed::new(replaced, converts, TreeNodeRecursion::Jump));
        }
        Ok(match native_comparison(&expr) {
            Some(native) => Transformed::new(native, true, TreeNodeRecursion::Jump),
            None => Transformed::no(expr),
        })
    });
    replaced.data()
}

/// Returns a comparison of a converted column with constants as one of the file's own values; `None` for other expressions.
fn native_comparison(expr: &Expr) -> Option<Expr> {
    if let Some(list) = expr.downcast_ref::<InListExpr>() {
        let Converted { column, conversion: Conversion::Fill } = list.expr().downcast_ref()? else { return None };
        if list.list().iter().any(|item| literal(item).is_none_or(is_empty_text)) {
            return None;
        }
        let mut children: Vec<Expr> = expr.children().into_iter().cloned().collect();
        *children.first_mut()? = column.clone();
        let native = expr.clone().with_new_children(children).ok()?;
        let missing = if list.negated() { Operator::Or } else { Operator::And };
        return Some(binary(native, missing, null_test(column, list.negated())));
    }
    let comparison = expr.downcast_ref::<BinaryExpr>()?;
    let (left, right) = (comparison.left(), comparison.right());
    let (converted, operator, constant) = match (literal(left), literal(right)) {
        (None, Some(constant)) => (left, *comparison.op(), constant),
        (Some(constant), None) => (right, comparison.op().swap()?, constant),
        _ => return None,
    };
    let Converted { column, conversion } = converted.downcast_ref()?;
    match (conversion, constant) {
        (Conversion::Ticks(unit, zone), ScalarValue::Int64(Some(ticks))) => {
            instant_comparison(column, operator, *ticks, *unit, zone)
        }
        (Conversion::Fill, ScalarValue::Utf8View(Some(text))) => text_comparison(column, operator, text),
        _ => None,
    }
}

fn instant_comparison(
    column: &Expr,
    operator: Operator,
    ticks: i64,
    unit: InstantUnit,
    zone: &Option<Arc<str>>,
) -> Option<Expr> {
    let bound = |ticks: i64| -> Expr { Arc::new(Literal::new(unit.literal(unit.first_at(ticks), zone.clone()))) };
    let next = ticks.saturating_add(1);
    let column = column.clone();
    Some(match operator {
        Operator::GtEq => binary(column, Operator::GtEq, bound(ticks)),
        Operator::Gt => binary(column, Operator::GtEq, bound(next)),
        Operator::Lt => binary(column, Operator::Lt, bound(ticks)),
        Operator::LtEq => binary(column, Operator::Lt, bound(next)),
        Operator::Eq if unit.first_at(next) == unit.first_at(ticks).saturating_add(1) => {
            binary(column, Operator::Eq, bound(ticks))
        }
        Operator::Eq => {
            let from = binary(column.clone(), Operator::GtEq, bound(ticks));
            binary(from, Operator::And, binary(column, Operator::Lt, bound(next)))
        }
        _ => return None,
    })
}

/// A null stands for the empty text, which is below every other.
fn text_comparison(column: &Expr, operator: Operator, text: &str) -> Option<Expr> {
    let constant: Expr = Arc::new(Literal::new(ScalarValue::Utf8View(Some(text.to_string()))));
    let empty_fits = match operator {
        Operator::Eq | Operator::IsNotDistinctFrom => text.is_empty(),
        Operator::NotEq | Operator::IsDistinctFrom => !text.is_empty(),
        Operator::Lt => !text.is_empty(),
        Operator::LtEq => true,
        Operator::Gt => false,
        Operator::GtEq => text.is_empty(),
        _ => return None,
    };
    let plain = match operator {
        Operator::IsNotDistinctFrom => Operator::Eq,
        Operator::IsDistinctFrom => Operator::NotEq,
        other => other,
    };
    let comparison = binary(column.clone(), plain, constant);
    Some(match empty_fits {
        true => binary(comparison, Operator::Or, null_test(column, true)),
        false => binary(comparison, Operator::And, null_test(column, false)),
    })
}

fn binary(left: Expr, operator: Operator, right: Expr) -> Expr {
    Arc::new(BinaryExpr::new(left, operator, right))
}

fn null_test(column: &Expr, null: bool) -> Expr {
    if null { Arc::new(IsNullExpr::new(column.clone())) } else { Arc::new(IsNotNullExpr::new(column.clone())) }
}

fn literal(expr: &Expr) -> Option<&ScalarValue> {
    expr.downcast_ref::<Literal>().map(Literal::value)
}

fn is_empty_text(value: &ScalarValue) -> bool {
    matches!(value, ScalarValue::Utf8View(None))
        || matches!(value, ScalarValue::Utf8View(Some(text)) if text.is_empty())
}

/// A filter that changes while the query runs (the worst of the best rows so far, the keys of a join). The child is the
/// engine's own filter, which the scan watches for changes; it is evaluated as it is at the time, with the file's values.
struct ConvertedFilter {
    filter: Expr,
    /// The filter's generation, and what it is then.
    latest: Mutex<Option<(u64, Expr)>>,
}

impl ConvertedFilter {
    fn current(&self) -> EngineResult<Expr> {
        let generation = self.filter.snapshot_generation();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, expr)) = latest.as_ref()
            && *seen == generation
        {
            return Ok(expr.clone());
        }
        let current = native(self.filter.snapshot()?.unwrap_or_else(|| self.filter.clone()))?;
        *latest = Some((generation, current.clone()));
        Ok(current)
    }
}

impl std::fmt::Debug for ConvertedFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for ConvertedFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "converted({})", self.filter)
    }
}

impl PartialEq for ConvertedFilter {
    fn eq(&self, other: &Self) -> bool {
        self.filter.as_ref() == other.filter.as_ref()
    }
}

impl Eq for ConvertedFilter {}

impl std::hash::Hash for ConvertedFilter {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.filter.hash(state);
    }
}

impl PhysicalExpr for ConvertedFilter {
    fn data_type(&self, _input_schema: &Schema) -> EngineResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, _input_schema: &Schema) -> EngineResult<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> EngineResult<ColumnarValue> {
        self.current()?.evaluate(batch)
    }

    fn children(&self) -> Vec<&Expr> {
        vec![&self.filter]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Expr>) -> EngineResult<Expr> {
        match <[_; 1]>::try_from(children) {
            Ok([filter]) => Ok(Arc::new(ConvertedFilter { filter, latest: Mutex::new(None) })),
            Err(_) => internal_err!("a converted filter has one filter"),
        }
    }

    fn snapshot(&self) -> EngineResult<Option<Expr>> {
        Ok(Some(self.current()?))
    }

    fn fmt_sql(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
