//! A small store with everything in it that a store can have, and copies of it that can be damaged.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use ingest::{Encryption, Selection, Vault, VaultOptions};
use keys::{Cost, Passphrase};
use lifecycle::{Document, Hold};
use schema::{Column, KqlType};
use stdx::SystemClock;
use tempfile::TempDir;
use verify::{Depth, Options, Report, verify_store};

pub const WORKSPACE: &str = "contoso";

pub fn vault_options() -> VaultOptions {
    let mut options = VaultOptions { keep_every: None, ..VaultOptions::default() };
    options.sequencer.core.wal.segment_bytes = 48 << 10;
    options.sequencer.heartbeat_every = None;
    options.sequencer.publish_every = Duration::from_millis(1);
    options
}

pub fn open(root: &Path) -> Vault {
    Vault::open(root, Arc::new(SystemClock), vault_options()).expect("it opens")
}

pub fn open_encrypted(root: &Path) -> Vault {
    let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    let encryption = Encryption::Passphrase { passphrase: passphrase(), cost };
    Vault::open(root, Arc::new(SystemClock), VaultOptions { encryption, ..vault_options() }).expect("it opens")
}

pub fn passphrase() -> Passphrase {
    Passphrase::new(b"six words".to_vec()).expect("a passphrase")
}

fn column(name: &str, ktype: KqlType) -> Column {
    Column::new(name, ktype)
}

pub fn take(vault: &Vault, table: &str, records: &str) {
    block_on(vault.take(WORKSPACE, table, records.as_bytes(), None).expect("taken").finish()).expect("taken");
}

/// Fills a folder: two tables and the quarantine, a second version of columns, files in two generations, an erased cell, destroyed records, a
/// hold, records in no file.
pub fn fill(vault: &Vault) {
    fill_rounds(vault, 3, 2);
}

/// Fills a folder with so many rounds of so many batches; of the files, all rounds but the last.
pub fn fill_rounds(vault: &Vault, n_rounds: usize, n_batches: usize) {
    vault.create_workspace(WORKSPACE).expect("a workspace");
    vault
        .ensure_table(WORKSPACE, "Events", &[column("User", KqlType::String), column("N", KqlType::Long)])
        .expect("a table");
    vault.ensure_table(WORKSPACE, "Other", &[column("Text", KqlType::Dynamic)]).expect("a table");
    for round in 0..n_rounds {
        for batch in 0..n_batches {
            let n = round * 10 + batch;
            // Times go back, so that a file's rows are not in the order of their batches.
            let events: String = (0..4)
                .map(|m| {
                    format!(
                        "{{\"TimeGenerated\":\"2026-01-0{}T00:00:00Z\",\"User\":\"u{m}\",\"N\":{n}}}\n",
                        9 - m - batch
                    )
                })
                .collect();
            take(vault, "Events", &events);
            take(vault, "Other", &format!("{{\"Text\":{{\"a\":{n}}}}}\n{{\"Text\":[]}}"));
        }
        take(vault, "Events", "{\"N\":\"none\"}\n{\"N\":1}");
        if round + 1 < n_rounds {
            vault.flush().expect("files");
        }
        if round == 0 {
            govern(vault);
            vault.ensure_table(WORKSPACE, "Events", &[column("Late", KqlType::Real)]).expect("a column");
        }
    }
    take(vault, "Events", "{\"N\":5,\"Late\":1.5}");
}

/// Erases a cell, destroys the records that one table has, and sets a hold.
fn govern(vault: &Vault) {
    let asked = ["request/1".to_string()];
    let selection = Selection::Records([(0, 2)].into());
    let columns = ["User".to_string()];
    vault.erase(WORKSPACE, "Events", &selection, &columns, "a test", &asked).expect("erased");
    let purged = vault.purge(WORKSPACE, "Other", i64::MAX, "a test", &asked).expect("purged");
    assert!(purged.n_records > 0);
    let (name, reason) = ("case-7".to_string(), "a test".to_string());
    let hold = Hold { name, tables: Vec::new(), from: None, to: None, reason };
    vault.govern(WORKSPACE, Document::Hold(hold), &asked).expect("a hold");
}

/// A store that nobody has, with the bytes of all its files.
pub struct Sample {
    pub root: TempDir,
    pub files: Vec<(String, Vec<u8>)>,
}

impl Sample {
    pub fn new() -> Sample {
        let root = tempfile::tempdir().expect("a folder");
        fill(&open(root.path()));
        Sample::of(root)
    }

    /// Makes a smaller store, with everything in it all the same.
    pub fn small() -> Sample {
        let root = tempfile::tempdir().expect("a folder");
        let mut options = vault_options();
        options.sequencer.core.wal.segment_bytes = 16 << 10;
        let vault = Vault::open(root.path(), Arc::new(SystemClock), options).expect("it opens");
        fill_rounds(&vault, 2, 1);
        drop(vault);
        Sample::of(root)
    }

    /// Makes the same store in another folder.
    pub fn copy(&self) -> Sample {
        let sample = Sample { root: tempfile::tempdir().expect("a folder"), files: self.files.clone() };
        sample.restore();
        sample
    }

    /// Makes an encrypted store.
    pub fn encrypted() -> Sample {
        let root = tempfile::tempdir().expect("a folder");
        let vault = open_encrypted(root.path());
        fill(&vault);
        let rotation = vault.rotate_root_key(None, "a test", &["ticket-1".to_string()]).expect("rotated");
        assert!(rotation.is_complete(), "{rotation:?}");
        drop(vault);
        Sample::of(root)
    }

    fn of(root: TempDir) -> Sample {
        let mut files = Vec::new();
        list(root.path(), root.path(), &mut files);
        files.sort();
        Sample { root, files }
    }

    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// Returns the files of which the path has a part.
    pub fn with(&self, part: &str) -> Vec<&str> {
        self.files.iter().map(|(path, _)| path.as_str()).filter(|path| path.contains(part)).collect()
    }

    pub fn bytes(&self, path: &str) -> &[u8] {
        &self.files.iter().find(|(other, _)| other == path).expect("a file").1
    }

    /// Changes the store, verifies it and puts everything back.
    pub fn changed(&self, change: impl FnOnce(&Path)) -> Report {
        change(self.path());
        let report = check(self.path());
        self.restore();
        report
    }

    /// Flips a bit of a file, looks, and flips it back.
    pub fn damaged<T>(&self, path: &str, bit: usize, look: impl FnOnce(&Sample) -> T) -> T {
        let mut flipped = self.bytes(path).to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(self.path().join(path), &flipped).expect("written");
        let seen = look(self);
        fs::write(self.path().join(path), self.bytes(path)).expect("written");
        seen
    }

    /// Puts all files back as they were.
    pub fn restore(&self) {
        let mut now = Vec::new();
        list(self.path(), self.path(), &mut now);
        for (path, _) in now.iter().filter(|(path, _)| !self.files.iter().any(|(other, _)| other == path)) {
            fs::remove_file(self.path().join(path)).expect("removed");
        }
        for (path, bytes) in &self.files {
            if now.iter().any(|(other, found)| other == path && found == bytes) {
                continue;
            }
            let absolute = self.path().join(path);
            fs::create_dir_all(absolute.parent().expect("a folder")).expect("a folder");
            fs::write(&absolute, bytes).expect("written");
            #[cfg(unix)]
            if path.starts_with("keys/") {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                fs::set_permissions(&absolute, mode).expect("changed");
            }
        }
    }
}

pub fn check(root: &Path) -> Report {
    let options = Options { depth: Depth::Records, ..Options::default() };
    verify_store(root, &options, &|_| {}).expect("a store")
}

pub fn texts(report: &Report) -> String {
    report.findings.iter().map(|finding| finding.to_text() + "\n").collect()
}

fn list(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path: PathBuf = entry.expect("a file").path();
        if path.is_dir() {
            list(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below").to_str().expect("text").to_string();
            files.push((name, fs::read(&path).expect("bytes")));
        }
    }
}
