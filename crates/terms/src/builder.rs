//! Building an index.

use crate::bits::BitWriter;
use crate::column::{Column, Scratch};
use crate::error::IndexError;
use crate::layout::{ColumnHead, Head, Pair, Places, TextKind, buckets_for, directory_len, n_blocks, spare_bits};
use crate::postings;
use arrow::array::{Array, ArrayAccessor, AsArray};
use arrow::datatypes::DataType;
use xxhash_rust::xxh3::xxh3_64;

/// How an index is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Rows of a block, 64 to 65536. Small blocks make searches read less and the index larger.
    pub block_rows: u32,
    /// Pairs of a key and a block that are held at most, over all columns. When there are more, the column with the most pairs
    /// goes without an index. A pair takes 8 bytes, and up to 16 where space is kept for more. They are counted after each push.
    pub pairs_max: usize,
}

impl Default for Options {
    /// Blocks of 1024 rows; at most 64 Mi pairs, which is 512 MiB to 1 GiB.
    fn default() -> Options {
        Options { block_rows: 1024, pairs_max: 64 << 20 }
    }
}

/// Builds the index of an extent from its columns, in any order of pushing as long as each column's rows come in order.
///
/// Memory is what [`Options::pairs_max`] says and a few hundred kilobytes for each column.
#[derive(Debug)]
pub struct IndexBuilder {
    options: Options,
    columns: Vec<Column>,
    scratch: Scratch,
}

impl IndexBuilder {
    /// Starts an index without columns.
    ///
    /// # Errors
    /// The size of a block is out of bounds: the caller's fault.
    pub fn new(options: Options) -> Result<IndexBuilder, IndexError> {
        let block_rows = options.block_rows;
        n_blocks(0, block_rows).ok_or(IndexError::BlockRows { block_rows })?;
        Ok(IndexBuilder { options, columns: Vec::new(), scratch: Scratch::default() })
    }

    /// Declares a column of text. Columns that are not declared are not indexed.
    ///
    /// # Errors
    /// The column is declared already, or there are 65535 others: the caller's fault.
    pub fn column(&mut self, id: u16, kind: TextKind) -> Result<(), IndexError> {
        match self.columns.binary_search_by_key(&id, |column| column.id) {
            Ok(_) => Err(IndexError::ColumnTwice { column: id }),
            Err(_) if self.columns.len() >= usize::from(u16::MAX) => Err(IndexError::TooManyColumns),
            Err(at) => {
                self.columns.insert(at, Column::new(id, kind));
                Ok(())
            }
        }
    }

    /// Appends rows to a column: an array of texts, or a dictionary of texts. Null has no terms, as the empty text.
    ///
    /// # Errors
    /// The column is not declared, the array holds no texts, or the rows are too many: the caller's fault.
    pub fn push(&mut self, id: u16, array: &dyn Array) -> Result<(), IndexError> {
        let found = self.columns.binary_search_by_key(&id, |column| column.id).ok();
        let Some(column) = found.and_then(|at| self.columns.get_mut(at)) else {
            return Err(IndexError::UnknownColumn { column: id });
        };
        let rows = column.rows.saturating_add(array.len() as u64);
        n_blocks(rows, self.options.block_rows).ok_or(IndexError::TooManyRows { rows })?;
        let mut pusher = Pusher { column, block_rows: self.options.block_rows, scratch: &mut self.scratch };
        if let Some(dictionary) = array.as_any_dictionary_opt().filter(|dictionary| !dictionary.values().is_empty()) {
            let keys = dictionary.normalized_keys();
            let row_key = |row: usize| if array.is_null(row) { None } else { keys.get(row).copied() };
            match_texts(dictionary.values().as_ref(), &mut pusher, array.len(), Some(&row_key))
        } else if array.null_count() == array.len() {
            // Also a dictionary without values.
            Some(())
        } else {
            match_texts(array, &mut pusher, array.len(), None)
        }
        .ok_or_else(|| IndexError::NotText { column: id, found: array.data_type().to_string() })?;
        column.rows = rows;
        self.keep_bound();
        Ok(())
    }

    /// Gives columns up until no more pairs are held than may be.
    fn keep_bound(&mut self) {
        while self.columns.iter().map(|column| column.pairs.len()).sum::<usize>() > self.options.pairs_max {
            let Some(largest) = self.columns.iter_mut().max_by_key(|column| column.pairs.len()) else { return };
            largest.give_up();
        }
    }

    /// Returns the index's bytes.
    ///
    /// # Errors
    /// A column does not have so many rows: the caller's fault.
    pub fn finish(self, rows: u64) -> Result<Vec<u8>, IndexError> {
        if let Some(column) = self.columns.iter().find(|column| column.rows != rows) {
            return Err(IndexError::Rows { column: column.id, found: column.rows, rows });
        }
        let block_rows = self.options.block_rows;
        let n_blocks = n_blocks(rows, block_rows).ok_or(IndexError::TooManyRows { rows })?;
        let head_len = Head::len(self.columns.len());
        let mut heads = Vec::with_capacity(self.columns.len());
        let mut sections: Vec<u8> = Vec::new();
        for column in self.columns {
            let (id, kind, given_up) = (column.id, column.kind, column.given_up);
            let section = if given_up { None } else { Section::of(column.pairs, rows, n_blocks) };
            let place = section.and_then(|section| {
                let offset = u32::try_from(head_len + sections.len()).ok()?;
                let len = u32::try_from(section.bytes.len()).ok()?;
                offset.checked_add(len)?;
                sections.extend(section.bytes);
                Some((section.n_keys, offset, len))
            });
            let indexed = place.is_some();
            let (n_keys, offset, len) = place.unwrap_or_default();
            let (spare_bits, n_buckets) = (spare_bits(n_keys, rows), buckets_for(n_keys));
            heads.push(ColumnHead { id, kind, indexed, spare_bits, n_keys, n_buckets, offset, len });
        }
        let (major, minor, update) = char::UNICODE_VERSION;
        let head = Head { unicode: [major, minor, update], rows, block_rows, columns: heads };
        // Each section was taken in only where its end is within 32 bits.
        let total_len = u32::try_from(head_len + sections.len()).unwrap_or(u32::MAX);
        let mut out = head.write(total_len);
        out.extend(sections);
        Ok(out)
    }
}

/// The keys of a column, laid out.
struct Section {
    n_keys: u32,
    bytes: Vec<u8>,
}

impl Section {
    /// Lays out keys; `None` when they are too many.
    fn of(mut pairs: Vec<Pair>, rows: u64, n_blocks: u32) -> Option<Section> {
        pairs.sort_unstable();
        pairs.dedup();
        let n_keys = u32::try_from(pairs.chunk_by(|a, b| a.hash() == b.hash()).count()).ok()?;
        if n_keys == 0 {
            return Some(Section { n_keys, bytes: Vec::new() });
        }
        let n_buckets = buckets_for(n_keys);
        let places = Places::new(n_buckets, spare_bits(n_keys, rows));
        let mut starts: Vec<u32> = Vec::with_capacity(n_buckets as usize + 1);
        let mut out = BitWriter::default();
        let mut blocks: Vec<u32> = Vec::new();
        let mut buckets = pairs.chunk_by(|a, b| places.of(a.hash()).0 == places.of(b.hash()).0).peekable();
        for bucket in 0..n_buckets {
            starts.push(u32::try_from(out.align()).ok()?);
            let own = buckets.next_if(|pairs| pairs.first().is_some_and(|pair| places.of(pair.hash()).0 == bucket));
            let own = own.unwrap_or_default();
            let same_place = |a: &Pair, b: &Pair| places.of(a.hash()) == places.of(b.hash());
            out.gamma(u32::try_from(own.chunk_by(same_place).count()).ok()?);
            let mut next = 0;
            for key in own.chunk_by(same_place) {
                let Some(first) = key.first() else { continue };
                let (_, place) = places.of(first.hash());
                out.rice(place - next, places.gap_bits);
                next = place + 1;
                blocks.clear();
                blocks.extend(key.iter().map(|pair| pair.block()));
                blocks.sort_unstable();
                blocks.dedup();
                postings::write(&blocks, n_blocks, &mut out);
            }
        }
        starts.push(u32::try_from(out.align()).ok()?);
        let mut bytes =
            Vec::with_capacity(directory_len(n_buckets)? as usize + starts.last().map_or(0, |end| *end as usize));
        starts.iter().for_each(|start| bytes.extend(start.to_le_bytes()));
        bytes.extend(out.into_bytes());
        Some(Section { n_keys, bytes })
    }
}

/// Slots of the memory of a column's latest values; a power of two.
const MEMO_SLOTS: usize = 1024;
/// Longer values hardly come again, and comparing them is no cheaper than reading them.
const MEMO_BYTES_MAX: usize = 256;

/// Which value of a dictionary stands in a row.
type RowKey<'a> = &'a dyn Fn(usize) -> Option<usize>;

struct Pusher<'a> {
    column: &'a mut Column,
    block_rows: u32,
    scratch: &'a mut Scratch,
}

/// Adds the rows of an array of any of the types that hold text; `None` when it holds none.
fn match_texts(values: &dyn Array, pusher: &mut Pusher, rows: usize, row_key: Option<RowKey>) -> Option<()> {
    match (values.data_type(), row_key) {
        (DataType::Utf8View, None) => pusher.push_array(values.as_string_view()),
        (DataType::Utf8, None) => pusher.push_array(values.as_string::<i32>()),
        (DataType::LargeUtf8, None) => pusher.push_array(values.as_string::<i64>()),
        (DataType::Utf8View, Some(key)) => pusher.push_dictionary(values.as_string_view(), rows, key),
        (DataType::Utf8, Some(key)) => pusher.push_dictionary(values.as_string::<i32>(), rows, key),
        (DataType::LargeUtf8, Some(key)) => pusher.push_dictionary(values.as_string::<i64>(), rows, key),
        (DataType::Null, _) => {}
        _ => return None,
    }
    Some(())
}

impl Pusher<'_> {
    fn enter_block_of(&mut self, row: usize) -> u32 {
        // The number of rows was checked to give a block's number.
        let block = ((self.column.rows + row as u64) / u64::from(self.block_rows)) as u32;
        self.column.enter_block(block);
        block
    }

    fn push_array<'t>(&mut self, texts: impl ArrayAccessor<Item = &'t str>) {
        // Which row was the latest with a value, in the current block. Rows are compared, not hashes: two values with one
        // hash must both be read.
        let slots = texts.len().next_power_of_two().min(MEMO_SLOTS);
        let mut memo: Vec<Option<(u32, usize)>> = vec![None; slots];
        for row in (0..texts.len()).filter(|row| texts.is_valid(*row)) {
            let block = self.enter_block_of(row);
            let text = texts.value(row);
            if text.len() <= MEMO_BYTES_MAX
                && let Some(slot) = memo.get_mut(xxh3_64(text.as_bytes()) as usize & (slots - 1))
            {
                if slot.is_some_and(|(in_block, row)| in_block == block && texts.value(row) == text) {
                    continue;
                }
                *slot = Some((block, row));
            }
            self.column.add(text, self.scratch);
        }
    }

    fn push_dictionary<'t>(&mut self, values: impl ArrayAccessor<Item = &'t str>, rows: usize, key: RowKey) {
        let mut added_in: Vec<Option<u32>> = vec![None; values.len()];
        for row in 0..rows {
            let Some(value) = key(row).filter(|value| *value < values.len() && values.is_valid(*value)) else {
                continue;
            };
            let block = self.enter_block_of(row);
            if let Some(added_in) = added_in.get_mut(value).filter(|added_in| **added_in != Some(block)) {
                *added_in = Some(block);
                self.column.add(values.value(value), self.scratch);
            }
        }
    }
}
