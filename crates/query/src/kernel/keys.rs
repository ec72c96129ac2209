//! Rows numbered by their keys: rows of equal keys get equal numbers, in the order in which keys appear.

use arrow::array::{ArrayRef, UInt64Array};
use arrow::row::{RowConverter, SortField};
use datafusion::common::Result as EngineResult;
use std::collections::HashMap;

/// Numbers keys as they come. A null key is a key like any other.
pub struct KeyNumbers {
    converter: RowConverter,
    numbers: HashMap<Box<[u8]>, usize>,
    key_bytes: usize,
}

impl KeyNumbers {
    /// Makes an empty numbering for keys of the columns' types.
    pub fn new(keys: &[ArrayRef]) -> EngineResult<KeyNumbers> {
        let fields = keys.iter().map(|key| SortField::new(key.data_type().clone())).collect();
        Ok(KeyNumbers { converter: RowConverter::new(fields)?, numbers: HashMap::new(), key_bytes: 0 })
    }

    /// Returns the number of each row's key.
    pub fn number(&mut self, keys: &[ArrayRef]) -> EngineResult<Vec<usize>> {
        let rows = self.converter.convert_columns(keys)?;
        let mut numbers = Vec::with_capacity(rows.num_rows());
        for row in &rows {
            let next = self.numbers.len();
            let number = match self.numbers.get(row.as_ref()) {
                Some(number) => *number,
                None => {
                    self.key_bytes += row.as_ref().len();
                    self.numbers.insert(row.as_ref().into(), next);
                    next
                }
            };
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// Returns how many different keys there were.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Returns the bytes held, roughly.
    pub fn held_bytes(&self) -> usize {
        self.key_bytes + self.numbers.capacity() * size_of::<(Box<[u8]>, usize)>()
    }
}

/// Returns for each group the positions of its rows, in order.
pub fn rows_by_group(numbers: &[usize], groups: usize) -> Vec<UInt64Array> {
    let mut rows: Vec<Vec<u64>> = vec![Vec::new(); groups];
    for (row, number) in numbers.iter().enumerate() {
        if let Some(group) = rows.get_mut(*number) {
            group.push(row as u64);
        }
    }
    rows.into_iter().map(UInt64Array::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};
    use std::sync::Arc;

    #[test]
    fn equal_keys_share_a_number_across_batches() {
        let batch = |texts: Vec<&str>, longs: Vec<Option<i64>>| -> Vec<ArrayRef> {
            vec![Arc::new(StringViewArray::from(texts)), Arc::new(Int64Array::from(longs))]
        };
        let first = batch(vec!["a", "a", "b"], vec![Some(1), None, Some(1)]);
        let second = batch(vec!["b", "a", "c"], vec![Some(1), None, None]);
        let mut keys = KeyNumbers::new(&first).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(keys.number(&first).ok(), Some(vec![0, 1, 2]));
        assert_eq!(keys.number(&second).ok(), Some(vec![2, 1, 3]));
        assert_eq!(rows_by_group(&[1, 0, 1], 2), vec![UInt64Array::from(vec![1]), UInt64Array::from(vec![0, 2])]);
    }
}
