//! 256 entries of a log and the tile of their hashes: which bytes are right, when files disagree.

use std::ops::Range;

use tlog::Hash;

use crate::report::Finding;
use crate::run::Run;

/// How many disagreeing hashes are tried in all combinations.
const TRIES_BITS_MAX: u32 = 8;

/// A file of entries.
pub struct Bundle {
    pub path: String,
    pub width: usize,
    pub bytes: Vec<u8>,
    /// Where the entries are that can be told apart, from the first.
    pub entries: Vec<Range<usize>>,
}

/// A file of hashes.
pub struct TileFile {
    pub path: String,
    pub width: usize,
    pub bytes: Vec<u8>,
}

impl Bundle {
    /// Takes a file of so many entries, which may be damaged.
    pub fn new(path: String, width: usize, bytes: Vec<u8>) -> Bundle {
        let mut entries = Vec::new();
        let mut at = 0;
        while let Some(len) = bytes.get(at..at + 2).and_then(|len| <[u8; 2]>::try_from(len).ok()) {
            let range = at + 2..at + 2 + usize::from(u16::from_be_bytes(len));
            if range.end > bytes.len() {
                break;
            }
            at = range.end;
            entries.push(range);
        }
        Bundle { path, width, bytes, entries }
    }

    pub fn entry(&self, place: usize) -> Option<&[u8]> {
        self.bytes.get(self.entries.get(place)?.clone())
    }

    fn leaves(&self, n: usize) -> Option<Vec<Hash>> {
        (0..n).map(|place| Some(Hash::leaf(self.entry(place)?))).collect()
    }

    /// Compares the file with what it should hold: the leaves of its entries, and their bytes as far as they are known.
    pub fn check(&self, run: &Run<'_>, leaves: &[Hash], entries: &[Option<Vec<u8>>]) {
        let known: Option<Vec<&Vec<u8>>> = entries.iter().take(self.width).map(Option::as_ref).collect();
        if let Some(known) = known.filter(|known| known.len() == self.width) {
            let mut expected = Vec::with_capacity(self.bytes.len());
            for entry in known {
                // An entry is at most 65,535 bytes long: it was read out of such a file, or written into one.
                expected.extend(u16::try_from(entry.len()).unwrap_or(u16::MAX).to_be_bytes());
                expected.extend(entry);
            }
            compare(run, &self.path, &expected, &self.bytes, "these are not the entries that are signed");
            return;
        }
        let is_other = |place: &usize| self.entry(*place).map(Hash::leaf) != leaves.get(*place).copied();
        if let Some(place) = (0..self.width).find(is_other) {
            let start = self.entries.get(place).map_or_else(|| self.end_of(place), |range| range.start - 2);
            let has_after = self.entries.len() == self.width;
            let end = self.entries.get(place).filter(|_| has_after).map_or(self.bytes.len(), |range| range.end);
            let finding = Finding::new(&self.path, "these are not the entries that are signed");
            run.find(finding.at(start as u64..end as u64));
        }
    }

    /// Returns where the entry before `place` ends.
    fn end_of(&self, place: usize) -> usize {
        place.checked_sub(1).and_then(|before| self.entries.get(before)).map_or(0, |range| range.end)
    }
}

impl TileFile {
    fn leaves(&self, n: usize) -> Option<Vec<Hash>> {
        let hashes = self.bytes.as_chunks::<32>().0.get(..n)?;
        Some(hashes.iter().copied().map(Hash).collect())
    }
}

/// Says in which bytes a file differs from what it should be.
pub fn compare(run: &Run<'_>, path: &str, expected: &[u8], found: &[u8], what: &str) {
    if expected == found {
        return;
    }
    let n_same = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
    let finding = if expected.len() == found.len() {
        let behind = expected.iter().rev().zip(found.iter().rev()).take_while(|(a, b)| a == b).count();
        Finding::new(path, what).at(n_same as u64..(found.len() - behind) as u64)
    } else {
        let end = found.len().max(expected.len()) as u64;
        let finding = Finding::new(path, what).at((n_same as u64).min(end)..end);
        finding.differs(format!("{} bytes", expected.len()), format!("{} bytes", found.len()))
    };
    run.find(finding);
}

/// Decides what the first `n` leaves of a group are. `wal` are those that the write-ahead log has; `accepts` says whether leaves are
/// those that are signed. `None` when nobody has them all.
pub fn decide(
    bundles: &[Bundle],
    tiles: &[TileFile],
    wal: &[Option<Hash>],
    n: usize,
    accepts: impl Fn(&[Hash]) -> bool,
) -> Option<Vec<Hash>> {
    let mut candidates: Vec<Vec<Hash>> = Vec::new();
    let mut add = |leaves: Vec<Hash>| {
        if !candidates.contains(&leaves) {
            candidates.push(leaves);
        }
    };
    let of_bundles = bundles.iter().rev().filter_map(|bundle| bundle.leaves(n));
    for leaves in of_bundles.chain(tiles.iter().rev().filter_map(|tile| tile.leaves(n))) {
        // What the write-ahead log has may be only the end of the group.
        let over = leaves.iter().enumerate().map(|(place, leaf)| wal.get(place).copied().flatten().unwrap_or(*leaf));
        let over = over.collect();
        add(leaves);
        add(over);
    }
    if let Some(leaves) = wal.get(..n).and_then(|wal| wal.iter().copied().collect()) {
        add(leaves);
    }
    if candidates.len() < 2 {
        return candidates.pop();
    }
    if let Some(accepted) = candidates.iter().find(|leaves| accepts(leaves)) {
        return Some(accepted.clone());
    }
    let (first, second) = (candidates.first()?, candidates.get(1)?);
    let others: Vec<(usize, Hash)> =
        first.iter().zip(second).enumerate().filter(|(_, (a, b))| a != b).map(|(place, (_, b))| (place, *b)).collect();
    let n_tries = 1usize.checked_shl(others.len() as u32).filter(|_| others.len() as u32 <= TRIES_BITS_MAX);
    for choice in 1..n_tries.unwrap_or(1) {
        let mut mixed = first.clone();
        for (bit, (place, other)) in others.iter().enumerate() {
            if let Some(leaf) = mixed.get_mut(*place).filter(|_| choice >> bit & 1 == 1) {
                *leaf = *other;
            }
        }
        if accepts(&mixed) {
            return Some(mixed);
        }
    }
    candidates.into_iter().next()
}

/// Returns the root of a perfect tree over hashes, whose number is a power of two.
pub fn perfect_root(hashes: &[Hash]) -> Hash {
    let mut hashes = hashes.to_vec();
    while hashes.len() > 1 {
        hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| Hash::node(left, right)).collect();
    }
    hashes.first().copied().unwrap_or(Hash::EMPTY_ROOT)
}
