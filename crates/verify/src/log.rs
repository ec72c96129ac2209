//! A workspace's log: every entry against the signed root, every file of it bit for bit, and what the entries say together.

use std::collections::{BTreeMap, BTreeSet};

use extents::{Catalog, CatalogError};
use sequencer::{WalLog, log_folder};
use tlog::Hash;
use tlog::entry::{Act, Entry};
use tlog::tile::{TILE_WIDTH, Tile};
use tlog::tree::TreeBuilder;

use crate::checkpoint::Head;
use crate::group::{Bundle, TileFile, decide, perfect_root};
use crate::later::Later;
use crate::report::Finding;
use crate::run::Run;
use crate::statements::is_statement;
use crate::tiles::{Listing, check_tile, check_upper};

/// What a log holds.
pub struct LogContent {
    pub workspace: String,
    /// Entries that the checkpoint covers.
    pub size: u64,
    pub catalog: Catalog,
    /// What was destroyed or erased, with the indices of the entries that say so.
    pub orders: Vec<(u64, Entry)>,
    /// Acts about the store itself, by the index of their entry.
    pub statements: Vec<(u64, Act)>,
    /// Roots at sizes that somebody names.
    pub roots: BTreeMap<u64, Hash>,
    /// The leaves of all entries that are known.
    pub leaves: Vec<Hash>,
    /// Whether the catalog has every entry; else nothing can be said about what entries do not name.
    pub is_complete: bool,
    /// What the log says by now, where another process writes it.
    pub later: Later,
}

/// Reads a log. `sizes` are those at which the root is wanted.
pub fn read_log(
    run: &Run<'_>,
    workspace: &str,
    head: &Head,
    wal: Option<&WalLog>,
    mut sizes: BTreeSet<u64>,
    later: Later,
) -> LogContent {
    let listing = Listing::read(run, workspace);
    listing.check_missing(run, workspace, head.size);
    sizes.insert(head.size);
    // What the write-ahead log has beyond the checkpoint may be in files already, written before the checkpoint was.
    let mut n_known = head.size;
    while wal.is_some_and(|wal| wal.entries.contains_key(&n_known)) {
        n_known += 1;
    }
    let content = LogContent {
        workspace: workspace.to_string(),
        size: head.size,
        catalog: Catalog::default(),
        orders: Vec::new(),
        statements: Vec::new(),
        roots: BTreeMap::new(),
        leaves: Vec::new(),
        is_complete: true,
        later,
    };
    let mut reading =
        Reading { run, head, wal, listing: &listing, content, tree: TreeBuilder::new(), sizes, level_1: None };
    if reading.sizes.contains(&0) {
        reading.content.roots.insert(0, Hash::EMPTY_ROOT);
    }
    let n_groups = n_known.div_ceil(TILE_WIDTH);
    for index in 0..n_groups {
        if !reading.group(index, n_known) {
            reading.content.is_complete = false;
            run.leave(log_folder(workspace), 0, format!("entries from {} on", index * TILE_WIDTH));
            return reading.content;
        }
    }
    for index in listing.entries.keys().filter(|index| **index >= n_groups && !run.is_in_use) {
        for tile in listing.entries.get(index).into_iter().flatten() {
            let path = format!("{}/{}", log_folder(workspace), tile.entries_path());
            run.find(Finding::new(path, "the log has fewer entries than the file is for"));
        }
    }
    for (_, index) in listing.hashes.range((0, n_groups)..(1, 0)).map(|(place, _)| *place) {
        for tile in listing.read_hashes(run, workspace, 0, index) {
            check_tile(run, &tile, &[]);
        }
    }
    let level_1 = reading.content.leaves.chunks_exact(TILE_WIDTH as usize).map(perfect_root).collect();
    check_upper(run, workspace, &listing, level_1);
    reading.content
}

/// Going through the groups of 256 entries.
struct Reading<'a, 'r> {
    run: &'a Run<'r>,
    head: &'a Head,
    wal: Option<&'a WalLog>,
    listing: &'a Listing,
    content: LogContent,
    tree: TreeBuilder,
    sizes: BTreeSet<u64>,
    /// The files of hashes above the present groups, by their index.
    level_1: Option<(u64, Vec<TileFile>)>,
}

impl Reading<'_, '_> {
    /// Takes a group; `false` when nobody has its entries.
    fn group(&mut self, index: u64, n_known: u64) -> bool {
        let workspace = self.content.workspace.clone();
        let first = index * TILE_WIDTH;
        let n_signed = self.head.size.saturating_sub(first).min(TILE_WIDTH) as usize;
        let n_known = n_known.saturating_sub(first).min(TILE_WIDTH) as usize;
        let bundles = self.bundles(index);
        let tiles = self.listing.read_hashes(self.run, &workspace, 0, index);
        let above = self.above(index);
        let wal = self.wal;
        let from_wal = |place: usize| wal.and_then(|wal| wal.entries.get(&(first + place as u64)));
        let of_wal: Vec<Option<Hash>> = (0..n_signed).map(|place| Some(Hash::leaf(&from_wal(place)?.bytes))).collect();
        let accepts = |leaves: &[Hash]| {
            if leaves.len() as u64 == TILE_WIDTH && above.contains(&perfect_root(leaves)) {
                return true;
            }
            let mut tree = self.tree.clone();
            tree.extend(leaves.iter().copied());
            tree.size() == self.head.size && tree.root() == self.head.root
        };
        let Some(mut leaves) = decide(&bundles, &tiles, &of_wal, n_signed, accepts) else { return false };
        leaves.extend((n_signed..n_known).map_while(|place| Some(Hash::leaf(&from_wal(place)?.bytes))));
        let mut entries: Vec<Option<Vec<u8>>> = Vec::with_capacity(n_known);
        for (place, leaf) in leaves.iter().enumerate() {
            let stored = bundles.iter().rev().filter_map(|bundle| bundle.entry(place));
            let mut all = stored.chain(from_wal(place).map(|entry| entry.bytes.as_slice()));
            entries.push(all.find(|entry| Hash::leaf(entry) == *leaf).map(<[u8]>::to_vec));
        }
        for bundle in &bundles {
            if bundle.width <= leaves.len() {
                bundle.check(self.run, &leaves, &entries);
            } else if !self.run.is_in_use {
                self.run.find(Finding::new(&bundle.path, "the log has fewer entries than the file is for"));
            }
        }
        for tile in &tiles {
            check_tile(self.run, tile, &leaves);
        }
        for (place, (leaf, entry)) in leaves.iter().zip(&entries).enumerate() {
            self.tree.append(*leaf);
            self.content.leaves.push(*leaf);
            if self.sizes.contains(&self.tree.size()) {
                self.content.roots.insert(self.tree.size(), self.tree.root());
            }
            self.entry(first + place as u64, entry.as_deref(), &bundles, place);
        }
        true
    }

    fn bundles(&self, index: u64) -> Vec<Bundle> {
        let tiles = self.listing.entries.get(&index).into_iter().flatten();
        let read = |tile: &Tile| {
            let path = format!("{}/{}", log_folder(&self.content.workspace), tile.entries_path());
            let bytes = self.run.read(&path)?;
            self.run.count(|counts| counts.n_tiles += 1);
            Some(Bundle::new(path, usize::from(tile.width()), bytes))
        };
        let found: Vec<Bundle> = tiles.filter_map(read).collect();
        if !found.is_empty() || !self.run.is_in_use {
            return found;
        }
        // A full one has taken the place of those that were listed.
        Tile::new(0, index, TILE_WIDTH as u16).iter().filter_map(read).collect()
    }

    /// Returns what files of level 1 say the root of a full group is.
    fn above(&mut self, index: u64) -> Vec<Hash> {
        let tile = index / TILE_WIDTH;
        if self.level_1.as_ref().is_none_or(|(of, _)| *of != tile) {
            // They are looked at again as what they are, and counted then.
            let tiles = self.listing.hashes.get(&(1, tile)).into_iter().flatten();
            let read = |of: &Tile| {
                let path = format!("{}/{}", log_folder(&self.content.workspace), of.path());
                let bytes = std::fs::read(self.run.path(&path)).ok()?;
                Some(TileFile { path, width: usize::from(of.width()), bytes })
            };
            self.level_1 = Some((tile, tiles.filter_map(read).collect()));
        }
        let place = (index % TILE_WIDTH) as usize;
        let files = self.level_1.iter().flat_map(|(_, files)| files);
        files.filter_map(|file| file.bytes.as_chunks::<32>().0.get(place).copied().map(Hash)).collect()
    }

    /// Takes up what an entry says.
    fn entry(&mut self, index: u64, entry: Option<&[u8]>, bundles: &[Bundle], place: usize) {
        let workspace = &self.content.workspace;
        let Some(bytes) = entry else {
            if self.content.is_complete {
                self.run.leave(
                    log_folder(workspace),
                    0,
                    format!("what entries say from entry {index} on, which is lost"),
                );
            }
            self.content.is_complete = false;
            return;
        };
        if !self.content.is_complete {
            return;
        }
        match self.content.catalog.add(bytes) {
            Ok(order @ (Entry::Lifecycle(_) | Entry::Redaction(_))) => self.content.orders.push((index, order)),
            Ok(Entry::Act(act)) if is_statement(act.kind) => self.content.statements.push((index, act)),
            Ok(_) => {}
            Err(error) => {
                self.content.is_complete = false;
                let why = match error {
                    CatalogError::Entry { source, .. } => format!("entry {index} cannot be read: {source}"),
                    contradiction @ CatalogError::Contradiction { .. } => contradiction.to_string(),
                };
                let bundle = bundles.last();
                let path = bundle.map_or_else(|| log_folder(workspace), |bundle| bundle.path.clone());
                let range = bundle.and_then(|bundle| bundle.entries.get(place));
                let range = range.map(|range| range.start as u64..range.end as u64);
                self.run.find(Finding { range, ..Finding::new(path, why) });
                self.run.leave(log_folder(workspace), 0, format!("what entries say after entry {index}"));
            }
        }
    }
}
