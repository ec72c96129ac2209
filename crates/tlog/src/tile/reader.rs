//! Hashes of the tree out of tiles, and which tiles a proof needs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use super::{TILE_HEIGHT, TILE_WIDTH, Tile};
use crate::Hash;
use crate::tree::{Subtree, Subtrees, consistency_proof, inclusion_proof, root};

/// Something that has the bytes of tiles: those that were fetched, or a folder.
pub trait TileSource {
    /// Returns the hashes of a tile, or of the full tile in its place; `None` if it is not there.
    fn tile(&self, tile: Tile) -> Option<Cow<'_, [u8]>>;
}

impl TileSource for BTreeMap<Tile, Vec<u8>> {
    fn tile(&self, tile: Tile) -> Option<Cow<'_, [u8]>> {
        self.get(&tile).or_else(|| self.get(&tile.full())).map(|bytes| Cow::Borrowed(bytes.as_slice()))
    }
}

/// A tile is not there or not as long as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is missing or has the wrong length", .0.path())]
pub struct MissingTile(pub Tile);

/// Reads the tree of a log of a certain size.
///
/// It does not compare what it reads with a root: who does not trust the tiles verifies the proofs that are made of them.
#[derive(Debug, Clone, Copy)]
pub struct TileReader<S> {
    pub source: S,
    pub size: u64,
}

impl<S: TileSource> Subtrees for TileReader<S> {
    type Error = MissingTile;

    fn subtree(&self, subtree: Subtree) -> Result<Hash, MissingTile> {
        let Place { tile, first, n_hashes } = place(subtree, self.size);
        let bytes = self.source.tile(tile).ok_or(MissingTile(tile))?;
        let (hashes, []) = bytes.as_chunks::<32>() else { return Err(MissingTile(tile)) };
        if hashes.len() < usize::from(tile.width()) {
            return Err(MissingTile(tile));
        }
        let hashes = hashes.get(first..first + n_hashes).ok_or(MissingTile(tile))?;
        let mut hashes: Vec<Hash> = hashes.iter().copied().map(Hash).collect();
        while let [_, _, ..] = hashes.as_slice() {
            hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| Hash::node(left, right)).collect();
        }
        hashes.first().copied().ok_or(MissingTile(tile))
    }
}

/// Where the hashes are that a perfect subtree is made of.
struct Place {
    tile: Tile,
    first: usize,
    n_hashes: usize,
}

fn place(subtree: Subtree, size: u64) -> Place {
    let tile_level = subtree.level / TILE_HEIGHT as u8;
    let height = u32::from(subtree.level) % TILE_HEIGHT;
    // A subtree within a tree of 64 bits: its first hash on the tile's level has a number below 2^64.
    let first = subtree.index.wrapping_shl(height);
    let index = first / TILE_WIDTH;
    let tile = Tile::of_log(tile_level, index, size);
    let fallback = Tile::new(tile_level.min(7), index, TILE_WIDTH as u16);
    #[expect(clippy::expect_used, reason = "a level of at most 7 and the full width always name a tile")]
    let tile = tile.or(fallback).expect("a tile");
    Place { tile, first: (first % TILE_WIDTH) as usize, n_hashes: 1 << height }
}

/// Notes which tiles would be read.
struct Recorder {
    size: u64,
    tiles: RefCell<BTreeSet<Tile>>,
}

impl Subtrees for Recorder {
    type Error = Infallible;

    fn subtree(&self, subtree: Subtree) -> Result<Hash, Infallible> {
        self.tiles.borrow_mut().insert(place(subtree, self.size).tile);
        Ok(Hash::EMPTY_ROOT)
    }
}

fn record<T>(size: u64, read: impl FnOnce(&Recorder) -> Result<T, Infallible>) -> BTreeSet<Tile> {
    let recorder = Recorder { size, tiles: RefCell::default() };
    let Ok(_) = read(&recorder);
    recorder.tiles.into_inner()
}

/// Returns the tiles that the inclusion proof of an entry is made of.
pub fn tiles_for_inclusion(index: u64, size: u64) -> BTreeSet<Tile> {
    record(size, |recorder| inclusion_proof(recorder, index, size))
}

/// Returns the tiles that the consistency proof between two sizes is made of.
pub fn tiles_for_consistency(old: u64, new: u64) -> BTreeSet<Tile> {
    record(new, |recorder| consistency_proof(recorder, old, new))
}

/// Returns the tiles that the root is made of.
pub fn tiles_for_root(size: u64) -> BTreeSet<Tile> {
    record(size, |recorder| root(recorder, size))
}

/// Returns the partial tiles at the right edge, from which a [`super::TileWriter`] goes on.
pub fn tiles_for_edge(size: u64) -> Vec<Tile> {
    (0..8)
        .filter_map(|level| Tile::of_log(level, (size >> (TILE_HEIGHT * u32::from(level))) / TILE_WIDTH, size))
        .collect()
}
