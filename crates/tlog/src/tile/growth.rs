//! Which tiles a log writes when it grows, and which may go when it is pruned.

use super::{TILE_HEIGHT, TILE_WIDTH, Tile};

/// Returns the tiles that a log of `new` entries has and a log of `old` entries has not, level by level, from left to right.
///
/// # Source
/// C2SP tlog-tiles, "Partial Tiles".
pub fn tiles_for_growth(old: u64, new: u64) -> Vec<Tile> {
    (0..8).flat_map(|level| level_growth(level, old, new)).collect()
}

/// Returns the bundles of entries that a log of `new` entries has and a log of `old` entries has not.
pub fn entry_bundles_for_growth(old: u64, new: u64) -> Vec<Tile> {
    level_growth(0, old, new).collect()
}

/// Returns the tiles, level by level, that may go when the first index that is published rises from `old` to `new`; those of level 0
/// with their bundles of entries.
///
/// # Source
/// C2SP tlog-tiles, "Pruning". It asks for a written policy before anything is pruned.
pub fn tiles_to_prune(old: u64, new: u64) -> Vec<Tile> {
    let full = |level: u8, index: u64| Tile::new(level, index, TILE_WIDTH as u16);
    let gone = |level: u8, index_min: u64| index_min.checked_shr(TILE_HEIGHT * (u32::from(level) + 1)).unwrap_or(0);
    (0..8).flat_map(|level| (gone(level, old)..gone(level, new)).filter_map(move |index| full(level, index))).collect()
}

fn level_growth(level: u8, old: u64, new: u64) -> impl Iterator<Item = Tile> {
    let shift = TILE_HEIGHT * u32::from(level);
    let (old, new) = (old >> shift, new >> shift);
    // Nothing has been added on this level, so the tile at its edge is as wide as before.
    let end = if new > old { new.div_ceil(TILE_WIDTH) } else { 0 };
    (old / TILE_WIDTH..end).filter_map(move |index| Tile::of_log(level, index, new << shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(old: u64, new: u64) -> Vec<String> {
        tiles_for_growth(old, new).iter().map(Tile::path).collect()
    }

    #[test]
    fn a_log_of_seventy_thousand_has_the_tiles_of_the_specification() {
        let tiles = tiles_for_growth(0, 70_000);
        let count = |level, is_full| tiles.iter().filter(|t| t.level() == level && t.is_full() == is_full).count();
        assert_eq!((count(0, true), count(0, false)), (273, 1));
        assert_eq!((count(1, true), count(1, false)), (1, 1));
        assert_eq!((count(2, true), count(2, false)), (0, 1));
        let last: Vec<String> = tiles.iter().filter(|t| !t.is_full()).map(Tile::path).collect();
        assert_eq!(last, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    }

    #[test]
    fn tiles_go_once_all_below_them_may() {
        assert_eq!(tiles_to_prune(0, 255), []);
        for (old, new) in [(0, 256), (0, 70_000), (300, 66_000), (65_535, 65_536), (70_000, 70_001), (9, 5)] {
            let gone = tiles_to_prune(old, new);
            let all = tiles_for_growth(0, 200_000);
            let expected: Vec<Tile> = all.into_iter().filter(|t| t.is_prunable(new) && !t.is_prunable(old)).collect();
            assert_eq!(gone, expected, "{old} to {new}");
        }
    }

    #[test]
    fn only_what_changed_is_written() {
        assert_eq!(paths(5, 5), Vec::<String>::new());
        assert_eq!(paths(0, 1), ["tile/0/000.p/1"]);
        assert_eq!(paths(1, 255), ["tile/0/000.p/255"]);
        assert_eq!(paths(255, 256), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(paths(256, 257), ["tile/0/001.p/1"]);
        assert_eq!(paths(200, 600), ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]);
        assert_eq!(paths(9, 3), Vec::<String>::new());
    }
}
