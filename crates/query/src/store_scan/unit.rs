//! Reading one unit: which of its rows pass, then the columns of those rows.

use super::StoredRows;
use super::conjunct::{Conjunct, Passed};
use crate::store_table::{LOG_ENTRY_COLUMN, SEAL_TIME_COLUMN, file_name};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, RecordBatch, RecordBatchOptions};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{FilterBuilder, cast, concat, filter};
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::common::{Result as EngineResult, internal_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::physical_plan::metrics::Count;
use extents::{ColumnCache, ExtentFile, Found, PIECE_ROWS, Pieces, Want};
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use schema::{Column, KqlType};
use std::cell::LazyCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// One row in so many: what is decoded of no more than that is kept, for it is asked for again.
const FEW: usize = 8;

/// Where a unit's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a row group of one of the files.
    File { file: usize, row_group: usize },
    /// In one of the batches in memory.
    Memory(usize),
}

/// Rows that are looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub place: Place,
    /// The rows of the row group, or of the batch.
    pub rows: Range<usize>,
    /// Those of the rows that may match, counted from the first; `None` when all may.
    pub wanted: Option<Vec<Range<usize>>>,
}

impl Unit {
    /// Returns how many rows may match.
    pub fn n_wanted(&self) -> usize {
        self.wanted.as_ref().map_or(self.rows.len(), |wanted| wanted.iter().map(Range::len).sum())
    }
}

/// Reads units of one partition.
pub struct Reader {
    pub rows: Arc<StoredRows>,
    pub projection: Vec<usize>,
    pub conjuncts: Vec<Conjunct>,
    pub schema: SchemaRef,
    pub cache: Arc<ColumnCache>,
    /// The query's number with the cache.
    pub query: u64,
    /// Bytes read from files.
    pub n_bytes: Count,
}

/// Values of a column.
#[derive(Clone)]
enum Values {
    /// Of all rows of the unit.
    All(ArrayRef),
    /// Of the rows that passed so far.
    Passed(ArrayRef),
}

/// The rows of a unit that passed so far.
struct Mask {
    n_rows: usize,
    /// `None` when all did.
    passed: Option<BooleanBuffer>,
    n_passed: usize,
}

impl Reader {
    /// Returns the rows of a unit that pass all filters.
    ///
    /// # Errors
    /// When a file is not what was sealed or cannot be read, or a filter fails.
    pub fn read(&self, unit: &Unit) -> EngineResult<RecordBatch> {
        let mut mask = Mask::new(unit);
        let mut seen: HashMap<usize, Values> = HashMap::new();
        for conjunct in &self.conjuncts {
            let missing = conjunct.columns.iter().copied().filter(|place| !seen.contains_key(place));
            for place in missing.collect::<Vec<_>>() {
                let values = self.columns(unit, &[place], &mask)?;
                seen.extend(std::iter::once(place).zip(values));
            }
            let values = conjunct.columns.iter().filter_map(|place| seen.get(place));
            // Where few rows are left, only they are looked at.
            let only_passed =
                mask.n_passed * 2 < mask.n_rows || values.clone().any(|values| matches!(values, Values::Passed(_)));
            let passed = if only_passed && mask.passed.is_some() {
                let arrays = values.map(|values| mask.passed_of(values)).collect::<EngineResult<Vec<_>>>()?;
                let passed = conjunct.evaluate(arrays, mask.n_passed)?;
                if let Passed::Some(passed) = &passed {
                    for values in seen.values_mut() {
                        if let Values::Passed(array) = values {
                            *array = filter(array, &BooleanArray::new(passed.clone(), None))?;
                        }
                    }
                    mask.refine(passed);
                }
                passed
            } else {
                let arrays = values.map(|values| match values {
                    Values::All(array) | Values::Passed(array) => array.clone(),
                });
                let passed = conjunct.evaluate(arrays.collect(), mask.n_rows)?;
                if let Passed::Some(passed) = &passed {
                    mask.and(passed);
                }
                passed
            };
            if matches!(passed, Passed::None) || mask.n_passed == 0 {
                return Ok(RecordBatch::new_empty(self.schema.clone()));
            }
        }
        self.output(unit, &mask, seen)
    }

    fn output(&self, unit: &Unit, mask: &Mask, mut seen: HashMap<usize, Values>) -> EngineResult<RecordBatch> {
        let missing: Vec<usize> = self.projection.iter().copied().filter(|place| !seen.contains_key(place)).collect();
        let values = self.columns(unit, &missing, mask)?;
        seen.extend(missing.into_iter().zip(values));
        let predicate = mask.passed.as_ref().map(|passed| {
            let passed = BooleanArray::new(passed.clone(), None);
            let builder = FilterBuilder::new(&passed);
            if self.projection.len() > 1 { builder.optimize().build() } else { builder.build() }
        });
        let arrays = self.projection.iter().filter_map(|place| seen.get(place)).map(|values| {
            Ok(match (values, &predicate) {
                (Values::All(array), Some(predicate)) => self.alone(predicate.filter(array)?, mask),
                (Values::Passed(array), _) => self.alone(array.clone(), mask),
                (Values::All(array), None) => array.clone(),
            })
        });
        let arrays = arrays.collect::<EngineResult<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(mask.n_passed));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?)
    }

    /// Copies the texts of few rows out of the buffers that they share with the others: whoever keeps the few would keep all.
    fn alone(&self, array: ArrayRef, mask: &Mask) -> ArrayRef {
        let Some(texts) = array.as_string_view_opt().filter(|_| mask.n_passed * 2 < mask.n_rows) else { return array };
        let n_bytes: usize = texts.data_buffers().iter().map(|buffer| buffer.len()).sum();
        if texts.total_buffer_bytes_used() * 2 < n_bytes { Arc::new(texts.gc()) } else { array }
    }

    /// Returns columns of the table: of all rows of the unit, or of those that passed.
    fn columns(&self, unit: &Unit, places: &[usize], mask: &Mask) -> EngineResult<Vec<Values>> {
        let columns = || places.iter().filter_map(|place| self.rows.columns.get(*place));
        // The time of the sealing follows from the entry, which is read in its place.
        let entry = Column::new(LOG_ENTRY_COLUMN, KqlType::Long);
        let read = columns().map(|column| if column.name == SEAL_TIME_COLUMN { &entry } else { column });
        let values = match unit.place {
            Place::Memory(batch) => {
                let batch = self.rows.snapshot.hot.get(batch);
                read.map(|column| in_memory(batch, column, &unit.rows)).collect::<EngineResult<Vec<_>>>()?
            }
            Place::File { file, row_group } => match self.rows.snapshot.files.get(file) {
                Some(file) => self.in_file(file, row_group, unit, &read.collect::<Vec<_>>(), mask)?,
                None => Vec::new(),
            },
        };
        let times = |entries: ArrayRef| -> ArrayRef {
            Arc::new(self.rows.snapshot.seal_times.of(entries.as_primitive::<Int64Type>()))
        };
        let values = values.into_iter().zip(columns()).map(|(values, column)| match values {
            Values::All(entries) if column.name == SEAL_TIME_COLUMN => Values::All(times(entries)),
            Values::Passed(entries) if column.name == SEAL_TIME_COLUMN => Values::Passed(times(entries)),
            values => values,
        });
        Ok(values.collect())
    }

    fn in_file(
        &self,
        file: &Arc<ExtentFile>,
        row_group: usize,
        unit: &Unit,
        columns: &[&Column],
        mask: &Mask,
    ) -> EngineResult<Vec<Values>> {
        let failed = |error| DataFusionError::External(Box::new(error));
        let group_rows = file.row_group_sizes().nth(row_group).unwrap_or(0);
        let selection = LazyCell::new(|| mask.selection(unit.rows.start, group_rows));
        let is_few = mask.passed.is_some() && mask.n_passed <= mask.n_rows / FEW;
        let mut found: Vec<Option<Values>> = Vec::with_capacity(columns.len());
        // Columns that are decoded in part are decoded together.
        let mut parts: Vec<(usize, KqlType)> = Vec::new();
        for column in columns {
            let Some(place) = file.place_of(file_name(&column.name)) else {
                found.push(Some(Values::All(column.ktype.empty_column(unit.rows.len()))));
                continue;
            };
            let decoded_rows = mask.decoded_rows(file.page_rows(row_group, place));
            let is_most = decoded_rows * 2 >= mask.n_rows;
            let want = Want { row_group, place, n_rows: group_rows, decoded_rows, is_most };
            found.push(match self.cache.look(self.query, file, want, || is_few.then(|| &*selection)) {
                Found::Kept(pieces) => Some(mask.of_pieces(&pieces, &unit.rows)?),
                Found::KeptPart(values) => Some(Values::Passed(values)),
                Found::Load => {
                    self.count(file, row_group, place, group_rows, group_rows);
                    let pieces: Pieces = file.decode(row_group, place, column.ktype).map_err(failed)?.into();
                    self.cache.keep(file, row_group, place, &pieces);
                    Some(mask.of_pieces(&pieces, &unit.rows)?)
                }
                later @ (Found::Later | Found::Pass) => {
                    if matches!(later, Found::Later) {
                        self.cache.load_later(file, row_group, place, column.ktype);
                    }
                    self.count(file, row_group, place, decoded_rows, group_rows);
                    parts.push((place, column.ktype));
                    None
                }
            });
        }
        if parts.is_empty() {
            return Ok(found.into_iter().flatten().collect());
        }
        let decoded = file.decode_some(row_group, &parts, selection.clone()).map_err(failed)?;
        let mut decoded = parts.iter().zip(decoded).map(|((place, _), values)| {
            if mask.passed.is_none() {
                return Values::All(values);
            }
            let values = self.alone(values, mask);
            if is_few {
                self.cache.keep_part(file, row_group, *place, &selection, &values);
            }
            Values::Passed(values)
        });
        Ok(found.into_iter().filter_map(|values| values.or_else(|| decoded.next())).collect())
    }

    fn count(&self, file: &ExtentFile, row_group: usize, place: usize, n_rows: usize, group_rows: usize) {
        let (n_bytes, _) = file.column_bytes(row_group, place);
        let n_bytes = u128::from(n_bytes) * n_rows as u128 / group_rows.max(1) as u128;
        self.n_bytes.add(usize::try_from(n_bytes).unwrap_or(usize::MAX));
    }
}

fn part_of(array: &ArrayRef, rows: &Range<usize>) -> ArrayRef {
    let first = rows.start.min(array.len());
    array.slice(first, rows.len().min(array.len() - first))
}

fn in_memory(batch: Option<&RecordBatch>, column: &Column, rows: &Range<usize>) -> EngineResult<Values> {
    let array = batch.and_then(|batch| batch.column_by_name(file_name(&column.name)));
    Ok(match array {
        Some(array) => {
            let array = part_of(array, rows);
            let is_same = *array.data_type() == column.ktype.arrow();
            Values::All(if is_same { array } else { cast(&array, &column.ktype.arrow())? })
        }
        None => Values::All(column.ktype.empty_column(rows.len())),
    })
}

impl Mask {
    fn new(unit: &Unit) -> Mask {
        let n_rows = unit.rows.len();
        let passed = unit.wanted.as_ref().map(|wanted| {
            let mut bits = BooleanBufferBuilder::new(n_rows);
            for range in wanted {
                bits.append_n(range.start.saturating_sub(bits.len()), false);
                bits.append_n(range.end.min(n_rows).saturating_sub(bits.len()), true);
            }
            bits.append_n(n_rows - bits.len(), false);
            bits.finish()
        });
        Mask { n_rows, n_passed: unit.n_wanted(), passed }
    }

    /// Leaves out rows of all.
    fn and(&mut self, passed: &BooleanBuffer) {
        let passed = match &self.passed {
            Some(before) => before & passed,
            None => passed.clone(),
        };
        self.n_passed = passed.count_set_bits();
        self.passed = Some(passed);
    }

    /// Leaves out rows of those that passed so far.
    fn refine(&mut self, passed: &BooleanBuffer) {
        let Some(before) = &self.passed else { return self.and(passed) };
        let mut bits = BooleanBufferBuilder::new(self.n_rows);
        bits.append_n(self.n_rows, false);
        for (row, passed) in before.set_indices().zip(passed.iter()) {
            if passed {
                bits.set_bit(row, true);
            }
        }
        self.n_passed = passed.count_set_bits();
        self.passed = Some(bits.finish());
    }

    /// Returns rows of a row group's column: of all rows of a unit that lies in one piece, otherwise of those that passed.
    fn of_pieces(&self, pieces: &Pieces, rows: &Range<usize>) -> EngineResult<Values> {
        let (first, last) = (rows.start / PIECE_ROWS, rows.end.saturating_sub(1) / PIECE_ROWS);
        let piece = |idx: usize| pieces.get(idx).ok_or_else(|| internal_datafusion_err!("a column lacks rows"));
        if first == last {
            let from = rows.start - first * PIECE_ROWS;
            return Ok(Values::All(part_of(piece(first)?, &(from..from + rows.len()))));
        }
        let mut parts = Vec::new();
        for idx in first..=last {
            let begin = (idx * PIECE_ROWS).max(rows.start);
            let end = ((idx + 1) * PIECE_ROWS).min(rows.end);
            let part = part_of(piece(idx)?, &(begin - idx * PIECE_ROWS..end - idx * PIECE_ROWS));
            parts.push(match &self.passed {
                None => part,
                Some(passed) => {
                    let passed = passed.slice(begin - rows.start, end - begin);
                    if !passed.has_true() {
                        continue;
                    }
                    filter(&part, &BooleanArray::new(passed, None))?
                }
            });
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        let joined = concat(&parts)?;
        Ok(if self.passed.is_none() { Values::All(joined) } else { Values::Passed(joined) })
    }

    fn passed_of(&self, values: &Values) -> EngineResult<ArrayRef> {
        Ok(match (values, &self.passed) {
            (Values::All(array), Some(passed)) => filter(array, &BooleanArray::new(passed.clone(), None))?,
            (Values::All(array) | Values::Passed(array), _) => array.clone(),
        })
    }

    /// Returns how many rows are decoded for those that passed, as pages are decoded whole.
    fn decoded_rows(&self, page_rows: usize) -> usize {
        let Some(passed) = &self.passed else { return self.n_rows };
        let (mut n_pages, mut last) = (0, usize::MAX);
        for (first, _) in passed.set_slices() {
            // The pages of a run beside its first are few.
            if first / page_rows.max(1) != last {
                last = first / page_rows.max(1);
                n_pages += 1;
            }
        }
        (n_pages * page_rows).max(self.n_passed).min(self.n_rows)
    }

    /// Returns the rows that passed as a selection of a row group's rows, of which the unit's begin at `first`.
    fn selection(&self, first: usize, group_rows: usize) -> RowSelection {
        let mut selectors = vec![RowSelector::skip(first)];
        let mut at = 0;
        let whole = BooleanBuffer::new_set(if self.passed.is_none() { self.n_rows } else { 0 });
        for (from, to) in self.passed.as_ref().unwrap_or(&whole).set_slices() {
            selectors.push(RowSelector::skip(from - at));
            selectors.push(RowSelector::select(to - from));
            at = to;
        }
        selectors.push(RowSelector::skip(group_rows.saturating_sub(first + at)));
        selectors.retain(|selector| selector.row_count > 0);
        RowSelection::from(selectors)
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "one range is meant, not its numbers")]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use arrow::datatypes::Int64Type;

    fn unit(rows: Range<usize>, wanted: Option<Vec<Range<usize>>>) -> Unit {
        Unit { place: Place::Memory(0), rows, wanted }
    }

    fn numbers(values: &ArrayRef) -> Vec<i64> {
        values.as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn rows_are_left_out_step_by_step() {
        let mut mask = Mask::new(&unit(100..110, Some(vec![1..3, 5..9])));
        assert_eq!((mask.n_rows, mask.n_passed), (10, 6));
        mask.refine(&BooleanBuffer::from(vec![true, false, true, true, false, true]));
        assert_eq!(mask.passed.as_ref().map(|passed| passed.set_indices().collect()), Some(vec![1, 5, 6, 8]));
        mask.and(&BooleanBuffer::collect_bool(10, |row| row != 6));
        assert_eq!(
            (mask.passed.as_ref().map(|passed| passed.set_indices().collect()), mask.n_passed),
            (Some(vec![1, 5, 8]), 3)
        );
        let selected: Vec<(bool, usize)> =
            mask.selection(100, 200).iter().map(|selector| (selector.skip, selector.row_count)).collect();
        let expected = [(true, 101), (false, 1), (true, 3), (false, 1), (true, 2), (false, 1), (true, 91)];
        assert_eq!(selected, expected);
        let mut all = Mask::new(&unit(0..10, None));
        let skips: Vec<bool> = all.selection(0, 10).iter().map(|selector| selector.skip).collect();
        assert_eq!(skips, [false]);
        all.refine(&BooleanBuffer::collect_bool(10, |row| row < 4));
        assert_eq!(all.n_passed, 4);
    }

    #[test]
    fn pages_are_counted_once() {
        let wanted = vec![0..1, 4000..4001, 4096..4097, 9000..9001];
        assert_eq!(Mask::new(&unit(0..16_384, Some(wanted))).decoded_rows(4_096), 3 * 4_096);
        assert_eq!(Mask::new(&unit(0..16_384, None)).decoded_rows(4_096), 16_384);
        assert_eq!(Mask::new(&unit(0..100, Some(vec![3..4]))).decoded_rows(4_096), 100);
    }

    #[test]
    fn pieces_give_the_rows_that_passed() {
        let n = PIECE_ROWS as i64;
        let piece = |from: i64, to: i64| Arc::new(Int64Array::from_iter_values(from..to)) as ArrayRef;
        let pieces: Pieces = vec![piece(0, n), piece(n, 2 * n), piece(2 * n, 2 * n + 5)].into();
        let group = 0..2 * PIECE_ROWS + 5;
        let wanted = vec![7..9, PIECE_ROWS - 1..PIECE_ROWS + 1, group.end - 1..group.end];
        let mask = Mask::new(&unit(group.clone(), Some(wanted)));
        let Ok(Values::Passed(found)) = mask.of_pieces(&pieces, &group) else { panic!("rows of several pieces") };
        assert_eq!(numbers(&found), [7, 8, n - 1, n, 2 * n + 4]);
        let last = 2 * PIECE_ROWS..2 * PIECE_ROWS + 5;
        let Ok(Values::All(found)) = Mask::new(&unit(last.clone(), None)).of_pieces(&pieces, &last) else {
            panic!("a unit of one piece")
        };
        assert_eq!(numbers(&found), (2 * n..2 * n + 5).collect::<Vec<_>>());
        let beyond = 3 * PIECE_ROWS..4 * PIECE_ROWS;
        assert!(Mask::new(&unit(beyond.clone(), None)).of_pieces(&pieces, &beyond).is_err());
    }
}
