//! The write-ahead log: frames, one behind the other, in files of a fixed size that are used again.
//!
//! ```text
//! wal/0000000007.wal   State Commit Commit Commit ...        oldest: goes when all its batches are elsewhere
//! wal/0000000008.wal   State Commit Commit                   being written
//! wal/0000000003.free                                        to be written next
//! ```
//!
//! Each file begins with a frame of the whole state, so that the files before it are not needed to go on. Files are full of zeroes,
//! or of older frames, before they are written: a flush then moves data only, not the file system's own records.
//!
//! What follows the last whole frame decides at the start: remains of the very next frame were never acknowledged and are
//! wiped out; anything else stops the start.

mod frame;
mod sector;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use stdx::crash_point;
use tlog::Hash;

use crate::error::{OpenError, Stop};
use crate::storage::{BLOCK, LogFile, Storage};
use frame::{FrameId, latest_remains, write_frame};

pub use frame::{Found, Frame, FrameKind, frame_len, read_frame};
pub use sector::{SECTOR, Sector, read_sector};

/// The folder of the files.
pub const FOLDER: &str = "wal";
/// Files that are kept to be written again; more are removed, by another thread.
const SPARES_MAX: usize = 4;
/// Files beyond [`WalOptions::segments_max`] for entries that say where records are now, without which no file could ever be given up.
const RESERVE: usize = 4;

/// How large the write-ahead log is.
#[derive(Debug, Clone)]
pub struct WalOptions {
    /// The size of a file in bytes; larger ones are made for larger frames.
    pub segment_bytes: u64,
    /// Files in use at most; when all are, nothing is taken until batches are released.
    pub segments_max: usize,
}

/// How far a workspace's tables have come: the number after the last record, by workspace and table.
pub type TableEnds = BTreeMap<(String, String), u64>;

/// The write-ahead log, open for appending.
pub struct Wal {
    storage: Arc<dyn Storage>,
    options: WalOptions,
    segments: VecDeque<Segment>,
    /// The files that may be written again.
    spares: Vec<Spare>,
    /// Whether somebody is making a file ahead.
    is_spare_coming: bool,
    /// The file that is being written, the last of `segments`.
    file: Option<Box<dyn LogFile>>,
    at: u64,
    next_frame: u64,
    next_segment: u64,
    prev: Hash,
    epoch: u64,
    n_bytes: u64,
    buffer: Vec<u8>,
    /// The files before this one are removed, not written again.
    forget_before: u64,
}

/// A file that is not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spare {
    pub path: String,
    pub len: u64,
}

struct Segment {
    number: u64,
    path: String,
    last_frame: u64,
    ends: TableEnds,
}

/// Why there is no new file.
pub enum RotateError {
    /// Nothing has happened; it may work later.
    NoRoom(String),
    Stop(Stop),
}

/// Returns the path of a file.
pub fn segment_path(number: u64) -> String {
    format!("{FOLDER}/{number:010}.wal")
}

impl Wal {
    /// Reads what is there, showing each whole frame with its file and place in it, and gets ready to append. `visit` returns how far
    /// the tables come in the frame. `oldest` is the number of the oldest file that has to be there, if known.
    pub fn recover(
        storage: Arc<dyn Storage>,
        options: WalOptions,
        oldest: Option<u64>,
        mut visit: impl FnMut(&str, u64, &Frame) -> Result<TableEnds, OpenError>,
    ) -> Result<Wal, OpenError> {
        let names = storage.list(FOLDER).map_err(OpenError::io(FOLDER))?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| name.strip_suffix(".wal")?.parse().ok()).collect();
        numbers.sort_unstable();
        if let Some(expected) = oldest.filter(|oldest| numbers.first().is_none_or(|first| first > oldest)) {
            return Err(OpenError::Missing { path: segment_path(expected) });
        }
        if let Some([before, _]) = numbers.array_windows().find(|[before, after]| *after != before + 1) {
            return Err(OpenError::Missing { path: segment_path(before + 1) });
        }
        let mut wal = Wal {
            storage,
            options,
            segments: VecDeque::new(),
            spares: Vec::new(),
            is_spare_coming: false,
            file: None,
            at: 0,
            next_frame: 1,
            next_segment: 1,
            prev: Hash::EMPTY_ROOT,
            epoch: 0,
            n_bytes: 0,
            buffer: Vec::new(),
            forget_before: 0,
        };
        let mut tail: Option<Tail> = None;
        for number in &numbers {
            wal.read_segment(*number, &mut tail, &mut visit)?;
        }
        wal.settle(&numbers, tail)?;
        for name in names.iter().filter(|name| name.ends_with(".free")) {
            let path = format!("{FOLDER}/{name}");
            let len = wal.storage.open_log(&path).map_err(OpenError::io(&path))?.len();
            // One that was not finished, or is of another size than files have now, would never be used.
            if len >= wal.options.segment_bytes && wal.spares.len() < SPARES_MAX {
                wal.spares.push(Spare { path, len });
            } else {
                wal.storage.remove(&path).map_err(OpenError::io(&path))?;
            }
        }
        wal.epoch += 1;
        Ok(wal)
    }

    fn read_segment(
        &mut self,
        number: u64,
        tail: &mut Option<Tail>,
        visit: &mut impl FnMut(&str, u64, &Frame) -> Result<TableEnds, OpenError>,
    ) -> Result<(), OpenError> {
        let path = segment_path(number);
        let damaged = |byte: u64, why: &str| OpenError::Damaged { path: path.clone(), byte, why: why.to_string() };
        let file = self.storage.open_log(&path).map_err(OpenError::io(&path))?;
        let bytes = file.read_all().map_err(OpenError::io(&path))?;
        let mut at = 0;
        loop {
            // Which frame the oldest file begins with, it says itself.
            let due = if self.segments.is_empty() && at == 0 { None } else { Some(self.next_frame) };
            let frame = match read_frame(&bytes, at, due) {
                Found::Frame(frame) => frame,
                Found::End | Found::Torn => break,
                Found::Damaged { byte, why } => return Err(damaged(byte, why)),
            };
            if due.is_some() && frame.prev != self.prev {
                return Err(damaged(at as u64, "the frame does not follow the one before"));
            }
            if (frame.kind == FrameKind::State) != (at == 0) || frame.epoch < self.epoch {
                return Err(damaged(at as u64, "a frame of this kind does not belong here"));
            }
            if tail.as_ref().is_some_and(|tail| tail.remains_end > tail.end) {
                return Err(damaged(at as u64, "the frame before is not there as a whole"));
            }
            let ends = visit(&path, at as u64, &frame)?;
            if at == 0 {
                let segment = Segment { number, path: path.clone(), last_frame: 0, ends: TableEnds::new() };
                self.segments.push_back(segment);
            }
            if let Some(segment) = self.segments.back_mut() {
                segment.last_frame = frame.number;
                segment.ends.extend(ends);
            }
            self.next_frame = frame.number + 1;
            self.prev = frame.hash;
            self.epoch = frame.epoch;
            let last = bytes.get(at..at + frame.len).unwrap_or_default().to_vec();
            let end = at + frame.len;
            *tail = Some(Tail { number, last_at: at as u64, last, end, remains_end: end });
            at = end;
        }
        match latest_remains(&bytes, at) {
            Some(remains) if remains.number > self.next_frame => {
                Err(damaged(remains.first as u64, "a frame before this one is missing"))
            }
            Some(remains) if remains.number == self.next_frame => {
                if let Some(tail) = tail.as_mut().filter(|tail| tail.number == number) {
                    tail.remains_end = remains.end;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Makes the last frame the end of the log for good.
    fn settle(&mut self, numbers: &[u64], tail: Option<Tail>) -> Result<(), OpenError> {
        // A file without a whole frame was about to be used.
        let n_used = self.segments.len();
        for number in numbers.iter().skip(n_used) {
            let path = segment_path(*number);
            self.storage.remove(&path).map_err(OpenError::io(&path))?;
        }
        self.storage.sync_folder(FOLDER).or_else(ignore_missing).map_err(OpenError::io(FOLDER))?;
        let Some(tail) = tail else { return Ok(()) };
        let path = segment_path(tail.number);
        let mut file = self.storage.open_log(&path).map_err(OpenError::io(&path))?;
        // The last frame may have been read from memory only: nothing is built on it before it is on the disk.
        file.write_flushed(tail.last_at, &tail.last).map_err(OpenError::io(&path))?;
        if tail.remains_end > tail.end {
            let zeroes = vec![0; (tail.remains_end - tail.end).next_multiple_of(BLOCK)];
            file.write_flushed(tail.end as u64, &zeroes).map_err(OpenError::io(&path))?;
        }
        self.file = Some(file);
        self.at = tail.end as u64;
        self.next_segment = tail.number + 1;
        Ok(())
    }

    /// Returns whether there is a file to append to.
    pub fn has_segment(&self) -> bool {
        self.file.is_some()
    }

    /// Returns whether a frame of so many bytes has room in the present file.
    pub fn fits(&self, frame_len: usize) -> bool {
        self.file.as_ref().is_some_and(|file| self.at + frame_len as u64 <= file.len())
    }

    /// Returns the number that the next frame will have.
    pub fn next_frame(&self) -> u64 {
        self.next_frame
    }

    /// Returns the number of the oldest file in use; 0 if there is none.
    pub fn oldest(&self) -> u64 {
        self.segments.front().map_or(0, |segment| segment.number)
    }

    /// Returns whether files are in use that are kept back for entries that make room.
    pub fn is_in_reserve(&self) -> bool {
        self.segments.len() > self.options.segments_max
    }

    /// Returns how many files are in use.
    pub fn n_segments(&self) -> usize {
        self.segments.len()
    }

    /// Returns a file to be allocated ahead, by another thread, so that the next one is there when this one is full; `None` if there is
    /// one or it is being made.
    pub fn take_spare_wish(&mut self) -> Option<Spare> {
        let len = self.options.segment_bytes.next_multiple_of(BLOCK as u64);
        let has_spare = self.spares.iter().any(|spare| spare.len >= len);
        if has_spare || self.is_spare_coming || self.file.is_none() || self.segments.len() >= self.options.segments_max
        {
            return None;
        }
        self.is_spare_coming = true;
        Some(Spare { path: format!("{FOLDER}/{:010}-ahead.free", self.next_segment), len })
    }

    /// Takes a file that was allocated as wished, or the news that it could not be.
    pub fn take_spare(&mut self, spare: Option<Spare>) {
        self.is_spare_coming = false;
        self.spares.extend(spare);
    }

    /// Returns how many bytes have been written since the start.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Begins a new file with the state as it is and room for a frame of `frame_len` bytes after it.
    ///
    /// With `is_reserve` it may be one of the files that are kept back for entries that make room.
    pub fn rotate(&mut self, state: &[u8], frame_len: usize, is_reserve: bool) -> Result<(), RotateError> {
        let n_reserve = if is_reserve { RESERVE } else { 0 };
        if self.segments.len() >= self.options.segments_max.saturating_add(n_reserve) {
            return Err(RotateError::NoRoom("all files of the write-ahead log are in use".to_string()));
        }
        let needed = frame::frame_len(state.len(), 0).saturating_add(frame_len) as u64;
        let len = self.options.segment_bytes.max(needed).next_multiple_of(BLOCK as u64);
        let no_room = |error: io::Error| RotateError::NoRoom(format!("cannot make a file of {len} bytes: {error}"));
        let spare = match self.spares.iter().position(|spare| spare.len >= len) {
            Some(idx) => self.spares.swap_remove(idx).path,
            None => {
                let path = format!("{FOLDER}/{:010}.free", self.next_segment);
                // A process that died before it used its file may have left a smaller one of this name.
                self.spares.retain(|spare| spare.path != path);
                self.storage.allocate(&path, len).map_err(no_room)?;
                path
            }
        };
        let path = segment_path(self.next_segment);
        let flush = |error: io::Error| RotateError::Stop(Stop::Flush { path: path.clone(), why: error.to_string() });
        self.storage.rename(&spare, &path).map_err(flush)?;
        crash_point("wal.rotate-renamed");
        // Nothing may be written before the file has its new name for good: under the old one it would be missing later.
        self.storage.sync_folder(FOLDER).map_err(flush)?;
        crash_point("wal.rotate-named");
        self.file = Some(self.storage.open_log(&path).map_err(flush)?);
        self.at = 0;
        let segment = Segment { number: self.next_segment, path, last_frame: 0, ends: TableEnds::new() };
        self.segments.push_back(segment);
        self.next_segment += 1;
        self.append(FrameKind::State, state, std::iter::empty(), TableEnds::new()).map_err(RotateError::Stop)?;
        Ok(())
    }

    /// Appends a frame, for which there is room, and returns its number once it is durable.
    pub fn append<'a>(
        &mut self,
        kind: FrameKind,
        head: &[u8],
        data: impl Iterator<Item = &'a [u8]> + Clone,
        ends: TableEnds,
    ) -> Result<u64, Stop> {
        let (Some(file), Some(segment)) = (&mut self.file, self.segments.back_mut()) else {
            return Err(Stop::Internal("the write-ahead log has no file".to_string()));
        };
        let id = FrameId { kind, number: self.next_frame, epoch: self.epoch, prev: self.prev };
        let hash = write_frame(&mut self.buffer, self.at, &id, head, data);
        crash_point("wal.append");
        file.write_flushed(self.at, &self.buffer)
            .map_err(|error| Stop::Flush { path: segment.path.clone(), why: error.to_string() })?;
        crash_point("wal.appended");
        segment.last_frame = id.number;
        segment.ends.extend(ends);
        self.at += self.buffer.len() as u64;
        self.n_bytes += self.buffer.len() as u64;
        self.next_frame += 1;
        self.prev = hash;
        Ok(id.number)
    }

    /// Returns the number of the oldest file that is still needed: the one being written, or the first with a frame that is not
    /// published or a record that is not released.
    pub fn oldest_needed(&self, published_frame: u64, released: &TableEnds) -> u64 {
        let is_needed = |segment: &&Segment| {
            let is_released = |(table, end): (&(String, String), &u64)| released.get(table).is_some_and(|to| to >= end);
            segment.last_frame > published_frame || !segment.ends.iter().all(is_released)
        };
        self.segments.iter().find(is_needed).or(self.segments.back()).map_or(0, |segment| segment.number)
    }

    /// Returns the number of the file that is being written; 0 if there is none.
    pub fn newest(&self) -> u64 {
        self.segments.back().map_or(0, |segment| segment.number)
    }

    /// Sees to it that the files in use are removed, instead of written again, but for the one being written.
    pub fn forget_older(&mut self) {
        self.forget_before = self.newest();
    }

    /// Returns a file that is one too many to be written again. To remove it takes long, and is for another thread.
    pub fn take_surplus(&mut self) -> Option<Spare> {
        (self.spares.len() > SPARES_MAX).then(|| self.spares.remove(0))
    }

    /// Takes files back that were too many.
    pub fn take_back(&mut self, surplus: Vec<Spare>) {
        self.spares.extend(surplus);
    }

    /// Removes what may be written again with all that is left in it.
    pub fn remove_spares(&mut self) -> Result<(), Stop> {
        for Spare { path, .. } in std::mem::take(&mut self.spares) {
            let stop = |error: io::Error| Stop::Flush { path: path.clone(), why: error.to_string() };
            self.storage.remove(&path).or_else(ignore_missing).map_err(stop)?;
            crash_point("wal.forget-removed");
        }
        let stop = |error: io::Error| Stop::Flush { path: FOLDER.to_string(), why: error.to_string() };
        self.storage.sync_folder(FOLDER).or_else(ignore_missing).map_err(stop)
    }

    /// Gives up the files before `oldest` to be written again.
    pub fn recycle(&mut self, oldest: u64) -> Result<(), Stop> {
        while let Some(segment) = self.segments.front().filter(|segment| segment.number < oldest) {
            let path = segment.path.clone();
            let spare = format!("{FOLDER}/{:010}.free", segment.number);
            let stop = |error: io::Error| Stop::Flush { path: path.clone(), why: error.to_string() };
            let len = self.storage.open_log(&path).map_err(stop)?.len();
            if segment.number >= self.forget_before {
                self.storage.rename(&path, &spare).map_err(stop)?;
                crash_point("wal.recycle-renamed");
                // One of this name, which a dead process left, is written over.
                self.spares.retain(|known| known.path != spare);
                self.spares.push(Spare { path: spare, len });
            } else {
                self.storage.remove(&path).map_err(stop)?;
            }
            self.storage.sync_folder(FOLDER).map_err(stop)?;
            self.segments.pop_front();
        }
        Ok(())
    }
}

/// Where the last whole frame is.
struct Tail {
    number: u64,
    last_at: u64,
    last: Vec<u8>,
    end: usize,
    /// Where the remains of a frame after it end.
    remains_end: usize,
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
