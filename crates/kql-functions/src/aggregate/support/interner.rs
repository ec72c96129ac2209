//! Distinct values, numbered in the order in which they came.

use crate::args::EvalError;
use crate::cells::Cells;
use crate::view_memo::ViewMemo;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Numbers values: equal values get the same number.
#[derive(Default)]
pub struct Interner {
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`.
    ends: Vec<usize>,
    /// Values by content: (hash, number).
    index: HashTable<(u32, u32)>,
    memo: ViewMemo<u32>,
    hasher: DefaultHashBuilder,
}

impl Interner {
    /// Returns the number of a value's bytes.
    ///
    /// # Errors
    /// When there are 2^32 values.
    pub fn number(&mut self, value: &[u8]) -> Result<u32, EvalError> {
        let Interner { bytes, ends, index, hasher, .. } = self;
        number(bytes, ends, index, hasher, value)
    }

    /// Calls `each` with every row that is not null and the number of its value.
    ///
    /// # Errors
    /// When there are 2^32 values, and those of `each`.
    pub fn each(
        &mut self,
        cells: &Cells<'_>,
        rows: usize,
        mut each: impl FnMut(usize, u32) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let Interner { bytes, ends, index, hasher, memo } = self;
        let texts = cells.texts();
        if let Some(texts) = texts {
            memo.start(texts);
        }
        for row in 0..rows {
            let number = match texts {
                Some(texts) => Some(memo.get(texts, row, |value| number(bytes, ends, index, hasher, value.as_bytes()))),
                None => cells.with_bytes(row, |value| number(bytes, ends, index, hasher, value)),
            };
            if let Some(number) = number {
                each(row, number?)?;
            }
        }
        Ok(())
    }

    /// Returns a value by its number.
    pub fn value(&self, number: u32) -> &[u8] {
        value_of(&self.bytes, &self.ends, number)
    }

    /// Returns the bytes held, roughly.
    pub fn size(&self) -> usize {
        self.bytes.capacity()
            + self.ends.capacity() * size_of::<usize>()
            + self.index.capacity() * size_of::<(u32, u32)>()
            + self.memo.size()
    }
}

fn value_of<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &bytes[start..ends[number]]
}

fn number(
    bytes: &mut Vec<u8>,
    ends: &mut Vec<usize>,
    index: &mut HashTable<(u32, u32)>,
    hasher: &DefaultHashBuilder,
    value: &[u8],
) -> Result<u32, EvalError> {
    let hash = hasher.hash_one(value);
    let tag = (hash >> 32) as u32;
    if let Some((_, number)) =
        index.find(hash, |(other, number)| *other == tag && value_of(bytes, ends, *number) == value)
    {
        return Ok(*number);
    }
    let new =
        u32::try_from(ends.len()).map_err(|_| EvalError::new("an aggregation has gathered more than 2^32 values"))?;
    bytes.extend_from_slice(value);
    ends.push(bytes.len());
    index.insert_unique(hash, (tag, new), |(_, number)| hasher.hash_one(value_of(bytes, ends, *number)));
    Ok(new)
}
