//! The files of a log: which there are, and the hashes above the leaves.

use std::collections::BTreeMap;

use sequencer::log_folder;
use tlog::Hash;
use tlog::tile::{TILE_WIDTH, Tile, entry_bundles_for_growth, tiles_for_growth};

use crate::group::{TileFile, compare, perfect_root};
use crate::report::Finding;
use crate::run::Run;

/// The files in a log's folder.
#[derive(Default)]
pub struct Listing {
    /// Widths of files of entries, ascending, by index.
    pub entries: BTreeMap<u64, Vec<Tile>>,
    /// Widths of files of hashes, ascending, by level and index.
    pub hashes: BTreeMap<(u8, u64), Vec<Tile>>,
}

impl Listing {
    /// Lists a log's folder. What no log has in it is a finding.
    pub fn read(run: &Run<'_>, workspace: &str) -> Listing {
        let folder = log_folder(workspace);
        let mut listing = Listing::default();
        for path in run.files(&folder) {
            let Some(name) = path.strip_prefix(&format!("{folder}/")) else { continue };
            if let Some(tile) = Tile::parse_entries_path(name) {
                listing.entries.entry(tile.index()).or_default().push(tile);
            } else if let Some(tile) = Tile::parse_path(name) {
                listing.hashes.entry((tile.level(), tile.index())).or_default().push(tile);
            } else if !matches!(name, "checkpoint" | "witnessed")
                && !name.starts_with("tsr/")
                && !run.is_leftover(&path)
            {
                run.find(Finding::new(&path, "no log has such a file"));
            }
        }
        for tiles in listing.entries.values_mut().chain(listing.hashes.values_mut()) {
            tiles.sort_by_key(Tile::width);
        }
        listing
    }

    /// Says which files lack that readers of a log of `size` entries ask for.
    pub fn check_missing(&self, run: &Run<'_>, workspace: &str, size: u64) {
        let folder = log_folder(workspace);
        let is_there = |path: String| run.path(&format!("{folder}/{path}")).is_file();
        let missing = |path: String| run.find(Finding::new(format!("{folder}/{path}"), "it is missing"));
        for tile in entry_bundles_for_growth(0, size) {
            if !is_there(tile.entries_path()) && !is_there(tile.full().entries_path()) {
                missing(tile.entries_path());
            }
        }
        for tile in tiles_for_growth(0, size) {
            if !is_there(tile.path()) && !is_there(tile.full().path()) {
                missing(tile.path());
            }
        }
    }

    /// Reads the files of hashes of a place.
    pub fn read_hashes(&self, run: &Run<'_>, workspace: &str, level: u8, index: u64) -> Vec<TileFile> {
        let tiles = self.hashes.get(&(level, index)).into_iter().flatten();
        let read = |tile: &Tile| {
            let path = format!("{}/{}", log_folder(workspace), tile.path());
            let bytes = run.read(&path)?;
            run.count(|counts| counts.n_tiles += 1);
            Some(TileFile { path, width: usize::from(tile.width()), bytes })
        };
        tiles.filter_map(read).collect()
    }
}

/// Compares a file of hashes with those that it should have. `hashes` are all that there are at its place.
pub fn check_tile(run: &Run<'_>, tile: &TileFile, hashes: &[Hash]) {
    match hashes.get(..tile.width) {
        Some(hashes) => {
            let expected: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
            compare(run, &tile.path, &expected, &tile.bytes, "these are not the hashes of what is signed");
        }
        // A log that is being written has grown since.
        None if run.is_in_use => {}
        None => run.find(Finding::new(&tile.path, "the log has fewer entries than the file is for")),
    }
}

/// Compares the files of hashes above the leaves with what they should be; `level_1` are the hashes of full tiles of leaves.
pub fn check_upper(run: &Run<'_>, workspace: &str, listing: &Listing, level_1: Vec<Hash>) {
    let mut hashes = level_1;
    for level in 1..8 {
        let indexes = listing.hashes.range((level, 0)..(level + 1, 0)).map(|((_, index), _)| *index);
        for index in indexes {
            let first = usize::try_from(index.saturating_mul(TILE_WIDTH)).unwrap_or(usize::MAX);
            let own = hashes.get(first..).unwrap_or_default();
            for tile in listing.read_hashes(run, workspace, level, index) {
                check_tile(run, &tile, own);
            }
        }
        hashes = hashes.chunks_exact(TILE_WIDTH as usize).map(perfect_root).collect();
    }
}
