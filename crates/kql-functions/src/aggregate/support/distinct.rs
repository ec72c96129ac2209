//! The distinct values of all groups, exactly: `count_distinct`.

use super::constants::first_type;
use super::pieces::{Keep, Pieces};
use crate::args::EvalError;
use crate::cells::Cells;
use crate::registry::{Accumulate, Accumulator, AggregateCall};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, LargeBinaryBuilder};
use arrow::datatypes::DataType;
use schema::KqlType;
use std::sync::Arc;

/// Distinct values that one aggregation holds at most, over all groups of a partition.
///
/// # Source
/// Kusto reference, "count_distinct()", note.
const VALUES_MAX: usize = 100_000_000;

/// Accumulators of `count_distinct`. A group's partial result is its values, each after its length in four bytes.
pub const COUNT_DISTINCT: Accumulate = Accumulate {
    make: |call| Ok(Box::new(Distinct { ktype: first_type(call), values: Pieces::new(Keep::Distinct, usize::MAX) })),
    state_types: |_: &AggregateCall| vec![DataType::LargeBinary],
};

struct Distinct {
    ktype: KqlType,
    values: Pieces,
}

impl Distinct {
    fn check(&self) -> Result<(), EvalError> {
        if self.values.len() > VALUES_MAX {
            return Err(EvalError::new(
                "`count_distinct` has met more than 100 million distinct values; `dcount` estimates",
            ));
        }
        Ok(())
    }
}

impl Accumulator for Distinct {
    fn update(&mut self, args: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.values.grow(n_groups);
        let cells = Cells::new(&args[0], self.ktype)?;
        for (row, group) in groups.iter().enumerate() {
            cells.with_bytes(row, |value| self.values.add(*group, value, value.len())).transpose()?;
        }
        self.check()
    }

    fn merge(&mut self, state: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.values.grow(n_groups);
        let array =
            state[0].as_binary_opt::<i64>().ok_or_else(|| EvalError::new("a partial result is of another type"))?;
        for (row, group) in groups.iter().enumerate() {
            let mut rest = if array.is_null(row) { &[] } else { array.value(row) };
            while let Some((len, after)) = rest.split_first_chunk::<4>() {
                let len = u32::from_le_bytes(*len) as usize;
                let (value, after) =
                    after.split_at_checked(len).ok_or_else(|| EvalError::new("a partial result is cut off"))?;
                self.values.add(*group, value, len)?;
                rest = after;
            }
        }
        self.check()
    }

    fn state(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let mut builder = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        self.values.take_out(n, |values| {
            bytes.clear();
            for value in values {
                bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
                bytes.extend_from_slice(value);
            }
            builder.append_value(&bytes);
            Ok(())
        })?;
        Ok(vec![Arc::new(builder.finish())])
    }

    fn evaluate(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let counts = self.values.take_counts(n);
        Ok(vec![Arc::new(Int64Array::from_iter_values(counts.into_iter().map(i64::from)))])
    }

    fn size(&self) -> usize {
        self.values.size()
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, run_one};
    use schema::{KqlType, Value};

    #[test]
    fn equal_values_count_once() {
        let cases = [
            (
                KqlType::Real,
                vec![Value::Real(0.0), Value::Real(-0.0), Value::Real(f64::NAN), Value::Real(-f64::NAN)],
                2,
            ),
            (
                KqlType::String,
                vec![Value::String("a".into()), Value::String(String::new()), Value::String("a".into())],
                2,
            ),
            (KqlType::Long, vec![Value::Long(1), Value::Null(KqlType::Long)], 1),
            (KqlType::Bool, vec![], 0),
        ];
        for (ktype, values, expected) in cases {
            for name in ["count_distinct", "dcount"] {
                assert_eq!(
                    run_one(name, &Rows::of_one(ktype, values.clone())),
                    Value::Long(expected),
                    "{name} of {values:?}"
                );
            }
        }
    }
}
