//! Hashing records, one by one or by columns.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::{Cell, CellType, Salt, SchemaDoc, Seed};
use crate::Hash;
use crate::block::Short;

/// Bytes before the value in a digest's message: tag, salt, column id, type.
const DIGEST_HEAD: usize = 1 + 16 + 2 + 1;

/// A record does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("the record has {found} cells, the schema {expected} columns")]
    Count { expected: usize, found: usize },
    #[error("column {column} is of type {}, the value of type {}", .expected.word(), .found.word())]
    Type { column: u16, expected: CellType, found: CellType },
    #[error("there is no seed for record {row}")]
    NoSeed { row: usize },
    #[error("column {column} has a value, and it was erased")]
    Erased { column: u16 },
}

/// A column of cells, such as an array of a batch.
pub trait Cells {
    /// Returns the cell of a row.
    fn cell(&self, row: usize) -> Cell<'_>;
}

impl Cells for [Cell<'_>] {
    fn cell(&self, row: usize) -> Cell<'_> {
        match self.get(row) {
            Some(Cell::String(text)) => Cell::string(text),
            Some(Cell::Dynamic(text)) => Cell::dynamic(text),
            Some(cell) => cell.clone(),
            None => Cell::Absent,
        }
    }
}

impl Cells for Vec<Cell<'_>> {
    fn cell(&self, row: usize) -> Cell<'_> {
        self.as_slice().cell(row)
    }
}

/// Hashes records of one schema. It keeps a buffer, so nothing is allocated per record or cell; every thread has its own.
#[derive(Debug, Clone)]
pub struct LeafHasher {
    columns: Vec<(u16, CellType, u8)>,
    schema_id: u32,
    ids: Vec<u8>,
    digests: Vec<u8>,
}

impl LeafHasher {
    /// Makes a hasher.
    pub fn new(schema: &SchemaDoc) -> LeafHasher {
        let columns: Vec<_> = schema.columns.iter().map(|c| (c.id, c.kind, c.kind.byte())).collect();
        let (ids, digests) = (Vec::with_capacity(columns.len() * 2), Vec::with_capacity(columns.len() * 32));
        LeafHasher { columns, schema_id: schema.id, ids, digests }
    }

    /// Returns the leaf hash of a record, whose cells stand in the order of the schema's columns.
    ///
    /// # Errors
    /// When there are fewer or more cells than columns, or one has another type than its column.
    pub fn hash<'c>(&mut self, seed: &Seed, cells: impl IntoIterator<Item = Cell<'c>>) -> Result<Hash, RecordError> {
        let mut cells = cells.into_iter();
        let mut n_cells = 0;
        self.begin();
        let mut pair = (u16::MAX, [0; 32]);
        for idx in 0..self.columns.len() {
            let Some(cell) = cells.next() else { break };
            n_cells += 1;
            self.add(idx, &cell, seed, &mut pair)?;
        }
        n_cells += cells.count();
        if n_cells != self.columns.len() {
            return Err(RecordError::Count { expected: self.columns.len(), found: n_cells });
        }
        Ok(self.finish())
    }

    /// Appends the leaf hashes of rows to `out`: one column of cells for each column of the schema, one seed for each row. Parts of
    /// a batch can be hashed on several threads and put together in order.
    ///
    /// # Errors
    /// When columns or seeds are missing, or a cell has another type than its column.
    pub fn hash_rows(
        &mut self,
        columns: &[&dyn Cells],
        rows: Range<usize>,
        seeds: impl IntoIterator<Item = Seed>,
        out: &mut Vec<Hash>,
    ) -> Result<(), RecordError> {
        if columns.len() != self.columns.len() {
            return Err(RecordError::Count { expected: self.columns.len(), found: columns.len() });
        }
        let mut seeds = seeds.into_iter();
        out.reserve(rows.len());
        for row in rows {
            let seed = seeds.next().ok_or(RecordError::NoSeed { row })?;
            self.begin();
            let mut pair = (u16::MAX, [0; 32]);
            for (idx, column) in columns.iter().enumerate() {
                self.add(idx, &column.cell(row), &seed, &mut pair)?;
            }
            out.push(self.finish());
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.ids.clear();
        self.digests.clear();
    }

    fn add(&mut self, idx: usize, cell: &Cell<'_>, seed: &Seed, pair: &mut (u16, [u8; 32])) -> Result<(), RecordError> {
        let Some(&(column, expected, byte)) = self.columns.get(idx) else { return Ok(()) };
        if cell.is_absent() {
            return Ok(());
        }
        if let Some(found) = cell.kind().filter(|found| *found != expected) {
            return Err(RecordError::Type { column, expected, found });
        }
        // Ids of columns are below 2^16, their pairs below 2^15.
        if pair.0 != column >> 1 {
            *pair = (column >> 1, seed.salt_pair(column >> 1));
        }
        let (halves, _) = pair.1.as_chunks::<16>();
        let salt = halves.get(usize::from(column & 1)).copied().unwrap_or_default();
        let digest = cell.with_bytes(|value| digest(&salt, column, byte, value));
        self.ids.extend(column.to_be_bytes());
        self.digests.extend(digest.0);
        Ok(())
    }

    fn finish(&mut self) -> Hash {
        let n_cells = (self.ids.len() / 2) as u16;
        hash_leaf(self.schema_id, n_cells, &self.ids, &self.digests)
    }
}

fn hash_leaf(schema_id: u32, n_cells: u16, ids: &[u8], digests: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    let mut head = [0x00, 0x11, 0, 0, 0, 0, 0, 0];
    if let Some(place) = head.get_mut(2..6) {
        place.copy_from_slice(&schema_id.to_be_bytes());
    }
    if let Some(place) = head.get_mut(6..8) {
        place.copy_from_slice(&n_cells.to_be_bytes());
    }
    hasher.update(head);
    hasher.update(ids);
    hasher.update(digests);
    Hash(hasher.finalize().into())
}

/// Returns the digest of a cell; `None` for an absent one, which has none.
pub fn cell_digest(salt: &Salt, column: u16, cell: &Cell<'_>) -> Option<Hash> {
    let kind = cell.kind().filter(|_| !cell.is_absent())?;
    Some(cell.with_bytes(|value| digest(salt, column, kind.byte(), value)))
}

fn digest(salt: &Salt, column: u16, kind: u8, value: &[u8]) -> Hash {
    if DIGEST_HEAD + value.len() <= Short::LEN_MAX {
        let mut message = Short::new();
        message.push(&[0x10]);
        message.push(salt);
        message.push(&column.to_be_bytes());
        message.push(&[kind]);
        message.push(value);
        return message.finish();
    }
    let mut hasher = Sha256::new_with_prefix([0x10]);
    hasher.update(salt);
    hasher.update(column.to_be_bytes());
    hasher.update([kind]);
    hasher.update(value);
    Hash(hasher.finalize().into())
}

/// Returns the leaf hash of a record from its digests, whose column ids ascend.
pub fn leaf_of_digests(schema_id: u32, digests: &[(u16, Hash)]) -> Hash {
    let ids: Vec<u8> = digests.iter().flat_map(|(id, _)| id.to_be_bytes()).collect();
    let hashes: Vec<u8> = digests.iter().flat_map(|(_, digest)| digest.0).collect();
    hash_leaf(schema_id, digests.len() as u16, &ids, &hashes)
}

#[cfg(test)]
mod tests {
    use super::super::SchemaColumn;
    use super::*;

    fn schema() -> SchemaDoc {
        let column = |id, kind, name: &str| SchemaColumn { id, kind, name: name.to_string() };
        let columns = vec![
            column(0, CellType::Datetime, "TimeGenerated"),
            column(1, CellType::String, "Actor"),
            column(4, CellType::Dynamic, "Details"),
            column(5, CellType::Real, "Risk"),
        ];
        SchemaDoc { table: "T".to_string(), id: 7, columns }
    }

    fn record() -> Vec<Cell<'static>> {
        let details = Cell::Dynamic(format!("{{\"a\":\"{}\"}}", "x".repeat(300)).into());
        vec![Cell::Datetime(5), Cell::string("ann"), details, Cell::Real(0.5)]
    }

    #[test]
    fn a_leaf_is_the_hash_of_what_is_written() {
        let seed = Seed([9; 32]);
        let mut hasher = LeafHasher::new(&schema());
        let leaf = hasher.hash(&seed, record()).expect("it fits");
        let mut message = vec![0x00, 0x11, 0, 0, 0, 7, 0, 4, 0, 0, 0, 1, 0, 4, 0, 5];
        let values: [(u16, u8, Vec<u8>); 4] = [
            (0, 7, 5i64.to_be_bytes().to_vec()),
            (1, 6, b"ann".to_vec()),
            (4, 10, format!("{{\"a\":\"{}\"}}", "x".repeat(300)).into_bytes()),
            (5, 4, 0.5f64.to_bits().to_be_bytes().to_vec()),
        ];
        for (id, kind, value) in values {
            let pair = Hash::of(&[&[0x12][..], &[9; 32], &(id / 2).to_be_bytes()].concat());
            let salt = &pair.0[usize::from(id % 2) * 16..][..16];
            let digest = Hash::of(&[&[0x10], salt, &id.to_be_bytes(), &[kind], &value].concat());
            message.extend(digest.0);
        }
        assert_eq!(leaf, Hash::of(&message));
    }

    #[test]
    fn rows_hash_like_records() {
        let seeds = [Seed([1; 32]), Seed([2; 32]), Seed([3; 32])];
        let columns: Vec<Vec<Cell>> = record().into_iter().map(|cell| vec![cell.clone(), Cell::Absent, cell]).collect();
        let columns: Vec<&dyn Cells> = columns.iter().map(|column| column as &dyn Cells).collect();
        let mut hasher = LeafHasher::new(&schema());
        let mut leaves = Vec::new();
        hasher.hash_rows(&columns, 0..3, seeds, &mut leaves).expect("they fit");
        let absent = || std::iter::repeat_n(Cell::Absent, 4);
        assert_eq!(leaves[0], hasher.hash(&seeds[0], record()).expect("it fits"));
        assert_eq!(leaves[1], hasher.hash(&seeds[1], absent()).expect("it fits"));
        assert_eq!(leaves[2], hasher.hash(&seeds[2], record()).expect("it fits"));
        assert_eq!(hasher.hash_rows(&columns, 0..3, [seeds[0]], &mut leaves), Err(RecordError::NoSeed { row: 1 }));
    }

    #[test]
    fn records_that_do_not_fit_are_refused() {
        let seed = Seed([9; 32]);
        let mut hasher = LeafHasher::new(&schema());
        let mut short = record();
        short.pop();
        assert_eq!(hasher.hash(&seed, short), Err(RecordError::Count { expected: 4, found: 3 }));
        let mut long = record();
        long.push(Cell::Absent);
        assert_eq!(hasher.hash(&seed, long), Err(RecordError::Count { expected: 4, found: 5 }));
        let mut other = record();
        other[1] = Cell::Long(1);
        let error = RecordError::Type { column: 1, expected: CellType::String, found: CellType::Long };
        assert_eq!(hasher.hash(&seed, other), Err(error));
    }

    #[test]
    fn null_and_empty_are_one_and_new_columns_change_nothing() {
        let seed = Seed([9; 32]);
        let mut hasher = LeafHasher::new(&schema());
        let mut null = record();
        null[1] = Cell::Absent;
        let mut empty = record();
        empty[1] = Cell::String("".into());
        let leaf = hasher.hash(&seed, null.clone()).expect("it fits");
        assert_eq!(leaf, hasher.hash(&seed, empty).expect("it fits"));
        let mut grown = schema();
        grown.columns.push(SchemaColumn { id: 9, kind: CellType::Guid, name: "Id".to_string() });
        null.push(Cell::Absent);
        assert_eq!(leaf, LeafHasher::new(&grown).hash(&seed, null).expect("it fits"));
    }

    #[test]
    fn digests_make_the_same_leaf() {
        let seed = Seed([9; 32]);
        let ids = [0, 1, 4, 5];
        let digests: Vec<(u16, Hash)> = ids
            .iter()
            .zip(record())
            .map(|(id, cell)| (*id, cell_digest(&seed.salt(*id), *id, &cell).expect("a value")))
            .collect();
        let leaf = LeafHasher::new(&schema()).hash(&seed, record()).expect("it fits");
        assert_eq!(leaf_of_digests(7, &digests), leaf);
    }
}
