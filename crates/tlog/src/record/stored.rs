//! What stays of a record after cells were erased: their digests, and the salts of the others.
//!
//! Erasing one cell destroys the record's seed, from which all its salts follow; so those of the cells that stay are kept one by
//! one, 18 bytes each, and each erased cell leaves a digest of 34 bytes.

use super::{Cell, RecordError, Salt, SchemaDoc, Seed, cell_digest, leaf_of_digests};
use crate::Hash;

/// A stored redaction is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored digests or salts of a redacted record are damaged")]
pub struct StoredError;

/// The digests of erased cells and the salts of cells that stay, each by column id, ascending.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredRedaction {
    pub digests: Vec<(u16, Hash)>,
    pub salts: Vec<(u16, Salt)>,
}

impl StoredRedaction {
    /// Prepares the erasure of columns in a record that is still whole. The caller then destroys the cells and the seed.
    ///
    /// # Errors
    /// When there are fewer or more cells than columns.
    pub fn new(
        schema: &SchemaDoc,
        seed: &Seed,
        cells: &[Cell<'_>],
        is_erased: impl Fn(u16) -> bool,
    ) -> Result<StoredRedaction, RecordError> {
        if cells.len() != schema.columns.len() {
            return Err(RecordError::Count { expected: schema.columns.len(), found: cells.len() });
        }
        let mut stored = StoredRedaction::default();
        for (column, cell) in schema.columns.iter().zip(cells) {
            let salt = seed.salt(column.id);
            match cell_digest(&salt, column.id, cell) {
                None => {}
                Some(digest) if is_erased(column.id) => stored.digests.push((column.id, digest)),
                Some(_) => stored.salts.push((column.id, salt)),
            }
        }
        Ok(stored)
    }

    /// Erases further columns of a record.
    pub fn erase(&mut self, schema: &SchemaDoc, cells: &[Cell<'_>], is_erased: impl Fn(u16) -> bool) {
        let mut stay = Vec::new();
        for (id, salt) in std::mem::take(&mut self.salts) {
            let cell = schema.columns.iter().zip(cells).find(|(column, _)| column.id == id).map(|(_, cell)| cell);
            match cell.filter(|_| is_erased(id)).and_then(|cell| cell_digest(&salt, id, cell)) {
                Some(digest) => self.digests.push((id, digest)),
                None => stay.push((id, salt)),
            }
        }
        self.salts = stay;
        self.digests.sort_by_key(|(id, _)| *id);
    }

    /// Returns the record's leaf hash; the cells that were erased are absent.
    ///
    /// # Errors
    /// When there are fewer or more cells than columns, or one has a value that no salt is there for: no leaf would cover it.
    pub fn leaf(&self, schema: &SchemaDoc, cells: &[Cell<'_>]) -> Result<Hash, RecordError> {
        if cells.len() != schema.columns.len() {
            return Err(RecordError::Count { expected: schema.columns.len(), found: cells.len() });
        }
        for (column, cell) in schema.columns.iter().zip(cells) {
            if !cell.is_absent() && self.salts.binary_search_by_key(&column.id, |(id, _)| *id).is_err() {
                return Err(RecordError::Erased { column: column.id });
            }
        }
        let mut digests = self.digests.clone();
        for (id, salt) in &self.salts {
            let cell = schema.columns.iter().zip(cells).find(|(column, _)| column.id == *id).map(|(_, cell)| cell);
            digests.extend(cell.and_then(|cell| cell_digest(salt, *id, cell)).map(|digest| (*id, digest)));
        }
        digests.sort_by_key(|(id, _)| *id);
        Ok(leaf_of_digests(schema.id, &digests))
    }

    /// Returns the digests as they are stored beside the record.
    pub fn digest_bytes(&self) -> Vec<u8> {
        self.digests.iter().flat_map(|(id, digest)| id.to_be_bytes().into_iter().chain(digest.0)).collect()
    }

    /// Returns the salts as they are stored beside the record.
    pub fn salt_bytes(&self) -> Vec<u8> {
        self.salts.iter().flat_map(|(id, salt)| id.to_be_bytes().into_iter().chain(*salt)).collect()
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// When it is cut off or ids do not ascend.
    pub fn from_bytes(digests: &[u8], salts: &[u8]) -> Result<StoredRedaction, StoredError> {
        let digests = pairs::<32, 34>(digests)?.into_iter().map(|(id, bytes)| (id, Hash(bytes))).collect();
        Ok(StoredRedaction { digests, salts: pairs::<16, 18>(salts)? })
    }
}

impl std::fmt::Debug for StoredRedaction {
    /// Leaves the salts out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredRedaction").field("digests", &self.digests).finish_non_exhaustive()
    }
}

/// Reads ids of two bytes with `N` bytes each; `M` is the sum.
fn pairs<const N: usize, const M: usize>(bytes: &[u8]) -> Result<Vec<(u16, [u8; N])>, StoredError> {
    let (chunks, []) = bytes.as_chunks::<M>() else { return Err(StoredError) };
    let mut pairs: Vec<(u16, [u8; N])> = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let (id, rest) = chunk.split_first_chunk::<2>().ok_or(StoredError)?;
        let id = u16::from_be_bytes(*id);
        if pairs.last().is_some_and(|(before, _)| *before >= id) {
            return Err(StoredError);
        }
        pairs.push((id, rest.try_into().map_err(|_| StoredError)?));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::super::{CellType, LeafHasher, SchemaColumn};
    use super::*;

    #[test]
    fn erasing_changes_no_leaf() {
        let column = |id, kind: CellType| SchemaColumn { id, kind, name: format!("{}{id}", kind.word()) };
        let columns = vec![column(0, CellType::Long), column(1, CellType::String), column(7, CellType::String)];
        let schema = SchemaDoc { table: "T".to_string(), id: 1, columns };
        let seed = Seed([3; 32]);
        let mut cells = vec![Cell::Long(4), Cell::string("ann"), Cell::string("10.0.0.1")];
        let leaf = LeafHasher::new(&schema).hash(&seed, cells.clone()).expect("it fits");
        let mut stored = StoredRedaction::new(&schema, &seed, &cells, |id| id == 7).expect("it fits");
        cells[2] = Cell::Absent;
        assert_eq!(stored.leaf(&schema, &cells), Ok(leaf));
        stored.erase(&schema, &cells, |id| id == 1);
        cells[1] = Cell::Absent;
        assert_eq!(stored.leaf(&schema, &cells), Ok(leaf));
        assert_eq!((stored.digest_bytes().len(), stored.salt_bytes().len()), (2 * 34, 18));
        let read = StoredRedaction::from_bytes(&stored.digest_bytes(), &stored.salt_bytes());
        assert_eq!(read, Ok(stored.clone()));
        // Another value in the place of one that stayed is found.
        cells[0] = Cell::Long(5);
        assert_ne!(stored.leaf(&schema, &cells), Ok(leaf));
        assert!(StoredRedaction::from_bytes(&stored.digest_bytes()[1..], &[]).is_err());
        let twice = stored.salt_bytes().repeat(2);
        assert!(StoredRedaction::from_bytes(&[], &twice).is_err());
        assert!(!format!("{stored:?}").contains("salts"));
    }
}
