//! `sample-distinct`: up to so many distinct values of a column, the first that come.
//!
//! # Source
//! Kusto reference, "sample-distinct operator"; it promises no fairness.

use crate::aggregate::support::pieces::{Keep, Pieces};
use crate::args::EvalError;
use crate::cells::Cells;
use arrow::array::{ArrayRef, UInt32Array};
use schema::KqlType;

/// The distinct values met so far.
pub struct SampleDistinct {
    count: usize,
    ktype: KqlType,
    /// Each value after a byte that tells it from null.
    seen: Pieces,
    scratch: Vec<u8>,
}

impl SampleDistinct {
    /// Starts a sample of `count` values of a type.
    pub fn new(count: usize, ktype: KqlType) -> SampleDistinct {
        let mut seen = Pieces::new(Keep::Distinct, usize::MAX);
        seen.grow(1);
        SampleDistinct { count, ktype, seen, scratch: Vec::new() }
    }

    /// Looks at the next rows of the column; returns those whose value is new and belongs to the sample. Null is a value
    /// like others.
    ///
    /// # Errors
    /// When the column is of another type, a fault of the plan.
    pub fn push(&mut self, column: &ArrayRef) -> Result<UInt32Array, EvalError> {
        let cells = Cells::new(column, self.ktype)?;
        let mut new = Vec::new();
        for row in 0..column.len() {
            if self.is_complete() {
                break;
            }
            self.scratch.clear();
            let scratch = &mut self.scratch;
            cells.with_bytes(row, |value| {
                scratch.push(1);
                scratch.extend_from_slice(value);
            });
            let before = self.seen.len();
            self.seen.add(0, &self.scratch, self.scratch.len())?;
            if self.seen.len() > before {
                new.push(row as u32);
            }
        }
        Ok(UInt32Array::from(new))
    }

    /// Returns whether the sample has as many values as it may, so that no more rows need be looked at.
    pub fn is_complete(&self) -> bool {
        self.seen.len() >= self.count
    }

    /// Returns the bytes held, roughly.
    pub fn size(&self) -> usize {
        self.seen.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::array_of;
    use schema::Value;

    #[test]
    fn new_values_until_there_are_enough() {
        let column = |values: &[Option<i64>]| {
            let value = |value: &Option<i64>| value.map_or(Value::Null(KqlType::Long), Value::Long);
            array_of(KqlType::Long, values.iter().map(value))
        };
        let mut sample = SampleDistinct::new(4, KqlType::Long);
        assert_eq!(sample.push(&column(&[Some(1), None, Some(1), None])).expect("longs").values().to_vec(), [0, 1]);
        assert!(!sample.is_complete());
        assert_eq!(sample.push(&column(&[Some(1), Some(0), Some(2), Some(3)])).expect("longs").values().to_vec(), [1, 2]);
        assert!(sample.is_complete());
        assert!(sample.push(&column(&[Some(9)])).expect("longs").is_empty());
    }
}
