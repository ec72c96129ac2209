//! The commitment to a record: one salted digest per cell, one leaf hash over them.
//!
//! ```text
//! seed of the record ─► salt of each column ─┐
//! cell: column id, type, value ──────────────┴─► digest ─┐
//! schema id, column ids ─────────────────────────────────┴─► leaf hash
//! ```
//!
//! - A digest can stay when its cell goes: the leaf hash, the batch's root and every proof remain valid.
//! - Without its salt a digest says nothing; with it, it can be guessed. So erasing means destroying salts, and a record's seed,
//!   from which its salts follow, leaves the vault only with records that are shown whole.
//! - An absent cell (null, or an empty string, which KQL does not tell apart) has no digest. Old records stay valid when a table
//!   gets new columns.
//! - The position of a record is not part of its hash, so records can be hashed before they are numbered, on any thread.
//!
//! Bytes: `leaf = SHA-256(00 || 11 || schema id (4) || n (2) || n column ids (2 each) || n digests)`,
//! `digest = SHA-256(10 || salt (16) || column id (2) || type (1) || value)`,
//! `salts of columns 2k and 2k + 1 = SHA-256(12 || seed (32) || k (2))`,
//! `children of a node of the seed tree = SHA-256(13 || node (32) || 00 or 01)`. Numbers are big-endian.

mod cell;
mod leaf;
mod salt;
mod schema;
mod seed_tree;
mod stored;

pub use cell::{Cell, CellType};
pub use leaf::{Cells, LeafHasher, RecordError, cell_digest, leaf_of_digests};
pub use salt::{Salt, Seed};
pub use schema::{SchemaColumn, SchemaDoc};
pub use seed_tree::{SeedTree, SeedTreeError, Seeds};
pub use stored::{StoredError, StoredRedaction};

pub(crate) use cell::{cell_text, parse_cell};
