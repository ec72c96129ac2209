//! Asking an index.

use crate::bits::BitReader;
use crate::blocks::Blocks;
use crate::error::IndexError;
use crate::keys::{Class, Key, Mark};
use crate::layout::{ColumnHead, Head, Pair, Places, TextKind, directory_len};
use crate::postings;
use crate::predicate::{Keys, Predicate, Reach};
use bytes::Bytes;

/// The term index of an extent.
#[derive(Debug, Clone)]
pub struct TermIndex {
    bytes: Bytes,
    head: Head,
}

/// A column of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnInfo {
    pub id: u16,
    pub kind: TextKind,
    /// Whether anything can be said about the column; not when it had too many keys.
    pub indexed: bool,
    /// Different keys: terms and the longer pieces that are indexed beside them.
    pub n_keys: u32,
    pub bytes: u32,
}

/// Why no answer comes of a section: its bytes are not what a builder writes. All blocks pass then.
struct Unreadable;

impl TermIndex {
    /// Opens an index and checks its head. What lies behind is checked when it is read; bytes that no builder wrote give
    /// arbitrary answers or all blocks.
    ///
    /// # Errors
    /// The bytes are no index, one of another version, or damaged: the environment's fault.
    pub fn open(bytes: Bytes) -> Result<TermIndex, IndexError> {
        let head = Head::read(&bytes)?;
        Ok(TermIndex { bytes, head })
    }

    /// Returns how many rows the extent has.
    pub fn rows(&self) -> u64 {
        self.head.rows
    }

    /// Returns how many rows a block has; the last one may have less.
    pub fn block_rows(&self) -> u32 {
        self.head.block_rows
    }

    /// Returns the columns that were declared when the index was built, by rising id.
    pub fn columns(&self) -> impl Iterator<Item = ColumnInfo> + '_ {
        self.head.columns.iter().map(|column| ColumnInfo {
            id: column.id,
            kind: column.kind,
            indexed: column.indexed,
            n_keys: column.n_keys,
            bytes: column.len,
        })
    }

    /// Returns the blocks that may hold rows for which a condition is true. No other block holds one.
    pub fn blocks(&self, predicate: &Predicate) -> Blocks {
        match predicate {
            Predicate::All => self.all(),
            Predicate::Nothing => self.none(),
            Predicate::And(parts) => {
                let mut blocks = self.all();
                for part in parts {
                    if blocks.is_empty() {
                        break;
                    }
                    blocks.and(&self.blocks(part));
                }
                blocks
            }
            Predicate::Or(parts) => {
                let mut blocks = self.none();
                parts.iter().for_each(|part| blocks.or(&self.blocks(part)));
                blocks
            }
            Predicate::Keys(keys) => self.blocks_with(keys).unwrap_or_else(|Unreadable| self.all()),
        }
    }

    fn all(&self) -> Blocks {
        Blocks::all(self.head.rows, self.head.block_rows, self.head.n_blocks())
    }

    fn none(&self) -> Blocks {
        Blocks::none(self.head.rows, self.head.block_rows, self.head.n_blocks())
    }

    fn blocks_with(&self, keys: &Keys) -> Result<Blocks, Unreadable> {
        let columns = &self.head.columns;
        let found = columns.binary_search_by_key(&keys.subject.column, |column| column.id).ok();
        let Some(column) = found.and_then(|at| columns.get(at)).filter(|column| column.indexed) else {
            return Ok(self.all());
        };
        let mut blocks = self.all();
        for wanted in &keys.wanted {
            // JSON text is not compared as a whole: what is taken as text of `"a b"` has no quotes.
            if wanted.class == Class::Value && column.kind == TextKind::Json {
                continue;
            }
            let mut having = self.none();
            self.look_up(column, wanted.key, &mut having)?;
            if wanted.or_guid {
                self.look_up(column, Key::mark(Mark::Guid), &mut having)?;
            }
            blocks.and(&having);
            if blocks.is_empty() {
                break;
            }
        }
        let (major, minor, update) = char::UNICODE_VERSION;
        if self.head.unicode != [major, minor, update] {
            self.look_up(column, Key::mark(Mark::NonAscii), &mut blocks)?;
        }
        if keys.subject.reach == Reach::Reparsed {
            self.look_up(column, Key::mark(Mark::Escapes), &mut blocks)?;
        }
        Ok(blocks)
    }

    /// Adds the blocks of a column in which a key stands.
    fn look_up(&self, column: &ColumnHead, key: Key, blocks: &mut Blocks) -> Result<(), Unreadable> {
        if column.n_buckets == 0 {
            return Ok(());
        }
        let places = Places::new(column.n_buckets, column.spare_bits);
        let (bucket, place) = places.of(Pair::new(key, 0).hash());
        let mut reader = BitReader::new(self.bucket(column, bucket).ok_or(Unreadable)?);
        let n_blocks = self.head.n_blocks();
        let mut next = 0u64;
        for _ in 0..reader.gamma().ok_or(Unreadable)? {
            let gap = reader.rice(places.gap_bits).ok_or(Unreadable)?;
            let at = next.checked_add(gap).ok_or(Unreadable)?;
            if at > place {
                return Ok(());
            }
            if at == place {
                return postings::read(&mut reader, n_blocks, |from, to| blocks.insert(from, to)).ok_or(Unreadable);
            }
            postings::skip(&mut reader, n_blocks).ok_or(Unreadable)?;
            next = at + 1;
        }
        Ok(())
    }

    /// Returns the bytes of a column's bucket.
    fn bucket(&self, column: &ColumnHead, bucket: u32) -> Option<&[u8]> {
        let offset = column.offset as usize;
        let section = self.bytes.get(offset..offset.checked_add(column.len as usize)?)?;
        let (directory, data) = section.split_at_checked(directory_len(column.n_buckets)? as usize)?;
        let (starts, _) = directory.as_chunks::<4>();
        let start = |i: usize| starts.get(i).map(|start| u32::from_le_bytes(*start) as usize);
        data.get(start(bucket as usize)?..start(bucket as usize + 1)?)
    }
}
