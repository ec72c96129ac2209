//! Comparison of reals as IEEE 754 says: NaN equals nothing, not even itself, and the two zeros are equal. The engine's
//! own comparisons order all reals totally.

use crate::native::binary;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use kql::plan::SortKey;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Comparison {
    Eq,
    NotEq,
    Lt,
    LtEq,
    Gt,
    GtEq,
}

/// Compares two reals by the KQL operator `function`.
pub fn compare(function: &str, left: Expr, right: Expr) -> Expr {
    let comparison = match function {
        "==" => Comparison::Eq,
        "!=" => Comparison::NotEq,
        "<" => Comparison::Lt,
        "<=" => Comparison::LtEq,
        ">" => Comparison::Gt,
        _ => Comparison::GtEq,
    };
    ScalarUDF::new_from_impl(CompareReals { comparison, signature: Signature::any(2, Volatility::Immutable) })
        .call(vec![left, right])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CompareReals {
    comparison: Comparison,
    signature: Signature,
}

impl ScalarUDFImpl for CompareReals {
    fn name(&self) -> &str {
        match self.comparison {
            Comparison::Eq => "real_eq",
            Comparison::NotEq => "real_ne",
            Comparison::Lt => "real_lt",
            Comparison::LtEq => "real_le",
            Comparison::Gt => "real_gt",
            Comparison::GtEq => "real_ge",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return internal_err!("a comparison takes two arguments");
        };
        let constant = matches!((left, right), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let (left, right) = (Side::new(left)?, Side::new(right)?);
        let result = match self.comparison {
            Comparison::Eq => compare_rows(&left, &right, rows, |l, r| l == r),
            Comparison::NotEq => compare_rows(&left, &right, rows, |l, r| l != r),
            Comparison::Lt => compare_rows(&left, &right, rows, |l, r| l < r),
            Comparison::LtEq => compare_rows(&left, &right, rows, |l, r| l <= r),
            Comparison::Gt => compare_rows(&left, &right, rows, |l, r| l > r),
            Comparison::GtEq => compare_rows(&left, &right, rows, |l, r| l >= r),
        };
        let result = match self.comparison {
            Comparison::Eq => one_null(result, &left, &right, rows, false),
            Comparison::NotEq => one_null(result, &left, &right, rows, true),
            _ => BooleanArray::new(result, NullBuffer::union(left.nulls(rows).as_ref(), right.nulls(rows).as_ref())),
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(result)))
    }
}

/// A column of reals, or one real for all rows.
struct Side {
    array: Float64Array,
    scalar: bool,
}

impl Side {
    fn new(value: &ColumnarValue) -> EngineResult<Side> {
        let (array, scalar): (ArrayRef, bool) = match value {
            ColumnarValue::Array(array) => (array.clone(), false),
            ColumnarValue::Scalar(scalar) => (scalar.to_array()?, true),
        };
        match array.as_primitive_opt::<Float64Type>() {
            Some(reals) => Ok(Side { array: reals.clone(), scalar }),
            None => internal_err!("a real is {}", array.data_type()),
        }
    }

    fn nulls(&self, rows: usize) -> Option<NullBuffer> {
        if self.scalar {
            self.array.is_null(0).then(|| NullBuffer::new_null(rows))
        } else {
            self.array.nulls().cloned()
        }
    }
}

fn compare_rows(left: &Side, right: &Side, rows: usize, test: impl Fn(f64, f64) -> bool) -> BooleanBuffer {
    let (l, r) = (left.array.values(), right.array.values());
    match (left.scalar, right.scalar) {
        (false, false) => BooleanBuffer::collect_bool(rows, |row| test(l[row], r[row])),
        (false, true) => {
            let r = r[0];
            BooleanBuffer::collect_bool(rows, |row| test(l[row], r))
        }
        (true, false) => {
            let l = l[0];
            BooleanBuffer::collect_bool(rows, |row| test(l, r[row]))
        }
        (true, true) => BooleanBuffer::collect_bool(rows, |_| test(l[0], r[0])),
    }
}

/// Sets the rows in which one side is null to `value`, those in which both are to null.
fn one_null(result: BooleanBuffer, left: &Side, right: &Side, rows: usize, value: bool) -> BooleanArray {
    let (left, right) = (left.nulls(rows), right.nulls(rows));
    let Some(neither) = NullBuffer::union(left.as_ref(), right.as_ref()) else {
        return BooleanArray::new(result, None);
    };
    let result = if value { &result | &!neither.inner() } else { &result & neither.inner() };
    let both = match (left, right) {
        (Some(left), Some(right)) => Some(NullBuffer::new(left.inner() | right.inner())),
        _ => None,
    };
    BooleanArray::new(result, both)
}

/// Makes a sort key of which the engine's total order is Kusto's: NaN stands between the nulls and the numbers.
///
/// # Source
/// Kusto reference, "sort operator", special floating-point values.
pub fn sortable_real(expr: Expr, key: &SortKey) -> Expr {
    // Ascending with nulls first, or descending with nulls last, NaN is below every number.
    let nan_low = key.descending != key.nulls_first;
    // Adding zero makes one zero of the two.
    let expr = binary(expr, Operator::Plus, datafusion::logical_expr::lit(0.0_f64));
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(OrderNan { nan_low, signature }).call(vec![expr])
}

/// Replaces every NaN by the one that sorts lowest or highest.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OrderNan {
    nan_low: bool,
    signature: Signature,
}

impl ScalarUDFImpl for OrderNan {
    fn name(&self) -> &str {
        if self.nan_low { "nan_lowest" } else { "nan_highest" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let nan = if self.nan_low { -f64::NAN.abs() } else { f64::NAN.abs() };
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        match arrays.first().and_then(|array| array.as_primitive_opt::<Float64Type>()) {
            Some(reals) => {
                let ordered: Float64Array = reals.unary(|value| if value.is_nan() { nan } else { value });
                Ok(ColumnarValue::Array(Arc::new(ordered)))
            }
            None => internal_err!("a sort key is no real"),
        }
    }
}
