//! What all parts of a verification share: the folder, what was asked for, what was found.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use keys::{Mode, read_mode};
use sequencer::storage::Disk;

use crate::access::Access;
use crate::options::Options;
use crate::report::{Counts, Finding, Report, Unchecked};

/// How far a verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub n_bytes: u64,
    /// Bytes of all files as they were at the beginning.
    pub bytes_total: u64,
    pub n_records: u64,
}

/// A verification under way.
pub struct Run<'a> {
    pub root: PathBuf,
    pub storage: Disk,
    pub options: &'a Options,
    pub access: Access,
    /// Another process has the store: files come and go.
    pub is_in_use: bool,
    pub n_threads: usize,
    progress: &'a (dyn Fn(Progress) + Sync),
    bytes_total: u64,
    n_bytes: AtomicU64,
    n_records: AtomicU64,
    report: Mutex<Report>,
}

impl<'a> Run<'a> {
    pub fn new(
        root: &Path,
        storage: Disk,
        options: &'a Options,
        access: Access,
        is_in_use: bool,
        progress: &'a (dyn Fn(Progress) + Sync),
    ) -> Run<'a> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let bytes_total = files_under(root).iter().filter_map(|path| path.metadata().ok()).map(|file| file.len()).sum();
        Run {
            root: root.to_path_buf(),
            storage,
            options,
            access,
            is_in_use,
            n_threads: options.n_threads.unwrap_or(cores).max(1),
            progress,
            bytes_total,
            n_bytes: AtomicU64::new(0),
            n_records: AtomicU64::new(0),
            report: Mutex::default(),
        }
    }

    pub fn find(&self, finding: Finding) {
        self.with(|report| report.findings.push(finding));
    }

    pub fn leave(&self, path: impl Into<String>, bytes: u64, why: impl Into<String>) {
        self.with(|report| report.unchecked.push(Unchecked { path: path.into(), bytes, why: why.into() }));
    }

    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        self.with(|report| count(&mut report.counts));
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut Report) -> T) -> T {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes note that bytes were looked at.
    pub fn add_bytes(&self, n_bytes: u64) {
        self.n_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        self.show();
    }

    /// Takes note that records were hashed.
    pub fn add_records(&self, n_records: u64) {
        self.n_records.fetch_add(n_records, Ordering::Relaxed);
        self.show();
    }

    fn show(&self) {
        let n_bytes = self.n_bytes.load(Ordering::Relaxed);
        let n_records = self.n_records.load(Ordering::Relaxed);
        (self.progress)(Progress { n_bytes, bytes_total: self.bytes_total, n_records });
    }

    /// Returns what the store says that it is, if it says so in the one form that there is.
    pub fn mode(&self) -> Option<Mode> {
        let disk = Disk::open_private(self.path("keys")).ok()?;
        read_mode(&disk).ok().flatten().map(|(mode, _)| mode)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Reads a small file; `None` if it is not there, or cannot be read, which is a finding.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        match std::fs::read(self.path(path)) {
            Ok(bytes) => {
                self.count(|counts| counts.n_files += 1);
                self.add_bytes(bytes.len() as u64);
                Some(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.find(Finding::new(path, format!("it cannot be read: {error}")));
                None
            }
        }
    }

    /// Returns the files in a folder and below, relative to the root, ascending.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let relative = |path: PathBuf| Some(text_of(path.strip_prefix(&self.root).ok()?));
        let mut files: Vec<String> = files_under(&self.path(folder)).into_iter().filter_map(relative).collect();
        files.sort();
        files
    }

    /// Returns the names of the folders in a folder, ascending.
    pub fn folders(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(folder)) else { return Vec::new() };
        let folders = entries.filter_map(Result::ok).filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Says of a file that was being written when a process ended that it is nothing; returns whether it is one.
    pub fn is_leftover(&self, path: &str) -> bool {
        let is_leftover = path.ends_with(".tmp");
        if is_leftover && !self.is_in_use {
            let bytes = self.path(path).metadata().map_or(0, |file| file.len());
            self.leave(path, bytes, "left by a write that was interrupted; nothing reads it");
        }
        is_leftover
    }

    pub fn into_report(self) -> Report {
        let mut report = self.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.counts.n_bytes = self.n_bytes.into_inner();
        report.counts.n_records_hashed = self.n_records.into_inner();
        report.is_in_use = self.is_in_use;
        let start = |finding: &Finding| finding.range.as_ref().map(|range| range.start);
        report.findings.sort_by(|a, b| (&a.path, start(a)).cmp(&(&b.path, start(b))));
        report.findings.dedup();
        report.unchecked.sort_by(|a, b| a.path.cmp(&b.path));
        report
    }
}

/// Returns the files in a folder and below; none if there is no such folder.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

fn text_of(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
