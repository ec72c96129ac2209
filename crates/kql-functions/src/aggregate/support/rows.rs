//! One chosen row per group, of any number of columns.
//!
//! A group refers to its row by (batch, row). Of each batch only the rows that some group chose are kept; rows whose
//! group has since chosen another are dropped when they outnumber the groups, so that what is held stays within about
//! twice the rows that groups refer to:
//!
//! ```text
//! batch ─choose─► winners ─take─► kept batches ─(rows > 2 × groups + slack)─► interleave ─► one batch
//! ```

use super::per_group::take_first;
use crate::args::{EvalError, array_of};
use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{interleave, take};
use arrow::datatypes::DataType;
use schema::{KqlType, Value};
use std::sync::Arc;

/// Dropped rows tolerated beyond twice the number of groups: a few batches, so that few groups do not compact each time.
const SLACK_ROWS: usize = 4 * 8192;

/// Where a group's row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    batch: u32,
    row: u32,
}

const NOWHERE: Place = Place { batch: u32::MAX, row: u32::MAX };

/// The chosen rows of all groups.
pub struct Rows {
    ktypes: Vec<KqlType>,
    batches: Vec<Vec<ArrayRef>>,
    places: Vec<Place>,
    kept_rows: usize,
    kept_bytes: usize,
}

impl Rows {
    /// Makes a store of rows with columns of these types.
    pub fn new(ktypes: Vec<KqlType>) -> Rows {
        Rows { ktypes, batches: Vec::new(), places: Vec::new(), kept_rows: 0, kept_bytes: 0 }
    }

    /// Makes room for groups.
    pub fn grow(&mut self, n_groups: usize) {
        if n_groups > self.places.len() {
            self.places.resize(n_groups, NOWHERE);
        }
    }

    /// Offers each row of a batch to its group; the group takes it where `wins` says so. `wins` is given the group, the
    /// row, and the batch and row that the group holds, if it holds one.
    ///
    /// # Errors
    /// When Arrow cannot copy the rows.
    pub fn offer(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        mut wins: impl FnMut(usize, usize, Option<(&[ArrayRef], usize)>) -> bool,
    ) -> Result<(), EvalError> {
        let this = self.batches.len() as u32;
        for (row, group) in groups.iter().enumerate() {
            let place = self.places[*group];
            let held = if place == NOWHERE {
                None
            } else if place.batch == this {
                Some((columns, place.row as usize))
            } else {
                Some((self.batches[place.batch as usize].as_slice(), place.row as usize))
            };
            if wins(*group, row, held) {
                self.places[*group] = Place { batch: this, row: row as u32 };
            }
        }
        self.keep(columns, groups, this)
    }

    /// Keeps the rows of the batch that groups refer to.
    fn keep(&mut self, columns: &[ArrayRef], groups: &[usize], this: u32) -> Result<(), EvalError> {
        let is_winner = |row: usize| self.places[groups[row]] == Place { batch: this, row: row as u32 };
        let winners: Vec<u32> = (0..groups.len()).filter(|row| is_winner(*row)).map(|row| row as u32).collect();
        if winners.is_empty() {
            return Ok(());
        }
        // Nearly whole batches are kept as they are, until the next compaction.
        let kept = if winners.len() * 4 >= groups.len() * 3 {
            self.kept_rows += groups.len();
            columns.to_vec()
        } else {
            for (new_row, row) in winners.iter().enumerate() {
                self.places[groups[*row as usize]].row = new_row as u32;
            }
            self.kept_rows += winners.len();
            let indices = UInt32Array::from(winners);
            columns
                .iter()
                .map(|column| take(column, &indices, None).map(compact).map_err(arrow_error))
                .collect::<Result<_, _>>()?
        };
        self.kept_bytes += bytes(&kept);
        self.batches.push(kept);
        self.compact_if_worthwhile()
    }

    fn compact_if_worthwhile(&mut self) -> Result<(), EvalError> {
        if self.kept_rows > 2 * self.places.len() + SLACK_ROWS { self.compact() } else { Ok(()) }
    }

    /// Copies the rows that groups refer to into one batch.
    fn compact(&mut self) -> Result<(), EvalError> {
        let held: Vec<usize> = (0..self.places.len()).filter(|group| self.places[*group] != NOWHERE).collect();
        let indices: Vec<(usize, usize)> = held.iter().map(|group| self.places[*group].indices()).collect();
        let batch = self.gather(&indices)?;
        for (row, group) in held.iter().enumerate() {
            self.places[*group] = Place { batch: 0, row: row as u32 };
        }
        self.kept_rows = held.len();
        self.kept_bytes = bytes(&batch);
        self.batches = vec![batch];
        Ok(())
    }

    fn gather(&self, indices: &[(usize, usize)]) -> Result<Vec<ArrayRef>, EvalError> {
        let column = |i: usize| {
            let parts: Vec<&dyn Array> = self.batches.iter().map(|batch| batch[i].as_ref()).collect();
            interleave(&parts, indices).map(compact).map_err(arrow_error)
        };
        (0..self.ktypes.len()).map(column).collect()
    }

    /// Returns whether a group holds a row.
    pub fn holds(&self, group: usize) -> bool {
        self.places.get(group).is_some_and(|place| *place != NOWHERE)
    }

    /// Returns the number of groups.
    pub fn n_groups(&self) -> usize {
        self.places.len()
    }

    /// Takes out the rows of the first `n` groups, all when `None`, one array per column. A group without a row gives
    /// nulls (empty strings in columns of type string).
    ///
    /// # Errors
    /// When Arrow cannot copy the rows.
    pub fn take_out(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let places = take_first(&mut self.places, n);
        if self.batches.is_empty() || places.contains(&NOWHERE) {
            let nothing = |ktype: &KqlType| array_of(*ktype, std::iter::once(Value::null(*ktype)));
            self.batches.push(self.ktypes.iter().map(nothing).collect());
        }
        let nothing = self.batches.len() - 1;
        let indices: Vec<(usize, usize)> =
            places.iter().map(|place| if *place == NOWHERE { (nothing, 0) } else { place.indices() }).collect();
        let out = self.gather(&indices)?;
        if self.places.is_empty() {
            self.batches.clear();
            (self.kept_rows, self.kept_bytes) = (0, 0);
        } else {
            self.compact_if_worthwhile()?;
        }
        Ok(out)
    }

    /// Returns the bytes held, roughly.
    pub fn size(&self) -> usize {
        self.kept_bytes + self.places.capacity() * size_of::<Place>()
    }
}

impl Place {
    fn indices(self) -> (usize, usize) {
        (self.batch as usize, self.row as usize)
    }
}

/// Copies the strings of a column of views, which else would keep alive all strings of the batches it came from.
fn compact(array: ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        _ => array,
    }
}

fn bytes(columns: &[ArrayRef]) -> usize {
    columns.iter().map(|column| column.get_array_memory_size()).sum()
}

fn arrow_error(error: arrow::error::ArrowError) -> EvalError {
    EvalError::new(format!("cannot copy rows: {error}"))
}
