//! A file system in memory that forgets, tears and fails as real ones do, for tests.
//!
//! It keeps two versions of everything: what programs see and what a power cut leaves. Every operation that changes something has a
//! number, counted from 0; a [`Fault`] strikes at one of them. Bytes reach the disk in sectors of 512 bytes, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use stdx::Rng;

use super::{LogFile, Storage, folder_of};

const SECTOR: usize = 512;

/// What goes wrong at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The program stops in the midst of the operation; nothing works until [`Simulated::restart`].
    Crash,
    /// The operation fails without an effect. A sync that fails forgets that there was something to sync, as Linux does.
    Fail,
    /// The operation is done and reported as failed.
    FailAfter,
}

/// What a crash leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The process died: the system's memory still has what was written.
    Process,
    /// The power went: what was not synced is gone, or is there in part.
    Power,
}

/// A file system in memory. Clones share it.
#[derive(Clone, Default)]
pub struct Simulated(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: BTreeMap<u64, File>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    /// Changes of names that are not durable yet, in order.
    changes: Vec<Change>,
    next_file: u64,
    n_operations: u64,
    faults: BTreeMap<u64, Fault>,
    is_crashed: bool,
    locks: BTreeSet<String>,
    rng: Option<Rng>,
}

/// Names, all in one folder, that change at once, and the files that they name from then on.
type Change = Vec<(String, Option<u64>)>;

#[derive(Default)]
struct File {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that a sync would write.
    dirty: BTreeSet<usize>,
}

impl File {
    fn write(&mut self, at: usize, bytes: &[u8]) {
        if self.seen.len() < at + bytes.len() {
            self.seen.resize(at + bytes.len(), 0);
        }
        if let Some(target) = self.seen.get_mut(at..at + bytes.len()) {
            target.copy_from_slice(bytes);
        }
        self.dirty.extend(at / SECTOR..(at + bytes.len()).div_ceil(SECTOR));
    }

    /// Writes dirty sectors to the disk, those for which `is_written` holds.
    fn flush(&mut self, mut is_written: impl FnMut() -> bool) {
        for sector in std::mem::take(&mut self.dirty) {
            if !is_written() {
                continue;
            }
            let range = sector * SECTOR..((sector + 1) * SECTOR).min(self.seen.len());
            if self.durable.len() < range.end {
                self.durable.resize(range.end, 0);
            }
            if let (Some(from), Some(to)) = (self.seen.get(range.clone()), self.durable.get_mut(range)) {
                to.copy_from_slice(from);
            }
        }
    }
}

impl Simulated {
    /// Makes an empty file system whose accidents follow from `seed`.
    pub fn new(seed: u64) -> Simulated {
        let simulated = Simulated::default();
        simulated.state().rng = Some(Rng::from_seed(seed));
        simulated
    }

    /// Lets a fault strike `after` operations from now.
    pub fn strike(&self, after: u64, fault: Fault) {
        let mut state = self.state();
        let at = state.n_operations + after;
        state.faults.insert(at, fault);
    }

    /// Returns how many changing operations there have been.
    pub fn n_operations(&self) -> u64 {
        self.state().n_operations
    }

    /// Returns whether a crash has struck.
    pub fn is_crashed(&self) -> bool {
        self.state().is_crashed
    }

    /// Stops everything now, if it has not stopped, and comes back with what the crash left and without faults.
    pub fn restart(&self, loss: Loss) {
        let mut state = self.state();
        let state = &mut *state;
        let mut rng = state.rng.clone().unwrap_or_else(|| Rng::from_seed(0));
        if loss == Loss::Power {
            // Names go to the disk in the order of their changes.
            let n_kept = rng.below(state.changes.len() as u64 + 1) as usize;
            for (name, file) in state.changes.drain(..).take(n_kept).flatten() {
                set(&mut state.durable_names, name, file);
            }
            state.names = state.durable_names.clone();
            for file in state.files.values_mut() {
                file.flush(|| rng.below(2) == 0);
                file.seen = file.durable.clone();
            }
        }
        state.rng = Some(rng);
        state.faults.clear();
        state.is_crashed = false;
        state.locks.clear();
    }

    /// Changes a byte of a file as it is on the disk, as bit rot or an intruder would.
    pub fn corrupt(&self, path: &str, byte: usize, mask: u8) {
        let mut state = self.state();
        let Some(id) = state.names.get(path).copied() else { return };
        let Some(file) = state.files.get_mut(&id) else { return };
        for bytes in [&mut file.seen, &mut file.durable] {
            if let Some(byte) = bytes.get_mut(byte) {
                *byte ^= mask;
            }
        }
    }

    /// Copies the file system as it is, for instance to go back to it later as a snapshot of a machine would.
    pub fn snapshot(&self) -> Simulated {
        let state = self.state();
        let files = state.files.iter().map(|(id, file)| {
            let file = File { seen: file.seen.clone(), durable: file.durable.clone(), dirty: file.dirty.clone() };
            (*id, file)
        });
        let copy = State {
            files: files.collect(),
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            changes: state.changes.clone(),
            next_file: state.next_file,
            rng: state.rng.clone(),
            ..State::default()
        };
        Simulated(Arc::new(Mutex::new(copy)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Does an operation, or what a fault leaves of it; `partly` is what may have happened when a crash strikes.
    fn operate<T>(
        &self,
        whole: impl Fn(&mut State) -> io::Result<T>,
        partly: impl Fn(&mut State, &mut Rng),
        failed: impl Fn(&mut State),
    ) -> io::Result<T> {
        let mut state = self.state();
        if state.is_crashed {
            return Err(io::Error::other("crashed"));
        }
        let number = state.n_operations;
        state.n_operations += 1;
        match state.faults.get(&number) {
            None => whole(&mut state),
            Some(Fault::Crash) => {
                let mut rng = state.rng.clone().unwrap_or_else(|| Rng::from_seed(0));
                partly(&mut state, &mut rng);
                state.rng = Some(rng);
                state.is_crashed = true;
                Err(io::Error::other("crashed"))
            }
            Some(Fault::Fail) => {
                failed(&mut state);
                Err(io::Error::other("failed"))
            }
            Some(Fault::FailAfter) => {
                whole(&mut state)?;
                Err(io::Error::other("failed after all"))
            }
        }
    }
}

fn set(names: &mut BTreeMap<String, u64>, name: String, file: Option<u64>) {
    match file {
        Some(file) => names.insert(name, file),
        None => names.remove(&name),
    };
}

fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl State {
    fn change(&mut self, change: Change) {
        for (name, file) in &change {
            set(&mut self.names, name.clone(), *file);
        }
        self.changes.push(change);
    }

    fn create(&mut self, path: &str, bytes: &[u8]) -> u64 {
        let id = self.next_file;
        self.next_file += 1;
        let mut file = File::default();
        file.write(0, bytes);
        self.files.insert(id, file);
        self.change(vec![(path.to_string(), Some(id))]);
        id
    }

    fn sync(&mut self, id: u64) {
        if let Some(file) = self.files.get_mut(&id) {
            file.flush(|| true);
        }
    }

    fn id(&self, path: &str) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(not_found)
    }
}

impl Storage for Simulated {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let state = self.state();
        if state.is_crashed {
            return Err(io::Error::other("crashed"));
        }
        Ok(state.names.get(path).and_then(|id| state.files.get(id)).map(|file| file.seen.clone()))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let state = self.state();
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let names = state.names.keys().filter_map(|path| path.strip_prefix(&prefix));
        let names: BTreeSet<&str> = names.map(|rest| rest.split_once('/').map_or(rest, |(first, _)| first)).collect();
        Ok(names.into_iter().map(str::to_string).collect())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let partly = |state: &mut State, rng: &mut Rng| {
            let n_bytes = rng.below(bytes.len() as u64 + 1) as usize;
            state.create(path, bytes.get(..n_bytes).unwrap_or_default());
        };
        let whole = |state: &mut State| {
            state.create(path, bytes);
            Ok(())
        };
        self.operate(whole, partly, |_| {})
    }

    fn sync(&self, path: &str) -> io::Result<()> {
        let whole = |state: &mut State| {
            let id = state.id(path)?;
            state.sync(id);
            Ok(())
        };
        let forget = |state: &mut State| {
            if let Ok(id) = state.id(path)
                && let Some(file) = state.files.get_mut(&id)
            {
                file.dirty.clear();
            }
        };
        self.operate(whole, |_, _| {}, forget)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let whole = |state: &mut State| {
            let id = state.id(from)?;
            state.change(vec![(to.to_string(), Some(id)), (from.to_string(), None)]);
            Ok(())
        };
        self.operate(whole, |_, _| {}, |_| {})
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let whole = |state: &mut State| {
            if state.names.contains_key(path) {
                state.change(vec![(path.to_string(), None)]);
            }
            Ok(())
        };
        self.operate(whole, |_, _| {}, |_| {})
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let whole = |state: &mut State| {
            let changes = std::mem::take(&mut state.changes);
            let is_here = |change: &Change| change.iter().all(|(name, _)| folder_of(name) == folder);
            let (here, elsewhere): (Vec<_>, Vec<_>) = changes.into_iter().partition(is_here);
            for (name, file) in here.into_iter().flatten() {
                set(&mut state.durable_names, name, file);
            }
            state.changes = elsewhere;
            Ok(())
        };
        self.operate(whole, |_, _| {}, |_| {})
    }

    fn allocate(&self, path: &str, bytes: u64) -> io::Result<()> {
        let zeroes = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
        let whole = |state: &mut State| {
            let id = state.create(path, &zeroes);
            state.sync(id);
            Ok(())
        };
        let partly = |state: &mut State, rng: &mut Rng| {
            let n_bytes = rng.below(bytes + 1) as usize;
            state.create(path, zeroes.get(..n_bytes).unwrap_or_default());
        };
        self.operate(whole, partly, |_| {})
    }

    fn open_log(&self, path: &str) -> io::Result<Box<dyn LogFile>> {
        let id = self.state().id(path)?;
        Ok(Box::new(SimulatedLog { storage: self.clone(), id }))
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn Send>> {
        if !self.state().locks.insert(path.to_string()) {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        Ok(Box::new(Guard { storage: self.clone(), path: path.to_string() }))
    }
}

struct Guard {
    storage: Simulated,
    path: String,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.storage.state().locks.remove(&self.path);
    }
}

struct SimulatedLog {
    storage: Simulated,
    id: u64,
}

impl LogFile for SimulatedLog {
    fn len(&self) -> u64 {
        self.storage.state().files.get(&self.id).map_or(0, |file| file.seen.len() as u64)
    }

    /// A write and a flush: two operations, either of which may fail.
    fn write_flushed(&mut self, at: u64, blocks: &[u8]) -> io::Result<()> {
        let at = usize::try_from(at).map_err(io::Error::other)?;
        let id = self.id;
        let write = |state: &mut State| {
            if let Some(file) = state.files.get_mut(&id) {
                file.write(at, blocks);
            }
            Ok(())
        };
        let partly_written = |state: &mut State, rng: &mut Rng| {
            let n_bytes = rng.below(blocks.len() as u64 / SECTOR as u64 + 1) as usize * SECTOR;
            if let (Some(file), Some(written)) = (state.files.get_mut(&id), blocks.get(..n_bytes)) {
                file.write(at, written);
            }
        };
        self.storage.operate(write, partly_written, |_| {})?;
        let flush = |state: &mut State| {
            state.sync(id);
            Ok(())
        };
        let partly_flushed = |state: &mut State, rng: &mut Rng| {
            if let Some(file) = state.files.get_mut(&id) {
                let dirty = file.dirty.clone();
                file.flush(|| rng.below(2) == 0);
                file.dirty = dirty;
            }
        };
        let forget = |state: &mut State| {
            if let Some(file) = state.files.get_mut(&id) {
                file.dirty.clear();
            }
        };
        self.storage.operate(flush, partly_flushed, forget)
    }

    fn read_all(&self) -> io::Result<Vec<u8>> {
        let state = self.storage.state();
        if state.is_crashed {
            return Err(io::Error::other("crashed"));
        }
        state.files.get(&self.id).map(|file| file.seen.clone()).ok_or_else(not_found)
    }
}
