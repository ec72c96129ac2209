//! What was found, as values.

use std::ops::Range;

use tlog::{Hash, Sighting};

/// Something that is not as it was signed, sealed or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Relative to the store's folder, with `/`.
    pub path: String,
    /// The bytes that it is about; `None` for a file as a whole.
    pub range: Option<Range<u64>>,
    pub what: String,
    /// What should be there, and what is, where a short text can say so.
    pub differs: Option<(String, String)>,
}

impl Finding {
    pub(crate) fn new(path: impl Into<String>, what: impl Into<String>) -> Finding {
        Finding { path: path.into(), range: None, what: what.into(), differs: None }
    }

    pub(crate) fn at(self, range: Range<u64>) -> Finding {
        Finding { range: Some(range), ..self }
    }

    pub(crate) fn differs(self, expected: impl ToString, found: impl ToString) -> Finding {
        Finding { differs: Some((expected.to_string(), found.to_string())), ..self }
    }

    /// Returns the finding as one line.
    pub fn to_text(&self) -> String {
        let mut text = self.path.clone();
        if let Some(Range { start, end }) = &self.range {
            text.push_str(&format!(": bytes {start} to {end}"));
        }
        text.push_str(&format!(": {}", self.what));
        if let Some((expected, found)) = &self.differs {
            text.push_str(&format!(" (expected {expected}, found {found})"));
        }
        text
    }
}

/// Something that could not be verified, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    pub path: String,
    /// How many bytes; 0 where it is not about bytes.
    pub bytes: u64,
    pub why: String,
}

impl Unchecked {
    /// Returns it as one line.
    pub fn to_text(&self) -> String {
        match self.bytes {
            0 => format!("{}: {}", self.path, self.why),
            bytes => format!("{}: {bytes} bytes: {}", self.path, self.why),
        }
    }
}

/// How much was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries of published logs.
    pub n_entries: u64,
    /// Files of tiles and of entries.
    pub n_tiles: u64,
    pub n_batches: u64,
    /// Records that are sealed.
    pub n_records: u64,
    /// Records whose leaves were hashed again.
    pub n_records_hashed: u64,
    /// Files of records.
    pub n_extents: u64,
    /// Frames of the write-ahead log.
    pub n_frames: u64,
    /// Timestamps of checkpoints by an authority that is trusted.
    pub n_timestamps: u64,
    pub n_files: u64,
    pub n_bytes: u64,
}

/// A log as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    pub workspace: String,
    pub origin: String,
    /// Size and root of the published checkpoint.
    pub size: u64,
    pub root: Hash,
    /// Who signed and who has seen it; `None` when its signatures are not acceptable.
    pub sighting: Option<Sighting>,
}

/// The result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// By path and byte.
    pub findings: Vec<Finding>,
    pub unchecked: Vec<Unchecked>,
    pub logs: Vec<LogReport>,
    pub counts: Counts,
    /// Whether another process had the store: then the write-ahead log and what is not published yet were left out.
    pub is_in_use: bool,
    /// Whether every record was hashed again.
    pub is_deep: bool,
}

impl Report {
    /// Returns whether nothing wrong was found.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}
