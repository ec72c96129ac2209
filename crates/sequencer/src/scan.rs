//! Reading the write-ahead log of a store that nobody writes to, without changing it, for those who verify.
//!
//! A start stops at the first damage, and rightly so; this goes on behind it, so that everything that is wrong gets a name. Every
//! sector of every file is looked at: those of frames by the frame's hash and chain too, all others by their own checksum, for a sector
//! that belongs to no frame is either zeroes or what an older frame left there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tlog::Hash;
use tlog::note::SignedNote;

use crate::error::OpenError;
use crate::recover::{Claims, Replay};
use crate::request::StoredBatch;
use crate::state::NodeState;
use crate::storage::{BLOCK, Storage};
use crate::wal::{FOLDER, Found, FrameKind, SECTOR, Sector, read_frame, read_sector, segment_path};
use crate::window::Window;

/// Something wrong in a file of the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalFinding {
    pub path: String,
    /// The bytes that it is about; `None` when the file as a whole is missing or none of ours.
    pub range: Option<Range<u64>>,
    pub what: String,
}

/// Where a frame stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalPlace {
    pub path: String,
    pub range: Range<u64>,
}

/// An entry in the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalEntry {
    pub bytes: Vec<u8>,
    /// Which of [`WalScan::frames`] it is in.
    pub frame: usize,
}

/// What the write-ahead log says of one workspace's log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WalLog {
    pub origin: String,
    /// Entries by their index. Some may lack where something is damaged.
    pub entries: BTreeMap<u64, WalEntry>,
    /// Roots that states and groups name, by size, with the frame that does.
    pub roots: BTreeMap<u64, (Hash, usize)>,
    /// The last checkpoint and its frame.
    pub checkpoint: Option<(SignedNote, usize)>,
    /// How many entries the log has.
    pub size: u64,
}

/// What was found in the write-ahead log.
#[derive(Debug, Clone, Default)]
pub struct WalScan {
    pub findings: Vec<WalFinding>,
    /// Whole frames in their order.
    pub frames: Vec<WalPlace>,
    pub logs: BTreeMap<String, WalLog>,
    pub n_files: u64,
    pub n_bytes: u64,
    /// Bytes of zeroes behind the frames.
    pub n_blank_bytes: u64,
    /// Bytes of older frames behind the frames, and in files that wait to be used again: each sector has its checksum and no more.
    pub n_older_bytes: u64,
    /// Sectors of a frame that was being written when the process ended; nothing of it was acknowledged.
    pub torn: Option<WalPlace>,
    /// The last file, if it has no whole frame: it was about to be used when the process ended, or lost what it had.
    pub unused: Option<String>,
    /// Bytes of frames that cannot be compared with those before them, because of damage there.
    pub unfollowed: Vec<WalPlace>,
}

/// Reads the write-ahead log. `oldest` is the number of the first file that has to be there, if known; `on_batch` is shown each batch
/// whose frame is whole, with the frame's place.
///
/// # Errors
/// When a file cannot be read.
pub fn scan(
    storage: &dyn Storage,
    oldest: Option<u64>,
    mut on_batch: impl FnMut(&WalPlace, StoredBatch),
) -> Result<WalScan, OpenError> {
    let names = storage.list(FOLDER).map_err(OpenError::io(FOLDER))?;
    let number = |name: &String| {
        let number = name.strip_suffix(".wal")?.parse().ok()?;
        (segment_path(number) == format!("{FOLDER}/{name}")).then_some(number)
    };
    let numbers: BTreeSet<u64> = names.iter().filter_map(number).collect();
    let mut scan = WalScan::default();
    let first = numbers.first().copied();
    for missing in missing_numbers(&numbers, oldest) {
        let what = "it is missing, and what was acknowledged may be in it".to_string();
        scan.findings.push(WalFinding { path: segment_path(missing), range: None, what });
    }
    let claims = Claims::new();
    let mut walk = Walk { scan, replay: None, claims: &claims, next_frame: 1, prev: None, epoch: 0, end: None };
    let last = numbers.last().copied();
    for number in &numbers {
        if Some(*number) != first && !numbers.contains(&(number - 1)) {
            walk.forget();
        }
        walk.segment(storage, *number, Some(*number) == last, &mut on_batch)?;
    }
    walk.spares(storage, &names)?;
    Ok(walk.scan)
}

/// Returns the files that are missing at the beginning or in between; of a gap that is long, its first only.
fn missing_numbers(numbers: &BTreeSet<u64>, oldest: Option<u64>) -> Vec<u64> {
    let mut missing = Vec::new();
    let due = oldest.filter(|oldest| *oldest > 0);
    if let Some(due) = due.filter(|due| numbers.first().is_none_or(|first| first > due)) {
        missing.push(due);
    }
    let after = numbers.iter().skip(1);
    missing.extend(
        numbers.iter().zip(after).filter(|(before, after)| **after != *before + 1).map(|(before, _)| before + 1),
    );
    missing
}

/// Going through the files.
struct Walk<'a> {
    scan: WalScan,
    /// `None` where it is not known what came before.
    replay: Option<Replay<'a>>,
    claims: &'a Claims,
    next_frame: u64,
    prev: Option<Hash>,
    epoch: u64,
    /// The file before, and where its frames end.
    end: Option<(String, usize)>,
}

impl Walk<'_> {
    fn find(&mut self, path: &str, range: Range<usize>, what: impl Into<String>) {
        let range = Some(range.start as u64..range.end as u64);
        self.scan.findings.push(WalFinding { path: path.to_string(), range, what: what.into() });
    }

    /// Goes on without knowing what came before.
    fn forget(&mut self) {
        self.replay = None;
        self.prev = None;
    }

    fn segment(
        &mut self,
        storage: &dyn Storage,
        number: u64,
        is_last: bool,
        on_batch: &mut impl FnMut(&WalPlace, StoredBatch),
    ) -> Result<(), OpenError> {
        let path = segment_path(number);
        let Some(bytes) = storage.read(&path).map_err(OpenError::io(&path))? else { return Ok(()) };
        self.scan.n_files += 1;
        self.scan.n_bytes += bytes.len() as u64;
        let damaged = self.damaged_sectors(&path, &bytes);
        self.check_gap(&bytes);
        let mut at = 0;
        let is_followed = loop {
            let due = self.prev.map(|_| self.next_frame);
            let frame = match read_frame(&bytes, at, due) {
                Found::Frame(frame) => frame,
                Found::End | Found::Torn => break true,
                Found::Damaged { byte, why } => {
                    let byte = byte as usize;
                    if !damaged.contains(&byte) {
                        self.find(&path, byte..(byte + SECTOR).min(bytes.len()), why);
                    }
                    break false;
                }
            };
            let range = at..at + frame.len;
            if self.prev.is_some_and(|prev| prev != frame.prev) {
                self.find(&path, range, "the frame does not follow the one before");
                break false;
            }
            if (frame.kind == FrameKind::State) != (at == 0) || frame.epoch < self.epoch {
                self.find(&path, range, "a frame of this kind does not belong here");
                break false;
            }
            if let Some(torn) = self.scan.torn.take() {
                let (first, end) = (torn.range.start as usize, torn.range.end as usize);
                self.find(&torn.path, first..end, "a frame that others follow is not there as a whole");
            }
            let place = WalPlace { path: path.clone(), range: range.start as u64..range.end as u64 };
            let replay = self.replay.get_or_insert_with(|| Replay {
                state: None,
                base: NodeState::default(),
                window: Window::new(1),
                entries: BTreeMap::new(),
                stop: None,
                claims: self.claims,
            });
            let before: BTreeMap<String, u64> = sizes(replay);
            let shown = replay.frame(&path, at as u64, &frame, &mut |batch| on_batch(&place, batch));
            self.scan.frames.push(place);
            if let Err(error) = shown {
                let why = match error {
                    OpenError::Damaged { why, .. } => why,
                    other => other.to_string(),
                };
                self.find(&path, range, why);
                break false;
            }
            self.take_roots(&before);
            (self.next_frame, self.prev, self.epoch) = (frame.number + 1, Some(frame.hash), frame.epoch);
            at += frame.len;
        };
        if at == 0 && is_followed && !is_last {
            self.find(&path, 0..bytes.len(), "there is no frame in it, and files with frames follow");
        }
        if at == 0 && is_followed && is_last {
            self.scan.unused = Some(path.clone());
        }
        self.behind(&path, &bytes, at, is_followed);
        self.end = Some((path, at));
        if !is_followed {
            self.forget();
        }
        Ok(())
    }

    /// Makes sure that the frame which a file begins with is the one that is due. If it is a later one, frames are missing at the end of
    /// the file before.
    fn check_gap(&mut self, bytes: &[u8]) {
        let first = bytes.as_chunks::<SECTOR>().0.first().map(|sector| read_sector(sector, 0).0);
        let (Some(Sector::Frame(found)), Some(_), Some((path, end))) = (first, self.prev, self.end.clone()) else {
            return;
        };
        if found > self.next_frame {
            let what = format!("behind byte {end} the frames {} to {} are missing", self.next_frame, found - 1);
            self.scan.findings.push(WalFinding { path, range: None, what });
            self.forget();
        }
    }

    /// Looks at the checksum of every sector of a file, and returns where the damaged ones begin.
    fn damaged_sectors(&mut self, path: &str, bytes: &[u8]) -> BTreeSet<usize> {
        let (sectors, rest) = bytes.as_chunks::<SECTOR>();
        let mut damaged = BTreeSet::new();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (idx, sector) in sectors.iter().enumerate() {
            let at = idx * SECTOR;
            if read_sector(sector, at as u64).0 != Sector::Damaged {
                continue;
            }
            damaged.insert(at);
            match ranges.last_mut() {
                Some(last) if last.end == at => last.end += SECTOR,
                _ => ranges.push(at..at + SECTOR),
            }
        }
        for range in ranges {
            self.find(path, range, "a sector's checksum is wrong");
        }
        let whole = bytes.len() / BLOCK * BLOCK;
        if !rest.is_empty() || whole != bytes.len() {
            self.find(path, whole..bytes.len(), format!("the file's length is no multiple of {BLOCK} bytes"));
        }
        damaged
    }

    /// Looks at what stands behind the last whole frame of a file.
    fn behind(&mut self, path: &str, bytes: &[u8], at: usize, is_followed: bool) {
        let mut newer: Option<Range<usize>> = None;
        let mut torn: Option<Range<usize>> = None;
        for (idx, sector) in bytes.get(at..).unwrap_or_default().as_chunks::<SECTOR>().0.iter().enumerate() {
            let first = at + idx * SECTOR;
            let grow = |range: &mut Option<Range<usize>>| range.get_or_insert(first..first).end = first + SECTOR;
            match read_sector(sector, first as u64).0 {
                Sector::Zero => self.scan.n_blank_bytes += SECTOR as u64,
                Sector::Damaged => {}
                Sector::Frame(number) if number < self.next_frame => self.scan.n_older_bytes += SECTOR as u64,
                Sector::Frame(number) if number == self.next_frame && is_followed => grow(&mut torn),
                Sector::Frame(_) => grow(&mut newer),
            }
        }
        let place =
            |range: Range<usize>| WalPlace { path: path.to_string(), range: range.start as u64..range.end as u64 };
        match newer {
            Some(newer) if is_followed => self.find(path, newer, "a frame before this one is missing"),
            Some(newer) => self.scan.unfollowed.push(place(newer)),
            None => {}
        }
        self.scan.torn = torn.map(place).or(self.scan.torn.take());
    }

    /// Looks at the files that wait to be used, and at names that no file of the write-ahead log has.
    fn spares(&mut self, storage: &dyn Storage, names: &[String]) -> Result<(), OpenError> {
        for name in names {
            let path = format!("{FOLDER}/{name}");
            if name.ends_with(".free") {
                let Some(bytes) = storage.read(&path).map_err(OpenError::io(&path))? else { continue };
                self.scan.n_files += 1;
                self.scan.n_bytes += bytes.len() as u64;
                self.damaged_sectors(&path, &bytes);
                self.behind(&path, &bytes, 0, true);
                if self.scan.torn.as_ref().is_some_and(|torn| torn.path == path) {
                    self.scan.torn = None;
                    self.find(&path, 0..bytes.len(), "a frame that is due stands in a file that is not in use");
                }
            } else if name.strip_suffix(".wal").and_then(|digits| digits.parse().ok()).map(segment_path)
                != Some(path.clone())
            {
                let what = "the write-ahead log has no such file".to_string();
                self.scan.findings.push(WalFinding { path, range: None, what });
            }
        }
        Ok(())
    }

    /// Takes up the sizes and roots that the frame that was just shown has led to.
    fn take_roots(&mut self, before: &BTreeMap<String, u64>) {
        let frame = self.scan.frames.len().saturating_sub(1);
        let Some(replay) = &mut self.replay else { return };
        for (workspace, log) in replay.state.iter().flat_map(|state| &state.logs) {
            let size = log.tree.size();
            if before.get(workspace) == Some(&size) {
                continue;
            }
            let known = self.scan.logs.entry(workspace.clone()).or_default();
            known.origin.clone_from(&log.origin);
            known.roots.insert(size, (log.tree.root(), frame));
            known.size = known.size.max(size);
            if let Some(checkpoint) = &log.checkpoint {
                known.checkpoint = Some((checkpoint.clone(), frame));
            }
            let entries = replay.entries.remove(workspace).unwrap_or_default();
            let first = size.saturating_sub(entries.len() as u64);
            known.entries.extend((first..).zip(entries.into_iter().map(|bytes| WalEntry { bytes, frame })));
        }
    }
}

/// Returns the sizes of the logs as they are before a frame.
fn sizes(replay: &Replay<'_>) -> BTreeMap<String, u64> {
    let logs = replay.state.iter().flat_map(|state| &state.logs);
    logs.map(|(workspace, log)| (workspace.clone(), log.tree.size())).collect()
}
