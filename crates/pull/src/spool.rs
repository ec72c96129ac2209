//! The piece that is being delivered, kept beside the position: `STATE.body`, its bytes, and `STATE.pending`, what it is.
//!
//! It stands there, durable, before a byte of it is delivered, and goes once the position has moved. A body without what it is was never
//! delivered.

use crate::error::PullError;
use crate::feed::{Content, Piece};
use crate::state::{Change, State, beside, own, sync_folder};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use stdx::crash_point;

/// Bytes of a piece at most.
const BODY_BYTES_MAX: u64 = 16 << 30;
/// Bytes that are copied at a time.
const COPY_BYTES: usize = 1 << 20;

/// What a kept piece is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub label: String,
    pub id: String,
    pub content: Content,
    /// When it was taken, in ticks: what a parser takes for the present, the same each time.
    pub now: i64,
    pub(crate) after: Change,
    n_bytes: u64,
}

/// A piece that is kept.
#[derive(Debug)]
pub struct Pending {
    pub header: Header,
    /// The file with its bytes.
    pub body: PathBuf,
}

impl Pending {
    /// Returns the piece that was being delivered when the process ended.
    pub(crate) fn find(state: &State) -> Result<Option<Pending>, PullError> {
        let (path, body) = (beside(state.path(), "pending"), beside(state.path(), "body"));
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                remove(&body)?;
                return Ok(None);
            }
            Err(source) => return Err(PullError::Io { path, source }),
        };
        let header: Header = serde_json::from_slice(&text)
            .map_err(|error| PullError::State { path: path.clone(), why: error.to_string() })?;
        let n_bytes = fs::metadata(&body).map_err(PullError::io(&body))?.len();
        if n_bytes != header.n_bytes {
            let why = format!("it has {n_bytes} bytes and had {}", header.n_bytes);
            return Err(PullError::State { path: body, why });
        }
        Ok(Some(Pending { header, body }))
    }

    /// Keeps a piece.
    pub(crate) fn keep(state: &State, piece: Piece, now: i64) -> Result<Pending, PullError> {
        let Piece { label, id, content, body: reader, after } = piece;
        let (path, body) = (beside(state.path(), "pending"), beside(state.path(), "body"));
        let n_bytes = write(&body, reader, &label)?;
        crash_point("pull.body");
        let header = Header { label, id, content, now, after, n_bytes };
        let text = serde_json::to_vec(&header)
            .map_err(|error| PullError::State { path: path.clone(), why: error.to_string() })?;
        let temporary = beside(&path, "tmp");
        write(&temporary, text.as_slice(), "")?;
        fs::rename(&temporary, &path).map_err(PullError::io(&path))?;
        sync_folder(&path)?;
        crash_point("pull.kept");
        Ok(Pending { header, body })
    }

    /// Moves the position and lets the piece go.
    pub(crate) fn finish(self, state: &mut State) -> Result<(), PullError> {
        crash_point("pull.delivered");
        state.apply(&self.header.after)?;
        let path = beside(state.path(), "pending");
        remove(&path)?;
        // Else it could come back and find the next one's bytes.
        sync_folder(&path)?;
        crash_point("pull.let.go");
        remove(&self.body)
    }
}

/// Writes a file that is durable; returns its length.
fn write(path: &Path, mut reader: impl Read, label: &str) -> Result<u64, PullError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    own(&mut options);
    let mut file = options.open(path).map_err(PullError::io(path))?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut n_bytes = 0;
    loop {
        let n = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(PullError::Answer { url: label.to_string(), why: stdx::error_chain(&error) }),
        };
        n_bytes += n as u64;
        if n_bytes > BODY_BYTES_MAX {
            let why = format!("it has more than {BODY_BYTES_MAX} bytes");
            return Err(PullError::Answer { url: label.to_string(), why });
        }
        file.write_all(buffer.get(..n).unwrap_or_default()).map_err(PullError::io(path))?;
    }
    file.sync_all().map_err(PullError::io(path))?;
    Ok(n_bytes)
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), PullError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(PullError::Io { path: path.to_path_buf(), source: error })
        }
        _ => Ok(()),
    }
}
