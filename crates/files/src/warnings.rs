//! What was wrong with single rows and values: counted per reason, the first few with file, line and text.
//!
//! A query may read the same file more than once. Each reader notes into its own [`Notes`]; these are merged by the
//! greatest count per piece of a file, so that reading twice does not count twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Warnings kept with their text, over all files.
const FIRST_MAX: usize = 20;
/// Warnings kept with their text, per file and reason, so that one bad file does not hide the others.
const FIRST_MAX_PER_REASON: usize = 5;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The row cannot be parsed; it is skipped.
    BrokenRow,
    /// A JSON value that is no object where a row was expected; it is skipped.
    NotAnObject,
    /// The row is longer than [`Options::line_bytes_max`](crate::Options::line_bytes_max); it is skipped.
    TooLong,
    /// The file ends in the middle of a row or of its compressed data; the rows before are kept.
    Truncated,
    /// Bytes that are no text in the file's encoding; each is replaced by U+FFFD.
    Encoding,
    /// The value does not fit its column's type; null stands in its place.
    Mistyped,
    /// A row with fewer or more cells than the header; missing cells are null, extra ones are dropped.
    RaggedRow,
    /// A field that is no column of the table: it first appears after the part of the file that the columns were taken
    /// from, or past the greatest number of columns. It is not read.
    UnreadField,
    /// The member stands beside the array of rows that the object wraps; it is not read.
    BesideRows,
    /// Times in the exporter's unnamed local zone; they are read as UTC.
    LocalTime,
    /// The file holds nothing.
    EmptyFile,
    /// A file of a folder, pattern or archive that cannot be read or is none of the known formats; it is skipped.
    SkippedFile,
}

impl Reason {
    /// Returns the reason in words.
    pub fn text(self) -> &'static str {
        match self {
            Reason::BrokenRow => "broken row skipped",
            Reason::NotAnObject => "value that is no object skipped",
            Reason::TooLong => "overlong row skipped",
            Reason::Truncated => "file ends early",
            Reason::Encoding => "invalid bytes replaced",
            Reason::Mistyped => "value does not fit its column, null instead",
            Reason::RaggedRow => "row with too few or too many cells",
            Reason::UnreadField => "field outside the columns not read",
            Reason::BesideRows => "member beside the rows not read",
            Reason::LocalTime => "local times read as UTC",
            Reason::EmptyFile => "empty file",
            Reason::SkippedFile => "file skipped",
        }
    }

    /// Returns whether each count of this reason is a row that is missing from the table.
    pub fn skips_row(self) -> bool {
        matches!(self, Reason::BrokenRow | Reason::NotAnObject | Reason::TooLong)
    }
}

/// One warning with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    pub file: String,
    /// Line of the file, from 1; for a row that spans lines, its first.
    pub line: Option<u64>,
    pub reason: Reason,
    /// What exactly is wrong: lower case, no full stop.
    pub detail: String,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}", self.reason.text(), self.detail)
    }
}

/// How often something was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningCount {
    pub reason: Reason,
    /// The column, where the reason concerns one.
    pub column: Option<String>,
    pub count: u64,
}

/// All that was noted so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WarningReport {
    /// The first warnings (at most 20, at most 5 of one reason and file), by file and line.
    pub first: Vec<Warning>,
    /// Counts, by reason and column.
    pub counts: Vec<WarningCount>,
}

impl WarningReport {
    /// Returns whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Returns the number of warnings.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|c| c.count).sum()
    }

    /// Returns the number of rows that are missing because they could not be read.
    pub fn rows_skipped(&self) -> u64 {
        self.counts.iter().filter(|c| c.reason.skips_row()).map(|c| c.count).sum()
    }
}

/// The warnings of all tables opened together. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct Warnings(Arc<Mutex<State>>);

/// Counts by reason and column.
type Counts = HashMap<(Reason, Option<String>), u64>;

#[derive(Debug, Default)]
struct State {
    first: Vec<Warning>,
    /// Per piece of a file (label and first byte): the greatest counts of any reader.
    pieces: HashMap<(String, u64), Counts>,
}

impl Warnings {
    /// Returns what was noted so far.
    pub fn report(&self) -> WarningReport {
        let state = self.lock();
        let mut counts: BTreeMap<(Reason, Option<String>), u64> = BTreeMap::new();
        for piece in state.pieces.values() {
            for (key, n) in piece {
                *counts.entry(key.clone()).or_default() += n;
            }
        }
        let mut first = state.first.clone();
        first.sort();
        let counts =
            counts.into_iter().map(|((reason, column), count)| WarningCount { reason, column, count }).collect();
        WarningReport { first, counts }
    }

    /// Takes over a reader's notes; `column` names the columns by their place in the table.
    pub(crate) fn merge(&self, notes: &Notes, column: impl Fn(usize) -> Option<String>) {
        if notes.counts.is_empty() {
            return;
        }
        let mut state = self.lock();
        for warning in &notes.first {
            let same = state.first.iter().filter(|w| w.reason == warning.reason && w.file == warning.file).count();
            if state.first.len() < FIRST_MAX && same < FIRST_MAX_PER_REASON && !state.first.contains(warning) {
                state.first.push(warning.clone());
            }
        }
        let piece = state.pieces.entry((notes.file.to_string(), notes.piece)).or_default();
        for ((reason, idx), n) in &notes.counts {
            let count = piece.entry((*reason, idx.and_then(&column))).or_default();
            *count = (*count).max(*n);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The warnings of one reader over one piece of a file.
#[derive(Debug)]
pub(crate) struct Notes {
    file: Arc<str>,
    piece: u64,
    first: Vec<Warning>,
    counts: HashMap<(Reason, Option<usize>), u64>,
}

impl Notes {
    /// Starts empty notes about the piece of a file that begins at byte `piece`.
    pub fn new(file: &Arc<str>, piece: u64) -> Notes {
        Notes { file: file.clone(), piece, first: Vec::new(), counts: HashMap::new() }
    }

    /// Counts a warning; its place and text are asked for only when it is among the first.
    pub fn add(&mut self, reason: Reason, column: Option<usize>, place: impl FnOnce() -> (Option<u64>, String)) {
        *self.counts.entry((reason, column)).or_default() += 1;
        if self.wants_more(reason) {
            let (line, detail) = place();
            self.first.push(Warning { file: self.file.to_string(), line, reason, detail });
        }
    }

    /// Returns whether a warning of this reason would be kept with its text, so that a costly place need not be found in vain.
    pub fn wants_more(&self, reason: Reason) -> bool {
        self.first.iter().filter(|w| w.reason == reason).count() < FIRST_MAX_PER_REASON
    }

    /// Returns the warnings kept with their text.
    #[cfg(test)]
    pub fn first(&self) -> &[Warning] {
        &self.first
    }
}

/// Returns a piece of the user's text that is short enough for a message, in backticks.
pub(crate) fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let shown: String = text.chars().take(CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(CHARS_MAX).is_some() { format!("`{shown}…`") } else { format!("`{shown}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_twice_counts_once() {
        let warnings = Warnings::default();
        let file: Arc<str> = "a.json".into();
        for _ in 0..2 {
            let mut notes = Notes::new(&file, 0);
            for line in 1..=30 {
                notes.add(Reason::BrokenRow, None, || (Some(line), "x".into()));
                notes.add(Reason::Mistyped, Some(1), || (Some(line), "y".into()));
            }
            warnings.merge(&notes, |idx| Some(format!("c{idx}")));
        }
        let report = warnings.report();
        assert_eq!(report.total(), 60);
        assert_eq!(report.rows_skipped(), 30);
        assert_eq!(report.first.len(), 10);
        assert_eq!(report.counts[1].column.as_deref(), Some("c1"));
        assert_eq!(report.first[0].to_string(), "a.json:1: broken row skipped: x");
    }
}
