//! A power cut: what a process did not sync may be lost, all of it, some of it, or nothing.
//!
//! The process writes down what it does to its files (`power/journal.c`, loaded before the C library). When it has been killed, what was
//! not synced is taken back: of each file and of each folder's names, the last so many changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use stdx::Rng;

/// A disk that loses what was not synced.
pub struct Power {
    folder: tempfile::TempDir,
}

/// A change of a file or of a folder's names.
enum Change {
    Written { inode: u64, offset: u64, size: u64, bytes: Vec<u8> },
    Made { path: PathBuf },
    Renamed { from: PathBuf, to: PathBuf, inode: u64, kept: Option<PathBuf> },
    Removed { path: PathBuf, kept: PathBuf },
}

/// What is synced at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    File(u64),
    Folder(PathBuf),
}

impl Power {
    /// Compiles the journal.
    pub fn new() -> Power {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power/journal.c");
        let library = folder.path().join("journal.so");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).args([&library, &source]).arg("-ldl");
        assert!(compiler.status().expect("a C compiler").success());
        fs::create_dir(folder.path().join("kept")).expect("a folder");
        Power { folder }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    /// Has a process that works on a store write down what it does.
    pub fn watch(&self, command: &mut Command, store: &Path) {
        command.env("LD_PRELOAD", self.folder.path().join("journal.so")).env("POWER_STORE", store);
        command.env("POWER_JOURNAL", self.journal()).env("POWER_KEPT", self.kept());
    }

    /// Takes back what the killed process did not sync; returns how many changes.
    pub fn cut(&self, store: &Path, rng: &mut Rng) -> usize {
        let Ok(bytes) = fs::read(self.journal()) else { return 0 };
        let (changes, synced) = read(&bytes);
        let mut at_risk: BTreeMap<Unit, Vec<usize>> = BTreeMap::new();
        for (place, (unit, _)) in changes.iter().enumerate() {
            let is_safe = synced.get(unit).is_some_and(|until| place < *until);
            if !is_safe {
                at_risk.entry(unit.clone()).or_default().push(place);
            }
        }
        let mut lost: BTreeSet<usize> = BTreeSet::new();
        for places in at_risk.values() {
            let n_lost = match rng.below(3) {
                0 => 0,
                1 => rng.below(places.len() as u64 + 1) as usize,
                _ => places.len(),
            };
            lost.extend(&places[places.len() - n_lost..]);
        }
        // Open, they can be found whatever happens to their names.
        let mut files: BTreeMap<u64, File> = BTreeMap::new();
        for folder in [store.to_path_buf(), self.kept()] {
            find(&folder, &mut files);
        }
        for place in lost.iter().rev() {
            take_back(&changes[*place].1, &files);
        }
        fs::remove_file(self.journal()).expect("removed");
        fs::remove_dir_all(self.kept()).expect("removed");
        fs::create_dir(self.kept()).expect("a folder");
        lost.len()
    }
}

/// Returns the changes in their order, and for each unit how many of all changes were made when it was last synced.
fn read(mut bytes: &[u8]) -> (Vec<(Unit, Change)>, BTreeMap<Unit, usize>) {
    let (mut changes, mut synced) = (Vec::new(), BTreeMap::new());
    while let Some((kind, fields)) = record(&mut bytes) {
        let path = |n: usize| PathBuf::from(String::from_utf8(fields[n].clone()).expect("a path"));
        let number = |n: usize| u64::from_ne_bytes(fields[n].as_slice().try_into().expect("8 bytes"));
        let kept = |n: usize| Some(path(n)).filter(|path| !path.as_os_str().is_empty());
        match kind {
            b'S' => drop(synced.insert(Unit::File(number(0)), changes.len())),
            b'D' => drop(synced.insert(Unit::Folder(path(0)), changes.len())),
            b'W' => {
                let (inode, offset, size, bytes) = (number(0), number(1), number(2), fields[3].clone());
                changes.push((Unit::File(inode), Change::Written { inode, offset, size, bytes }));
            }
            b'C' => changes.push((Unit::Folder(path(0)), Change::Made { path: path(1) })),
            b'R' => {
                let change = Change::Renamed { from: path(1), to: path(2), inode: number(3), kept: kept(4) };
                changes.push((Unit::Folder(path(0)), change));
            }
            b'U' => changes.push((Unit::Folder(path(0)), Change::Removed { path: path(1), kept: path(2) })),
            other => panic!("a record of kind {other}"),
        }
    }
    (changes, synced)
}

/// Takes a record off; the process may have been killed while it wrote the last.
fn record(bytes: &mut &[u8]) -> Option<(u8, Vec<Vec<u8>>)> {
    let (kind, mut rest) = bytes.split_first()?;
    let (n, after) = rest.split_first_chunk::<4>()?;
    rest = after;
    let mut fields = Vec::new();
    for _ in 0..u32::from_ne_bytes(*n) {
        let (len, after) = rest.split_first_chunk::<8>()?;
        let (field, after) = after.split_at_checked(u64::from_ne_bytes(*len) as usize)?;
        fields.push(field.to_vec());
        rest = after;
    }
    *bytes = rest;
    Some((*kind, fields))
}

/// Opens files, by their inodes.
fn find(folder: &Path, files: &mut BTreeMap<u64, File>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, files);
        } else {
            let file = File::options().write(true).open(&path).expect("a file");
            files.insert(file.metadata().expect("a file").ino(), file);
        }
    }
}

fn take_back(change: &Change, files: &BTreeMap<u64, File>) {
    match change {
        Change::Written { inode, offset, size, bytes } => {
            // One that is gone has nothing to lose.
            let Some(file) = files.get(inode) else { return };
            file.write_all_at(bytes, *offset).expect("written");
            file.set_len(*size).expect("cut");
        }
        Change::Made { path } if path.is_dir() => fs::remove_dir_all(path).expect("removed"),
        Change::Made { path } => drop(fs::remove_file(path)),
        Change::Renamed { from, to, inode, kept } => {
            let is_done = fs::symlink_metadata(to).is_ok_and(|file| file.ino() == *inode);
            if is_done {
                fs::rename(to, from).expect("renamed");
            }
            if let Some(kept) = kept.as_ref().filter(|_| !to.exists()) {
                fs::hard_link(kept, to).expect("linked");
            }
        }
        Change::Removed { path, kept } if !path.exists() => drop(fs::hard_link(kept, path)),
        Change::Removed { .. } => {}
    }
}
