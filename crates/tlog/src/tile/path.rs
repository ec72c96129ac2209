//! Which tile: its place in the tree and its path.

use super::{TILE_HEIGHT, TILE_WIDTH};
use crate::text::number;

/// A tile of hashes, or the bundle of entries below a tile of level 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// Names a tile; `None` for a level above 7, where no tree of 64 bits reaches, or a width that is not 1 to 256.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Tile> {
        let is_tile = level < 8 && (1..=TILE_WIDTH as u16).contains(&width);
        is_tile.then_some(Tile { level, index, width })
    }

    /// Returns the tile of a level and an index that a log of `size` entries has, full or partial; `None` if it has none.
    pub fn of_log(level: u8, index: u64, size: u64) -> Option<Tile> {
        let n_hashes = size.checked_shr(TILE_HEIGHT * u32::from(level))?;
        let width = n_hashes.checked_sub(index.checked_mul(TILE_WIDTH)?)?.min(TILE_WIDTH);
        Tile::new(level, index, width as u16)
    }

    /// Returns the level: 0 holds hashes of leaves.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Returns the index within the level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Returns the number of hashes, or of entries of the bundle: 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Returns whether the tile has all its 256 hashes.
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// Returns the tile with all its hashes, which may stand where a partial one is gone.
    pub fn full(&self) -> Tile {
        Tile { width: TILE_WIDTH as u16, ..*self }
    }

    /// Returns the path of the tile, such as `tile/1/x001/x234/067.p/8`.
    ///
    /// # Source
    /// C2SP tlog-tiles, "Merkle Tree".
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.index_path())
    }

    /// Returns the path of the bundle of entries below a tile of level 0, such as `tile/entries/x001/067.p/8`.
    ///
    /// # Source
    /// C2SP tlog-tiles, "Log entries".
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", self.index_path())
    }

    fn index_path(&self) -> String {
        let mut path = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            path = format!("x{:03}/{path}", rest % 1000);
            rest /= 1000;
        }
        if self.is_full() { path } else { format!("{path}.p/{}", self.width) }
    }

    /// Reads a path that [`Tile::path`] gives.
    pub fn parse_path(path: &str) -> Option<Tile> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let tile = Tile::parse_index(u8::try_from(number(level)?).ok()?, rest)?;
        (tile.path() == path).then_some(tile)
    }

    /// Reads a path that [`Tile::entries_path`] gives.
    pub fn parse_entries_path(path: &str) -> Option<Tile> {
        let tile = Tile::parse_index(0, path.strip_prefix("tile/entries/")?)?;
        (tile.entries_path() == path).then_some(tile)
    }

    /// Reads the digits of an index and a width; the caller compares with what would have been written.
    fn parse_index(level: u8, text: &str) -> Option<Tile> {
        let (index_text, width) = match text.split_once(".p/") {
            Some((index_text, width)) => (index_text, u16::try_from(number(width)?).ok()?),
            None => (text, TILE_WIDTH as u16),
        };
        let mut index = 0u64;
        for part in index_text.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        Tile::new(level, index, width)
    }

    /// Returns the index of the first entry after those below the full tile.
    ///
    /// # Source
    /// C2SP tlog-tiles, "Merkle Tree", where it is called the end index.
    pub fn end_index(&self) -> u128 {
        let entries_per_tile = 1u128 << (TILE_HEIGHT * (u32::from(self.level) + 1));
        // Only an index that no log of 64 bits has overflows.
        (u128::from(self.index) + 1).saturating_mul(entries_per_tile)
    }

    /// Returns whether the tile may go once entries before `index_min` are no longer published. A partial tile never goes this
    /// way; it goes when the full one is there.
    ///
    /// # Source
    /// C2SP tlog-tiles, "Pruning".
    pub fn is_prunable(&self, index_min: u64) -> bool {
        self.is_full() && self.end_index() <= u128::from(index_min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let paths = [
            (0, 0, 256, "tile/0/000"),
            (1, 1_234_067, 256, "tile/1/x001/x234/067"),
            (0, 273, 112, "tile/0/273.p/112"),
            (7, 1000, 1, "tile/7/x001/000.p/1"),
        ];
        for (level, index, width, path) in paths {
            let tile = Tile::new(level, index, width).expect("a tile");
            assert_eq!(tile.path(), path);
            assert_eq!(Tile::parse_path(path), Some(tile));
        }
        assert_eq!(Tile::parse_entries_path("tile/entries/x001/067"), Tile::new(0, 1067, 256));
    }

    #[test]
    fn other_paths_are_refused() {
        for path in [
            "tile/0/0",
            "tile/00/000",
            "tile/8/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000/",
            "/tile/0/000",
            "tile/entries/000",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::parse_path(path), None, "{path}");
        }
    }

    #[test]
    fn tiles_go_when_all_below_them_may() {
        let tile = |level, index, width| Tile::new(level, index, width).expect("a tile");
        assert!(tile(0, 0, 256).is_prunable(256));
        assert!(!tile(0, 0, 256).is_prunable(255));
        assert!(!tile(1, 0, 256).is_prunable(65_535));
        assert!(tile(1, 0, 256).is_prunable(65_536));
        assert!(!tile(0, 0, 255).is_prunable(1000));
        assert!(!tile(7, u64::MAX, 256).is_prunable(u64::MAX));
    }
}
