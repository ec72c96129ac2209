//! One of several filters that a row must pass, over the columns that it needs.

use super::StoredRows;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::BooleanBuffer;
use arrow::compute::prep_null_mask_filter;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as EngineResult, ScalarValue, internal_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};
use datafusion::physical_expr::utils::reassign_expr_columns;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr, split_conjunction};
use schema::KqlType;
use std::sync::Arc;

/// A filter.
#[derive(Debug, Clone)]
pub struct Conjunct {
    /// Over `columns`, in their order.
    pub expr: Arc<dyn PhysicalExpr>,
    /// Places of the columns in the table.
    pub columns: Vec<usize>,
    /// What it takes to evaluate it for a row, roughly: the cheap ones go first.
    pub cost: u32,
    schema: SchemaRef,
}

/// Which of some rows pass.
pub enum Passed {
    All,
    None,
    Some(BooleanBuffer),
}

impl Conjunct {
    /// Splits a filter over columns of the table's names.
    ///
    /// # Errors
    /// When it names a column that the table has not.
    pub fn all_of(filter: &Arc<dyn PhysicalExpr>, rows: &StoredRows) -> EngineResult<Vec<Conjunct>> {
        split_conjunction(filter).into_iter().map(|part| Conjunct::new(part, rows)).collect()
    }

    fn new(expr: &Arc<dyn PhysicalExpr>, rows: &StoredRows) -> EngineResult<Conjunct> {
        let mut columns = Vec::new();
        let mut cost = 0;
        expr.apply(|part| {
            if let Some(column) = part.downcast_ref::<Column>() {
                let place = rows.schema.index_of(column.name())?;
                cost += match rows.columns.get(place).map(|column| column.ktype) {
                    Some(KqlType::Dynamic) => 64,
                    Some(KqlType::String | KqlType::Guid | KqlType::Decimal) => 4,
                    _ => 1,
                };
                if !columns.contains(&place) {
                    columns.push(place);
                }
            } else if part.downcast_ref::<ScalarFunctionExpr>().is_some() {
                cost += 16;
            } else if part.downcast_ref::<BinaryExpr>().is_some() {
                cost += 1;
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let schema = Arc::new(rows.schema.project(&columns)?);
        let expr = reassign_expr_columns(expr.clone(), &schema)?;
        Ok(Conjunct { expr, columns, cost, schema })
    }

    /// Evaluates the filter for rows: values of its columns, in their order.
    ///
    /// # Errors
    /// When it fails.
    pub fn evaluate(&self, values: Vec<ArrayRef>, n_rows: usize) -> EngineResult<Passed> {
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), values, &options)?;
        match self.expr.evaluate(&batch)? {
            ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))) => Ok(Passed::All),
            ColumnarValue::Scalar(ScalarValue::Boolean(_)) => Ok(Passed::None),
            ColumnarValue::Array(array) => {
                let Some(mask) = array.as_boolean_opt() else { return internal_err!("a filter is no bool") };
                let mask = if mask.null_count() > 0 { prep_null_mask_filter(mask) } else { mask.clone() };
                Ok(match mask.true_count() {
                    0 => Passed::None,
                    n if n == n_rows => Passed::All,
                    _ => Passed::Some(mask.values().clone()),
                })
            }
            ColumnarValue::Scalar(_) => internal_err!("a filter is no bool"),
        }
    }
}
