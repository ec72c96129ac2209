//! The index as bytes: its head, and how keys are laid out in a column's section. See the crate's documentation.

use crate::error::IndexError;
use crate::keys::Key;

/// What an index begins with.
const MAGIC: [u8; 8] = *b"vidterms";
const VERSION: u16 = 1;
/// Bytes of the head before its list of columns.
const HEAD_BYTES: usize = 31;
/// Bytes of one column in that list.
const COLUMN_BYTES: usize = 21;
/// Keys that a bucket has on average, as a power of two. More make lookups longer; fewer make the directory of buckets larger.
const BUCKET_KEYS_LOG: u32 = 6;
/// Bits of a block's number in a [`Pair`].
const BLOCK_BITS: u32 = 20;
/// Bits of a key's hash that count.
const HASH_BITS: u32 = 64 - BLOCK_BITS;
/// The last number stands for no block.
pub const BLOCKS_MAX: u32 = (1 << BLOCK_BITS) - 1;
/// Bounds of the bits by which two keys of a bucket are told apart, beyond those that tell an average number of keys apart. With s
/// of them, a key that is not in the index is taken for one that is once in 2^s times.
const SPARE_BITS_FEW: u8 = 4;
const SPARE_BITS_MANY: u8 = 10;
const SPARE_BITS_MAX: u8 = 16;

/// What a column's text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// Any text.
    String,
    /// JSON text, of which strings and parts are taken out.
    Json,
}

/// The head of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The version of Unicode that said which characters are letters and digits.
    pub unicode: [u8; 3],
    pub rows: u64,
    pub block_rows: u32,
    /// By rising id.
    pub columns: Vec<ColumnHead>,
}

/// Where a column's keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnHead {
    pub id: u16,
    pub kind: TextKind,
    /// Whether keys are there at all; a column without may hold anything.
    pub indexed: bool,
    pub spare_bits: u8,
    /// Different keys.
    pub n_keys: u32,
    pub n_buckets: u32,
    /// The place of the section in the index.
    pub offset: u32,
    pub len: u32,
}

impl Head {
    pub fn n_blocks(&self) -> u32 {
        n_blocks(self.rows, self.block_rows).unwrap_or(0)
    }

    /// Returns the bytes that a head with so many columns has.
    pub fn len(n_columns: usize) -> usize {
        HEAD_BYTES + n_columns * COLUMN_BYTES
    }

    pub fn write(&self, total_len: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(Head::len(self.columns.len()));
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(self.unicode);
        out.extend((self.columns.len() as u16).to_le_bytes());
        out.extend(self.rows.to_le_bytes());
        out.extend(self.block_rows.to_le_bytes());
        out.extend(total_len.to_le_bytes());
        for column in &self.columns {
            out.extend(column.id.to_le_bytes());
            out.push(u8::from(column.kind == TextKind::Json));
            out.push(u8::from(column.indexed));
            out.push(column.spare_bits);
            for number in [column.n_keys, column.n_buckets, column.offset, column.len] {
                out.extend(number.to_le_bytes());
            }
        }
        out
    }

    /// Reads and checks the head of an index.
    ///
    /// # Errors
    /// The bytes are no index, one of another version, or damaged: the environment's fault.
    pub fn read(bytes: &[u8]) -> Result<Head, IndexError> {
        let mut fields = Fields(bytes);
        if fields.take() != Some(MAGIC) {
            return Err(IndexError::NotAnIndex);
        }
        match fields.u16() {
            Some(VERSION) => {}
            Some(version) => return Err(IndexError::Version { version }),
            None => return Err(IndexError::NotAnIndex),
        }
        Head::read_fields(&mut fields, bytes.len()).ok_or(IndexError::Damaged { what: "its head is cut off" })?
    }

    fn read_fields(fields: &mut Fields, total_len: usize) -> Option<Result<Head, IndexError>> {
        let damaged = |what| Some(Err(IndexError::Damaged { what }));
        let unicode = fields.take()?;
        let n_columns = fields.u16()?;
        let rows = u64::from_le_bytes(fields.take()?);
        let block_rows = fields.u32()?;
        if fields.u32()? as usize != total_len {
            return damaged("it has another length than it says");
        }
        if n_blocks(rows, block_rows).is_none() {
            return damaged("it has an impossible number of rows");
        }
        let mut columns: Vec<ColumnHead> = Vec::new();
        for _ in 0..n_columns {
            let id = fields.u16()?;
            let [kind, indexed, spare_bits] = fields.take()?;
            if spare_bits > SPARE_BITS_MAX {
                return damaged("its keys are too wide");
            }
            let (kind, indexed) = match (kind, indexed) {
                (0, 0 | 1) => (TextKind::String, indexed == 1),
                (1, 0 | 1) => (TextKind::Json, indexed == 1),
                _ => return damaged("a column is of an unknown kind"),
            };
            let (n_keys, n_buckets, offset, len) = (fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?);
            if columns.last().is_some_and(|last| last.id >= id) {
                return damaged("its columns are out of order");
            }
            let in_bytes = (offset as usize).checked_add(len as usize).is_some_and(|end| end <= total_len);
            let in_section = n_buckets == 0 && n_keys == 0 || directory_len(n_buckets).is_some_and(|dir| dir <= len);
            if !in_bytes || !in_section || n_buckets != buckets_for(n_keys) {
                return damaged("a column lies outside of it");
            }
            columns.push(ColumnHead { id, kind, indexed, spare_bits, n_keys, n_buckets, offset, len });
        }
        Some(Ok(Head { unicode, rows, block_rows, columns }))
    }
}

/// Returns how many blocks so many rows are; `None` when they are too many or the size of a block is out of bounds.
pub fn n_blocks(rows: u64, block_rows: u32) -> Option<u32> {
    if !(64..=65536).contains(&block_rows) {
        return None;
    }
    u32::try_from(rows.div_ceil(u64::from(block_rows))).ok().filter(|n_blocks| *n_blocks <= BLOCKS_MAX)
}

pub fn buckets_for(n_keys: u32) -> u32 {
    n_keys.div_ceil(1 << BUCKET_KEYS_LOG)
}

/// Returns how many spare bits a column's keys get: all that are of use while they take half a byte for each row together, the
/// least where there are as many keys as rows.
pub fn spare_bits(n_keys: u32, rows: u64) -> u8 {
    let affordable = rows * u64::from(SPARE_BITS_FEW) / u64::from(n_keys.max(1));
    u8::try_from(affordable).unwrap_or(u8::MAX).clamp(SPARE_BITS_FEW, SPARE_BITS_MANY)
}

/// Returns the bytes of a directory: where each bucket begins, and where the last one ends.
pub fn directory_len(n_buckets: u32) -> Option<u32> {
    n_buckets.checked_add(1)?.checked_mul(4)
}

/// A key's hash and a block in which the key stands, in one number that sorts by hash, then by block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair(pub u64);

impl Pair {
    /// What no key makes.
    pub const NONE: Pair = Pair(u64::MAX);

    pub fn new(key: Key, block: u32) -> Pair {
        Pair(key.0 >> BLOCK_BITS << BLOCK_BITS | u64::from(block))
    }

    pub fn hash(self) -> u64 {
        self.0 >> BLOCK_BITS
    }

    pub fn block(self) -> u32 {
        (self.0 & u64::from(BLOCKS_MAX)) as u32
    }
}

/// Maps hashes to places, evenly and in order. So many places belong to each bucket that few keys share one.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    n_buckets: u32,
    /// Bits of a place within its bucket.
    place_bits: u32,
    /// Bits of the gaps between keys that are written as they are.
    pub gap_bits: u32,
}

impl Places {
    pub fn new(n_buckets: u32, spare_bits: u8) -> Places {
        let spare_bits = u32::from(spare_bits);
        Places { n_buckets, place_bits: BUCKET_KEYS_LOG + spare_bits, gap_bits: spare_bits }
    }

    /// Returns a key's bucket and its place there.
    pub fn of(self, hash: u64) -> (u32, u64) {
        let places = u128::from(self.n_buckets) << self.place_bits;
        let place = ((u128::from(hash) * places) >> HASH_BITS) as u64;
        ((place >> self.place_bits) as u32, place & ((1 << self.place_bits) - 1))
    }
}

/// Reads numbers one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
}
