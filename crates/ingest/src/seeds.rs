//! What the leaves of batches were made with, kept beside the extents that hold their rows: without it nobody can tell what a leaf is of.
//!
//! ```text
//! header ( entry, bytes of the seed tree, the tree, number of erased records ( position, digests, salts )* )* SHA-256 over all of it
//! ```
//!
//! These files are secrets and are written anew when something is erased; the log says nothing of them.

use std::collections::BTreeMap;
use std::ops::Range;

use tlog::Hash;
use tlog::record::{Cell, Cells, LeafHasher, RecordError, SchemaDoc, SeedTree, SeedTreeError, StoredRedaction};

const HEADER: &[u8] = b"vidimus.seeds.v2\n";

/// A file of seeds cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedsError {
    #[error("it is cut off, or has another hash than it says")]
    Damaged,
    #[error("a tree of seeds is damaged")]
    Tree(#[from] SeedTreeError),
}

/// What the leaves of a batch are made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafMaterial {
    pub seeds: SeedTree,
    /// Records of which cells were erased, by their positions: they have no seed any more.
    pub erased: BTreeMap<u64, StoredRedaction>,
}

impl LeafMaterial {
    /// Reads the seeds of a batch of which nothing was erased.
    ///
    /// # Errors
    /// When the tree is damaged.
    pub fn whole(tree: &[u8]) -> Result<LeafMaterial, SeedTreeError> {
        Ok(LeafMaterial { seeds: SeedTree::from_bytes(tree)?, erased: BTreeMap::new() })
    }

    /// Appends the leaf hashes of rows to `out`; the first of them stands at `position` in its batch. `columns` are those of `schema`, which
    /// is the hasher's too.
    ///
    /// # Errors
    /// When a row does not fit the schema, has a value where one was erased, or has no seed.
    pub fn leaves(
        &self,
        schema: &SchemaDoc,
        hasher: &mut LeafHasher,
        columns: &[&dyn Cells],
        rows: Range<usize>,
        position: u64,
        out: &mut Vec<Hash>,
    ) -> Result<(), RecordError> {
        let mut row = rows.start;
        while row < rows.end {
            let at = position.saturating_add((row - rows.start) as u64);
            let erased = self.erased.range(at..).next();
            if let Some((_, stored)) = erased.filter(|(position, _)| **position == at) {
                let cells: Vec<Cell<'_>> = columns.iter().map(|column| column.cell(row)).collect();
                out.push(stored.leaf(schema, &cells)?);
                row += 1;
                continue;
            }
            let n_rows = erased.map_or(u64::MAX, |(position, _)| position - at).min((rows.end - row) as u64);
            let end = row + n_rows as usize;
            hasher.hash_rows(columns, row..end, self.seeds.seeds(at..at.saturating_add(n_rows)), out)?;
            row = end;
        }
        Ok(())
    }

    /// Writes the seeds, and what stays of erased records.
    fn write(&self, bytes: &mut Vec<u8>) {
        write_part(&self.seeds.to_bytes(), bytes);
        bytes.extend((self.erased.len() as u64).to_be_bytes());
        for (position, stored) in &self.erased {
            bytes.extend(position.to_be_bytes());
            write_part(&stored.digest_bytes(), bytes);
            write_part(&stored.salt_bytes(), bytes);
        }
    }

    fn parse(rest: &mut &[u8]) -> Result<LeafMaterial, SeedsError> {
        let mut material = LeafMaterial::whole(read_part(rest)?)?;
        let mut next = 0;
        for _ in 0..read_number(rest)? {
            let position = read_number(rest)?;
            let stored = StoredRedaction::from_bytes(read_part(rest)?, read_part(rest)?);
            let stored = stored.map_err(|_| SeedsError::Damaged)?;
            if position < next || material.seeds.seed(position).is_some() {
                return Err(SeedsError::Damaged);
            }
            next = position.saturating_add(1);
            material.erased.insert(position, stored);
        }
        Ok(material)
    }
}

fn write_part(part: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend((part.len() as u64).to_be_bytes());
    bytes.extend(part);
}

fn read_number(rest: &mut &[u8]) -> Result<u64, SeedsError> {
    let (number, after) = rest.split_first_chunk::<8>().ok_or(SeedsError::Damaged)?;
    *rest = after;
    Ok(u64::from_be_bytes(*number))
}

fn read_part<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], SeedsError> {
    let len = usize::try_from(read_number(rest)?).map_err(|_| SeedsError::Damaged)?;
    let (part, after) = rest.split_at_checked(len).ok_or(SeedsError::Damaged)?;
    *rest = after;
    Ok(part)
}

/// Writes what the leaves of batches are made with, by the index of their entries.
pub fn seeds_bytes<'a>(batches: impl IntoIterator<Item = (u64, &'a LeafMaterial)>) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    for (entry, material) in batches {
        bytes.extend(entry.to_be_bytes());
        material.write(&mut bytes);
    }
    let hash = Hash::of(&bytes);
    bytes.extend(hash.0);
    bytes
}

/// Reads what [`seeds_bytes`] wrote.
///
/// # Errors
/// When it is anything else.
pub fn parse_seeds(bytes: &[u8]) -> Result<BTreeMap<u64, LeafMaterial>, SeedsError> {
    let (content, hash) = bytes.split_last_chunk::<32>().ok_or(SeedsError::Damaged)?;
    if Hash::of(content).0 != *hash {
        return Err(SeedsError::Damaged);
    }
    let mut rest = content.strip_prefix(HEADER).ok_or(SeedsError::Damaged)?;
    let mut seeds = BTreeMap::new();
    while !rest.is_empty() {
        let entry = read_number(&mut rest)?;
        seeds.insert(entry, LeafMaterial::parse(&mut rest)?);
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog::record::{CellType, SchemaColumn, Seed};

    fn schema() -> SchemaDoc {
        let column = |id, kind, name: &str| SchemaColumn { id, kind, name: name.to_string() };
        let columns = vec![column(1, CellType::String, "User"), column(2, CellType::Long, "N")];
        SchemaDoc { table: "T".to_string(), id: 3, columns }
    }

    fn users() -> Vec<Cell<'static>> {
        ["ann", "ben", "cy", "di"].map(Cell::string).to_vec()
    }

    /// Four records, of the third of which the user was erased.
    fn erased() -> (LeafMaterial, Vec<Cell<'static>>, Vec<Hash>) {
        let seeds = SeedTree::new(Seed([1; 32]), 2).expect("a tree");
        let mut material = LeafMaterial { seeds, erased: BTreeMap::new() };
        let before = leaves(&material, &users(), 0..4).expect("leaves");
        let seed = material.seeds.seed(2).expect("a seed");
        let stored = StoredRedaction::new(&schema(), &seed, &[Cell::string("cy"), Cell::Long(2)], |id| id == 1);
        material.erased.insert(2, stored.expect("it fits"));
        material.seeds.puncture(2);
        let mut users = users();
        users[2] = Cell::Absent;
        (material, users, before)
    }

    fn leaves(material: &LeafMaterial, users: &[Cell<'static>], rows: Range<usize>) -> Result<Vec<Hash>, RecordError> {
        let numbers: Vec<Cell<'_>> = (0..4).map(Cell::Long).collect();
        let users = users.to_vec();
        let columns: [&dyn Cells; 2] = [&users, &numbers];
        let (mut hasher, mut out) = (LeafHasher::new(&schema()), Vec::new());
        material.leaves(&schema(), &mut hasher, &columns, rows.clone(), rows.start as u64, &mut out)?;
        Ok(out)
    }

    #[test]
    fn leaves_stay_what_they_were_when_a_cell_is_erased() {
        let (material, users, before) = erased();
        for (first, end) in [(0, 4), (2, 3), (1, 3), (3, 4)] {
            assert_eq!(leaves(&material, &users, first..end).as_deref(), Ok(&before[first..end]));
        }
        let mut put_back = users;
        put_back[2] = Cell::string("cy");
        assert_eq!(leaves(&material, &put_back, 0..4), Err(RecordError::Erased { column: 1 }));
    }

    #[test]
    fn seeds_come_back_and_damage_is_seen() {
        let whole = LeafMaterial::whole(&SeedTree::new(Seed([2; 32]), 4).expect("a tree").to_bytes()).expect("seeds");
        let materials = [whole, erased().0];
        let bytes = seeds_bytes([7, 9].into_iter().zip(&materials));
        let seeds = parse_seeds(&bytes).expect("seeds");
        assert!(seeds.into_iter().eq([7, 9].into_iter().zip(materials)));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(parse_seeds(&flipped).is_err());
        }
        assert!((0..bytes.len()).all(|len| parse_seeds(&bytes[..len]).is_err()));
    }
}
