//! Tiles of a growing log, with only its right edge in memory.

use super::{MissingTile, TILE_HEIGHT, TILE_WIDTH, Tile, TileSource};
use crate::Hash;
use crate::tree::TreeBuilder;

/// A tile and its hashes one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileData {
    pub tile: Tile,
    pub bytes: Vec<u8>,
}

/// Appends entries to a log and gives out the tiles to be written: at most 255 hashes on each of 8 levels in memory.
#[derive(Debug, Clone, Default)]
pub struct TileWriter {
    size: u64,
    /// The size up to which tiles have been given out.
    written: u64,
    /// For each level the hashes of its partial tile, fewer than 256.
    levels: Vec<Vec<Hash>>,
    full: Vec<TileData>,
}

impl TileWriter {
    /// Starts an empty log.
    pub fn new() -> TileWriter {
        TileWriter::default()
    }

    /// Goes on with a log of `size` entries, whose tiles of [`super::tiles_for_edge`] are at hand.
    ///
    /// # Errors
    /// When a tile is missing. Compare [`TileWriter::root`] with the checkpoint before anything is appended.
    pub fn resume(size: u64, source: &impl TileSource) -> Result<TileWriter, MissingTile> {
        let mut levels = Vec::new();
        for level in 0..8u8 {
            let n_hashes = size >> (TILE_HEIGHT * u32::from(level));
            if n_hashes == 0 {
                break;
            }
            let mut hashes = Vec::new();
            if let Some(tile) = Tile::of_log(level, n_hashes / TILE_WIDTH, size) {
                let bytes = source.tile(tile).ok_or(MissingTile(tile))?;
                let chunks = bytes.as_chunks::<32>().0;
                let chunks = chunks.get(..usize::from(tile.width())).ok_or(MissingTile(tile))?;
                hashes.extend(chunks.iter().copied().map(Hash));
            }
            levels.push(hashes);
        }
        Ok(TileWriter { size, written: size, levels, full: Vec::new() })
    }

    /// Appends the leaf hash of an entry.
    pub fn append(&mut self, leaf: Hash) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..8u8 {
            if usize::from(level) == self.levels.len() {
                self.levels.push(Vec::with_capacity(TILE_WIDTH as usize));
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { return };
            hashes.push(hash);
            if (hashes.len() as u64) < TILE_WIDTH {
                return;
            }
            let index = (self.size >> (TILE_HEIGHT * (u32::from(level) + 1))) - 1;
            let mut tree = TreeBuilder::new();
            tree.extend(hashes.iter().copied());
            hash = tree.root();
            if let Some(tile) = Tile::new(level, index, TILE_WIDTH as u16) {
                self.full.push(TileData { tile, bytes: concat(hashes) });
            }
            hashes.clear();
        }
    }

    /// Returns the number of entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root over all entries.
    pub fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for hashes in self.levels.iter().filter(|hashes| !hashes.is_empty()) {
            let mut tree = TreeBuilder::new();
            tree.extend(hashes.iter().copied());
            for left in tree.edge().iter().rev() {
                root = Some(root.map_or(*left, |right| Hash::node(left, &right)));
            }
        }
        root.unwrap_or(Hash::EMPTY_ROOT)
    }

    /// Gives out the tiles that came about or changed since the last time: those of [`super::tiles_for_growth`].
    pub fn take_tiles(&mut self) -> Vec<TileData> {
        let mut tiles = std::mem::take(&mut self.full);
        for (level, hashes) in (0..8u8).zip(&self.levels) {
            let shift = TILE_HEIGHT * u32::from(level);
            let (before, now) = (self.written >> shift, self.size >> shift);
            if let Some(tile) = Tile::new(level, now / TILE_WIDTH, hashes.len() as u16).filter(|_| now > before) {
                tiles.push(TileData { tile, bytes: concat(hashes) });
            }
        }
        self.written = self.size;
        tiles.sort_by_key(|data| data.tile);
        tiles
    }
}

fn concat(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
