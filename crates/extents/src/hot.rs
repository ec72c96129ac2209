//! The hot tail: records that are in the write-ahead log and in no file yet.
//!
//! Batches may be tiny and many. Their rows are kept in chunks, and neighbouring small chunks are joined as they come, so that each row
//! is copied a few times at most.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use schema::Column;
use tlog::entry::SeqRange;

use crate::columns::{BATCH_COLUMN, POSITION_COLUMN};

/// Rows of a chunk that is joined with its neighbour.
const SMALL_ROWS: usize = 2_048;
/// Buffers of texts in a column beyond which they are copied into one.
const BUFFERS_MAX: usize = 16;

/// A batch in the hot tail, without its rows.
#[derive(Clone)]
pub struct HotBatch {
    /// Its index in the log.
    pub entry: u64,
    pub records: SeqRange,
    pub schema_id: u32,
    /// What its leaves were made with.
    pub leaf_material: Arc<[u8]>,
    /// When it came, in ticks.
    pub since: i64,
}

/// The records of a table that are in no file.
#[derive(Default)]
pub struct HotTail {
    pub batches: Vec<HotBatch>,
    /// Rows with `_batch` and `_pos`, in the order of batches.
    chunks: Vec<RecordBatch>,
    n_rows: usize,
    n_bytes: usize,
}

impl HotTail {
    /// Returns the number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Returns the bytes of memory that the rows take, about.
    pub fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// Returns the rows as they are, in the order of batches. Columns in which nothing is may be missing.
    pub fn chunks(&self) -> &[RecordBatch] {
        &self.chunks
    }

    /// Adds a batch. Its rows need have only the columns in which something is.
    ///
    /// # Errors
    /// When the columns cannot be put beside each other, a fault of ours.
    pub fn push(&mut self, batch: HotBatch, rows: &RecordBatch) -> Result<(), ArrowError> {
        let rows = with_places(rows, batch.entry)?;
        self.n_rows += rows.num_rows();
        self.n_bytes += used_bytes(&rows);
        self.batches.push(batch);
        self.chunks.push(rows);
        Ok(())
    }

    /// Joins small chunks with their neighbours that have the same columns.
    ///
    /// # Errors
    /// When they cannot be joined, a fault of ours; then they stay as they are.
    pub fn settle(&mut self) -> Result<(), ArrowError> {
        while let [.., before, last] = self.chunks.as_slice() {
            let is_small = before.num_rows() <= SMALL_ROWS && last.num_rows() * 2 >= before.num_rows();
            if !is_small || last.num_rows() > SMALL_ROWS || before.schema_ref() != last.schema_ref() {
                break;
            }
            let bytes_before = used_bytes(before) + used_bytes(last);
            let joined = compact(&concat_batches(before.schema_ref(), [before, last])?, BUFFERS_MAX)?;
            self.n_bytes = (self.n_bytes + used_bytes(&joined)).saturating_sub(bytes_before);
            self.chunks.truncate(self.chunks.len() - 2);
            self.chunks.push(joined);
        }
        Ok(())
    }

    /// Removes the first `n_batches` batches with their rows, and returns what held the rows: to give all of it back takes a while.
    pub fn remove_first(&mut self, n_batches: usize) -> Vec<RecordBatch> {
        let n_batches = n_batches.min(self.batches.len());
        let n_rows = self.batches.drain(..n_batches).map(|batch| batch.records.count as usize).sum::<usize>();
        let (mut left, mut n_gone) = (n_rows, 0);
        for chunk in &self.chunks {
            if chunk.num_rows() > left {
                break;
            }
            left -= chunk.num_rows();
            n_gone += 1;
        }
        let gone: Vec<RecordBatch> = self.chunks.drain(..n_gone).collect();
        if let Some(first) = self.chunks.first_mut().filter(|_| left > 0) {
            *first = first.slice(left, first.num_rows() - left);
        }
        self.n_rows -= n_rows.min(self.n_rows);
        self.n_bytes = self.chunks.iter().map(used_bytes).sum();
        gone
    }

    /// Returns the rows of some batches, as they are.
    pub fn chunks_of(&self, batches: Range<usize>) -> Vec<RecordBatch> {
        let n_rows = |batches: Option<&[HotBatch]>| {
            batches.unwrap_or_default().iter().map(|batch| batch.records.count as usize).sum::<usize>()
        };
        let end = batches.end.min(self.batches.len());
        let (mut before, mut left) =
            (n_rows(self.batches.get(..batches.start)), n_rows(self.batches.get(batches.start..end)));
        let mut chunks = Vec::new();
        for chunk in &self.chunks {
            let n_skipped = before.min(chunk.num_rows());
            before -= n_skipped;
            let n_taken = left.min(chunk.num_rows() - n_skipped);
            left -= n_taken;
            if n_taken > 0 {
                chunks.push(chunk.slice(n_skipped, n_taken));
            }
        }
        chunks
    }
}

/// Returns chunks of the hot tail as one, with those of `columns` in which something is.
///
/// # Errors
/// When they cannot be joined, a fault of ours.
pub fn join_chunks(chunks: &[RecordBatch], columns: &[Column]) -> Result<RecordBatch, ArrowError> {
    let is_there = |column: &&Column| chunks.iter().any(|chunk| chunk.column_by_name(&column.name).is_some());
    let columns: Vec<Column> = columns.iter().filter(is_there).cloned().collect();
    let parts = chunks.iter().map(|chunk| with_columns(chunk, &columns)).collect::<Result<Vec<_>, _>>()?;
    concat_batches(&row_schema(&columns), &parts)
}

/// Returns the bytes that the values of rows take; what is only set aside for more does not count.
fn used_bytes(rows: &RecordBatch) -> usize {
    let column = |array: &ArrayRef| match array.as_string_view_opt() {
        Some(texts) => texts.views().len() * 16 + texts.data_buffers().iter().map(|buffer| buffer.len()).sum::<usize>(),
        None => array.len() * array.data_type().primitive_width().unwrap_or(1),
    };
    rows.columns().iter().map(column).sum()
}

/// Returns the schema of rows with their places.
pub fn row_schema(columns: &[Column]) -> SchemaRef {
    let own = columns.iter().map(|column| Field::new(&column.name, column.ktype.arrow(), true));
    let places = [(BATCH_COLUMN, DataType::Int64), (POSITION_COLUMN, DataType::Int32)];
    let places = places.into_iter().map(|(name, data_type)| Field::new(name, data_type, false));
    Arc::new(Schema::new(own.chain(places).collect::<Vec<_>>()))
}

fn with_places(rows: &RecordBatch, entry: u64) -> Result<RecordBatch, ArrowError> {
    let n_rows = rows.num_rows();
    let too_large = |_| ArrowError::InvalidArgumentError("a batch has too many records".to_string());
    let (entry, end) = (i64::try_from(entry).map_err(too_large)?, i32::try_from(n_rows).map_err(too_large)?);
    let mut fields: Vec<Field> = rows.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut columns = rows.columns().to_vec();
    fields.push(Field::new(BATCH_COLUMN, DataType::Int64, false));
    columns.push(Arc::new(Int64Array::from(vec![entry; n_rows])) as ArrayRef);
    fields.push(Field::new(POSITION_COLUMN, DataType::Int32, false));
    columns.push(Arc::new(Int32Array::from_iter_values(0..end)));
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

/// Brings rows to exactly these columns and their places; those that the rows lack are without values.
///
/// # Errors
/// When the rows have no places, or a column of another type.
pub fn with_columns(rows: &RecordBatch, columns: &[Column]) -> Result<RecordBatch, ArrowError> {
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len() + 2);
    for column in columns {
        let array = rows.column_by_name(&column.name).cloned();
        arrays.push(array.unwrap_or_else(|| column.ktype.empty_column(rows.num_rows())));
    }
    for name in [BATCH_COLUMN, POSITION_COLUMN] {
        let place = rows.column_by_name(name).cloned();
        arrays.push(place.ok_or_else(|| ArrowError::SchemaError(format!("there is no column `{name}`")))?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(row_schema(columns), arrays, &options)
}

/// Copies texts that lie in more than `buffers_max` buffers into one, which then holds nothing else.
///
/// # Errors
/// When the columns cannot be put together again, a fault of ours.
pub fn compact(rows: &RecordBatch, buffers_max: usize) -> Result<RecordBatch, ArrowError> {
    let columns = rows.columns().iter().map(|column| match column.as_string_view_opt() {
        Some(texts) if texts.data_buffers().len() > buffers_max => Arc::new(texts.gc()) as ArrayRef,
        _ => column.clone(),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(rows.schema(), columns.collect(), &options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringViewArray;
    use schema::KqlType;

    fn rows(values: std::ops::Range<i64>) -> RecordBatch {
        let texts = StringViewArray::from_iter_values(
            values.clone().map(|value| format!("a text that is long enough {value}")),
        );
        let arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(values)), Arc::new(texts)];
        let schema =
            Schema::new(vec![Field::new("N", DataType::Int64, true), Field::new("S", DataType::Utf8View, true)]);
        RecordBatch::try_new(Arc::new(schema), arrays).expect("rows")
    }

    #[test]
    fn rows_stay_in_order_however_they_are_joined() {
        let mut hot = HotTail::default();
        let mut next = 0;
        for n in 0..200_u64 {
            let count = 1 + n % 5;
            let batch = HotBatch {
                entry: n * 2,
                records: SeqRange { first: next, count },
                schema_id: 1,
                leaf_material: Arc::from([]),
                since: 0,
            };
            hot.push(batch, &rows(next as i64..(next + count) as i64)).expect("pushed");
            hot.settle().expect("settled");
            next += count;
        }
        assert!(hot.chunks().len() < 10, "{}", hot.chunks().len());
        assert_eq!(hot.n_rows(), next as usize);
        let columns =
            [Column::new("N", KqlType::Long), Column::new("S", KqlType::String), Column::new("Late", KqlType::String)];
        let all = join_chunks(&hot.chunks_of(0..usize::MAX), &columns).expect("rows");
        let numbers = all.column(0).as_primitive::<arrow::datatypes::Int64Type>();
        assert!(numbers.values().iter().copied().eq(0..next as i64));
        let places = (
            all.column(2).as_primitive::<arrow::datatypes::Int64Type>().value(6),
            all.column(3).as_primitive::<arrow::datatypes::Int32Type>().value(6),
        );
        assert_eq!(places, (6, 0), "the fourth batch begins at the seventh row");
        let some = join_chunks(&hot.chunks_of(100..102), &columns).expect("rows");
        let numbers = some.column(0).as_primitive::<arrow::datatypes::Int64Type>();
        assert_eq!(numbers.values().as_ref(), [300, 301, 302], "batches of one and two after 100 of three on average");
        let gone: usize = hot.remove_first(150).iter().map(RecordBatch::num_rows).sum();
        assert!(gone <= 450, "what is left of a chunk stays: {gone}");
        let rest = join_chunks(&hot.chunks_of(0..usize::MAX), &columns).expect("rows");
        assert_eq!((hot.batches.len(), rest.num_rows(), hot.n_rows()), (50, 150, 150));
        assert_eq!(rest.column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0), 450);
    }
}
