//! The position in a source: a file of lines, which is replaced durably, and to which changes are appended durably.
//!
//! ```text
//! {"vidimus-pull":1,"source":"office ..."}
//! {"set":{"listed/Audit.General":"2026-05-01T10:00:00Z"},"drop":[]}
//! ```
//!
//! Changes only set and drop, so that one that is made twice is made once. A last line without an end was never acknowledged to anybody
//! and does not count. When many changes have come, the file is written anew and takes the old one's place.

use crate::error::PullError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use stdx::crash_point;

/// Lines beyond which the file is written anew, when it has twice as many as there are values.
const LINES_MAX: usize = 1000;
const VERSION: u32 = 1;

/// How a position moves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub set: BTreeMap<String, Value>,
    pub drop: Vec<String>,
}

impl Change {
    /// Returns a change that sets one value.
    pub fn set(key: impl Into<String>, value: impl Into<Value>) -> Change {
        Change { set: BTreeMap::from([(key.into(), value.into())]), drop: Vec::new() }
    }
}

#[derive(Serialize, Deserialize)]
struct First {
    #[serde(rename = "vidimus-pull")]
    version: u32,
    source: String,
}

/// A source's position, which no other process has at the same time.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    source: String,
    values: BTreeMap<String, Value>,
    file: File,
    n_lines: usize,
    /// Held as long as this lives.
    _lock: File,
}

impl State {
    /// Opens a source's position, or begins one.
    ///
    /// # Errors
    /// When another process has it, it is another source's, or the file is damaged or cannot be written.
    pub fn open(path: &Path, source: &str) -> Result<State, PullError> {
        let lock_path = beside(path, "lock");
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        own(&mut options);
        let lock = options.open(&lock_path).map_err(PullError::io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PullError::Held { path: lock_path }),
            Err(TryLockError::Error(source)) => return Err(PullError::Io { path: lock_path, source }),
        }
        let values = match File::open(path) {
            Ok(file) => read(path, source, file)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(PullError::Io { path: path.to_path_buf(), source }),
        };
        let file = write(path, source, &values)?;
        Ok(State { path: path.to_path_buf(), source: source.to_string(), values, file, n_lines: 0, _lock: lock })
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a value.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Returns the values whose names begin so, without that beginning.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let from = self.values.range(prefix.to_string()..);
        from.map_while(move |(key, value)| Some((key.strip_prefix(prefix)?, value)))
    }

    /// Makes a change, durably.
    ///
    /// # Errors
    /// When it cannot be written; then nothing is known of the file, and it has to be opened again.
    pub fn apply(&mut self, change: &Change) -> Result<(), PullError> {
        let mut line = serde_json::to_vec(change)
            .map_err(|error| PullError::State { path: self.path.clone(), why: error.to_string() })?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(PullError::io(&self.path))?;
        crash_point("pull.position");
        take_in(&mut self.values, change.clone());
        self.n_lines += 1;
        if self.n_lines > LINES_MAX.max(2 * self.values.len()) {
            self.file = write(&self.path, &self.source, &self.values)?;
            self.n_lines = 0;
        }
        Ok(())
    }
}

/// Returns the path of a file beside another one.
pub(crate) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(what);
    path.with_file_name(name)
}

/// Makes files that only their owner may read.
pub(crate) fn own(options: &mut fs::OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Makes the names of a file's folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), PullError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(PullError::io(folder))
}

fn take_in(values: &mut BTreeMap<String, Value>, change: Change) {
    for key in &change.drop {
        values.remove(key);
    }
    values.extend(change.set);
}

fn read(path: &Path, source: &str, file: File) -> Result<BTreeMap<String, Value>, PullError> {
    let damaged = |why: String| PullError::State { path: path.to_path_buf(), why };
    let mut lines = BufReader::new(file);
    let mut next = || -> Result<Option<Vec<u8>>, PullError> {
        let mut line = Vec::new();
        lines.read_until(b'\n', &mut line).map_err(PullError::io(path))?;
        Ok(line.ends_with(b"\n").then_some(line))
    };
    let first = next()?.ok_or_else(|| damaged("it has no first line".to_string()))?;
    let First { version, source: found } =
        serde_json::from_slice(&first).map_err(|error| damaged(format!("its first line: {error}")))?;
    if version != VERSION {
        return Err(damaged(format!("its version is {version}, and this program knows {VERSION}")));
    }
    if found != source {
        return Err(PullError::OtherSource { path: path.to_path_buf(), found });
    }
    let mut values = BTreeMap::new();
    let mut n = 1;
    while let Some(line) = next()? {
        n += 1;
        let change = serde_json::from_slice(&line).map_err(|error| damaged(format!("line {n}: {error}")))?;
        take_in(&mut values, change);
    }
    Ok(values)
}

/// Writes a file anew: it takes the old one's place when all of it is durable. Returns it, open at its end.
fn write(path: &Path, source: &str, values: &BTreeMap<String, Value>) -> Result<File, PullError> {
    let temporary = beside(path, "tmp");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    own(&mut options);
    let file = options.open(&temporary).map_err(PullError::io(&temporary))?;
    let mut out = BufWriter::new(file);
    let first = First { version: VERSION, source: source.to_string() };
    let change = Change { set: values.clone(), drop: Vec::new() };
    let written = serde_json::to_writer(&mut out, &first)
        .map_err(std::io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| serde_json::to_writer(&mut out, &change).map_err(std::io::Error::from))
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush());
    written.map_err(PullError::io(&temporary))?;
    let file = out.into_inner().map_err(|error| PullError::io(&temporary)(error.into_error()))?;
    file.sync_all().map_err(PullError::io(&temporary))?;
    crash_point("pull.state.written");
    fs::rename(&temporary, path).map_err(PullError::io(path))?;
    sync_folder(path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, n: u64) -> Change {
        Change::set(key, n)
    }

    #[test]
    fn a_position_comes_back_without_what_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut state = State::open(&path, "a").unwrap();
        state.apply(&set("x/1", 1)).unwrap();
        state.apply(&Change { set: BTreeMap::from([("x/2".into(), 2.into())]), drop: vec!["x/1".into()] }).unwrap();
        drop(state);
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"set\":{\"x/2\":3},\"drop\":[]}").unwrap();
        let state = State::open(&path, "a").unwrap();
        assert_eq!(state.under("x/").collect::<Vec<_>>(), [("2", &Value::from(2))]);
        assert!(matches!(State::open(&path, "a"), Err(PullError::Held { .. })));
        drop(state);
        assert!(matches!(State::open(&path, "b"), Err(PullError::OtherSource { .. })));
        std::fs::write(&path, "{\"vidimus-pull\":1,\"source\":\"a\"}\nno change\n").unwrap();
        assert!(matches!(State::open(&path, "a"), Err(PullError::State { .. })));
    }

    #[test]
    fn many_changes_do_not_make_the_file_grow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut state = State::open(&path, "a").unwrap();
        for n in 0..=LINES_MAX as u64 {
            state.apply(&set("at", n)).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
        state.apply(&set("at", 7)).unwrap();
        drop(state);
        assert_eq!(State::open(&path, "a").unwrap().get("at"), Some(&Value::from(7)));
    }
}
