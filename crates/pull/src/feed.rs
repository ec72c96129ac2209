//! What a source is to those who follow it.

use crate::error::PullError;
use crate::state::{Change, State};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Read;

/// A source that publishes.
pub trait Feed {
    /// Returns what it is, the same each time: to this its saved position belongs.
    fn name(&self) -> String;

    /// Begins a round: what is there at `now`, in ticks, is what the round takes.
    ///
    /// # Errors
    /// When the source cannot be asked.
    fn begin(&mut self, state: &State, now: i64) -> Result<(), PullError>;

    /// Returns what comes next behind the position.
    ///
    /// # Errors
    /// When the source cannot be asked, or answers what nobody understands.
    fn next(&mut self, state: &State) -> Result<Next, PullError>;

    /// Returns the position in words.
    fn position(&self, state: &State) -> String;

    /// Returns what was found wrong that may be well in another round, each once.
    fn problems(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// What comes next.
pub enum Next {
    Piece(Piece),
    /// Nothing to take, and yet the position moves.
    Moved(Change),
    /// All that was there when the round began was taken.
    Nothing,
}

/// Bytes of a log that are delivered as a whole.
pub struct Piece {
    /// What messages call it, with its folders where it has some.
    pub label: String,
    /// Its name: it follows from where the bytes stand and what they are ([`id_of`]).
    pub id: String,
    pub content: Content,
    pub body: Box<dyn Read + Send>,
    /// How the position moves with it.
    pub after: Change,
}

/// What the bytes of a piece are.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Records of the log format of this name.
    Records(String),
    /// Records of a format that has to be recognised.
    Unknown,
    /// Events as the HTTP Event Collector takes them, a line each, and what is none (`lost`, in base64) and `why`.
    Events,
    /// What there was to take and could not be, in the source's words, and why.
    Lost(String),
}

/// Returns the name of what stands at a place of a source.
pub(crate) fn id_of(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize(), 16)
}

/// Returns the first bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8], n_bytes: usize) -> String {
    bytes.iter().take(n_bytes).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
