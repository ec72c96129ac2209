//! The log as files: tiles of hashes and bundles of entries, after C2SP tlog-tiles.
//!
//! ```text
//! TileWriter ─► tiles to write, root        TileReader ◄─ tiles that were read ─► proofs, roots
//! ```

mod entries;
mod growth;
mod path;
mod reader;
mod writer;

pub use entries::{ENTRY_BYTES_MAX, EntryError, entry_bundle, parse_entry_bundle};
pub use growth::{entry_bundles_for_growth, tiles_for_growth, tiles_to_prune};
pub use path::Tile;
pub use reader::{
    MissingTile, TileReader, TileSource, tiles_for_consistency, tiles_for_edge, tiles_for_inclusion, tiles_for_root,
};
pub use writer::{TileData, TileWriter};

/// Hashes of a full tile.
///
/// # Source
/// C2SP tlog-tiles, "Merkle Tree".
pub const TILE_WIDTH: u64 = 256;

/// The number of levels that a tile stands for.
const TILE_HEIGHT: u32 = 8;
