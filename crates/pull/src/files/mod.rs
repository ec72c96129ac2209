//! Files as they grow: each taken from where we were, whatever it is called by now.
//!
//! ```text
//! Look ─ files that are there ─┬─ known, and holds what was taken ─────────────► queue ─ Reader, Reached ─► Piece
//!                              ├─ known, and holds something else ─ retire ─┐
//!                              ├─ known, and not there ─ retire ────────────┤ its heir: the file that holds it now
//!                              └─ not known ─ arrive: an heir, a copy, or ──┴─ taken from its beginning
//! ```
//!
//! A file is known by its device and number, so that one that is renamed goes on. What was taken of it is known by its first bytes and by
//! those before the place that was reached. So a file that was truncated is begun anew, and the copy that was made of it before, packed
//! or not, is taken from the place that was reached: only a file whose name begins as the log's does is looked at as one.

mod arrivals;
mod known;
mod look;
mod reader;
mod taking;

use crate::error::PullError;
use crate::feed::{Feed, Next};
use crate::problems::Problems;
use crate::reached::Quiet;
use crate::state::{Change, State};
use known::Entry;
use look::{Found, Look};
use reader::Reader;
use schema::ticks::{DAY, SECOND};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;

/// How long nothing has to have come for a record that could go on in further lines to be whole, and for a packed file to be.
const RECORD_QUIET: i64 = 5 * SECOND;
/// How long a content is remembered that nothing holds.
const GONE_KEPT: i64 = 7 * DAY;
/// Files that are kept open.
const OPEN_MAX: usize = 256;
/// Pieces of a file in a round, when there is a next round.
const PIECES_MAX: u32 = 16;
/// Unpacked bytes of a file at most.
const UNPACKED_BYTES_MAX: u64 = 64 << 30;

/// Which files, and how they are read.
#[derive(Debug, Clone, Default)]
pub struct FilesOptions {
    /// Files, folders and patterns.
    pub paths: Vec<String>,
    /// Patterns of paths, or of names alone, that are left out.
    pub exclude: Vec<String>,
    /// The log format of all files; of each it is recognised when `None`.
    pub source: Option<String>,
    /// The table, or what names it, of files of no known format; each is named after its file when `None`.
    pub table: Option<String>,
    /// Files that were last changed before are left out until they change, in ticks.
    pub since: Option<i64>,
    /// How long a line without an end is waited for, in ticks.
    pub quiet: i64,
    /// Whether a round takes all that is there, however much that is.
    pub is_once: bool,
}

/// The files.
pub struct Files {
    options: FilesOptions,
    look: Look,
    problems: Problems,
    now: i64,
    /// What is there in this round, by what it is known by.
    listed: BTreeMap<String, Found>,
    /// Known files that are not there.
    missing: VecDeque<String>,
    /// Known files that have changed, and files that are not known.
    changed: VecDeque<Found>,
    new: VecDeque<Found>,
    /// Files to take from, and how many pieces came of each.
    queue: VecDeque<(Found, u32)>,
    /// Files of which nothing was taken yet.
    begun: HashMap<String, Entry>,
    /// Files that are not followed: what each was like, and why.
    left_out: HashMap<String, (String, String)>,
    readers: HashMap<String, Reader>,
    is_tidied: bool,
}

impl Files {
    /// Makes a feed of files.
    ///
    /// # Errors
    /// The caller's: a pattern is none.
    pub fn new(options: FilesOptions) -> Result<Files, PullError> {
        Ok(Files {
            look: Look::new(options.paths.clone(), &options.exclude)?,
            options,
            problems: Problems::default(),
            now: 0,
            listed: BTreeMap::new(),
            missing: VecDeque::new(),
            changed: VecDeque::new(),
            new: VecDeque::new(),
            queue: VecDeque::new(),
            begun: HashMap::new(),
            left_out: HashMap::new(),
            readers: HashMap::new(),
            is_tidied: false,
        })
    }

    fn quiet(&self, found: &Found) -> Quiet {
        match self.now - found.modified {
            age if age >= self.options.quiet => Quiet::End,
            age if age >= RECORD_QUIET => Quiet::Record,
            _ => Quiet::No,
        }
    }

    /// Finds a known file that is not listed: as long as it is open, or beside where it was under another name.
    fn follow_away(&self, id: &str, entry: &Entry) -> Option<Found> {
        let path = Path::new(&entry.path);
        let named = || look::family(path).into_iter().find(|found| found.id == id);
        if entry.copy_of.is_some() {
            return named();
        }
        let found = named().or_else(|| self.readers.get(id)?.found(path))?;
        let is_over = entry.stamp == found.stamp() && self.quiet(&found) == Quiet::End;
        (!is_over).then_some(found)
    }

    /// Returns whether there is something to do about a known file.
    fn is_changed(&self, entry: &Entry, found: &Found) -> bool {
        let quiet = self.quiet(found);
        // What is being packed is not whole.
        let is_young = entry.packing.is_some() && quiet == Quiet::No;
        let due = if entry.packing.is_some() { Quiet::End } else { Quiet::Record };
        let is_rest_due = entry.reached.has_rest && quiet >= due;
        entry.copy_of.is_none() && !is_young && (entry.stamp != found.stamp() || is_rest_due)
    }

    /// Returns a file's reader, which stays open.
    fn reader(&mut self, found: &Found) -> io::Result<&mut Reader> {
        if !self.readers.contains_key(&found.id) {
            if self.readers.len() >= OPEN_MAX {
                let oldest = |id: &&String| self.listed.get(*id).map_or(i64::MIN, |found| found.modified);
                if let Some(oldest) = self.readers.keys().min_by_key(oldest).cloned() {
                    self.readers.remove(&oldest);
                }
            }
            self.readers.insert(found.id.clone(), Reader::open(found)?);
        }
        self.readers.get_mut(&found.id).ok_or_else(|| io::Error::other("it is not open"))
    }

    /// Tells of what is wrong with a file, which is looked at again in the next round.
    fn wrong(&mut self, found: &Found, error: &io::Error) {
        self.readers.remove(&found.id);
        // What went away meanwhile is seen by the next round.
        if error.kind() != io::ErrorKind::NotFound {
            self.problems.tell(format!("cannot read `{}`: {error}", found.label()));
        }
    }

    /// Returns whether a known file still holds what was taken of it.
    fn is_same(&mut self, found: &Found, entry: &Entry) -> io::Result<bool> {
        if entry.packing.is_none() && found.size < entry.reached.at {
            return Ok(false);
        }
        let reader = self.reader(found)?;
        reader.set_packing(entry.packing);
        reader.rewind();
        entry.is_held_by(reader)
    }

    /// Returns how the position moves when what is gone for long is forgotten.
    fn tidy(&self, state: &State) -> Option<Change> {
        let drop = known::long_gone(state, self.now - GONE_KEPT);
        (!drop.is_empty()).then(|| Change { drop, ..Change::default() })
    }

    /// Does one thing of a round.
    fn step(&mut self, state: &State) -> Step {
        if let Some(id) = self.missing.pop_front() {
            let Some(entry) = known::entry(state, &id) else { return Step::Again };
            let change = self.retire(state, &id, &entry);
            self.readers.remove(&id);
            return Step::Next(Next::Moved(change));
        }
        if let Some(found) = self.changed.pop_front() {
            let Some(entry) = known::entry(state, &found.id) else { return Step::Again };
            match self.is_same(&found, &entry) {
                Ok(true) => self.queue.push_back((found, 0)),
                Ok(false) => {
                    let change = self.retire(state, &found.id, &entry);
                    self.new.push_back(found);
                    return Step::Next(Next::Moved(change));
                }
                Err(error) => self.wrong(&found, &error),
            }
            return Step::Again;
        }
        if let Some(found) = self.new.pop_front() {
            match self.arrive(state, &found) {
                Ok(Some(change)) => return Step::Next(Next::Moved(change)),
                Ok(None) => {}
                Err(error) => self.wrong(&found, &error),
            }
            return Step::Again;
        }
        if let Some((found, n_pieces)) = self.queue.pop_front() {
            return self.step_in_queue(state, found, n_pieces);
        }
        match std::mem::replace(&mut self.is_tidied, true) {
            false => self.tidy(state).map_or(Step::Again, |change| Step::Next(Next::Moved(change))),
            true => Step::Over,
        }
    }

    fn step_in_queue(&mut self, state: &State, found: Found, n_pieces: u32) -> Step {
        let (next, has_more) = match self.take(state, &found) {
            Ok(taken) => taken,
            Err(error) => {
                self.wrong(&found, &error);
                return Step::Again;
            }
        };
        if has_more && (self.options.is_once || n_pieces + 1 < PIECES_MAX) {
            let known = known::entry(state, &found.id);
            let is_packed = known.as_ref().or(self.begun.get(&found.id)).is_some_and(|entry| entry.packing.is_some());
            match is_packed {
                // Unpacking begins at the beginning, so it is read to its end before another one.
                true => self.queue.push_front((found, n_pieces + 1)),
                false => self.queue.push_back((found, n_pieces + 1)),
            }
        }
        next.map_or(Step::Again, Step::Next)
    }
}

/// What a step of a round did.
enum Step {
    Next(Next),
    /// Nothing to tell of.
    Again,
    /// Nothing is left to do.
    Over,
}

impl Feed for Files {
    fn name(&self) -> String {
        "files of this machine".to_string()
    }

    fn begin(&mut self, state: &State, now: i64) -> Result<(), PullError> {
        (self.now, self.is_tidied) = (now, false);
        self.problems.begin();
        self.begun.clear();
        (self.changed, self.new, self.queue) = Default::default();
        let mut found = self.look.list(&mut self.problems);
        // What is written beside the position is no log.
        found.retain(|found| !is_beside(state.path(), &found.path));
        self.listed = found.iter().map(|found| (found.id.clone(), found.clone())).collect();
        self.missing.clear();
        let away: Vec<String> =
            known::ids(state).filter(|id| !self.listed.contains_key(*id)).map(str::to_string).collect();
        for id in away {
            match known::entry(state, &id).and_then(|entry| self.follow_away(&id, &entry)) {
                Some(away) => {
                    self.listed.insert(id, away.clone());
                    found.push(away);
                }
                None => self.missing.push_back(id),
            }
        }
        self.left_out.retain(|id, _| self.listed.contains_key(id));
        self.readers.retain(|id, _| self.listed.contains_key(id));
        for found in found.into_iter().filter(|found| !known::is_settled(state, found)) {
            match known::entry(state, &found.id) {
                None => self.new.push_back(found),
                Some(entry) if self.is_changed(&entry, &found) => self.changed.push_back(found),
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn next(&mut self, state: &State) -> Result<Next, PullError> {
        loop {
            match self.step(state) {
                Step::Next(next) => return Ok(next),
                Step::Again => {}
                Step::Over => return Ok(Next::Nothing),
            }
        }
    }

    fn position(&self, state: &State) -> String {
        let n = state.under("file/").count();
        format!("{n} files")
    }

    fn problems(&mut self) -> Vec<String> {
        self.problems.take()
    }
}

/// Returns whether a file is the position, or is written beside it.
fn is_beside(state: &Path, path: &Path) -> bool {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::canonicalize(parent).ok()
    };
    name(path).starts_with(&name(state)) && folder(path) == folder(state)
}
