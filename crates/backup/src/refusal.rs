//! Workspaces that a backup has less of than somebody has seen.

use std::fmt;

use tlog::Hash;

/// Why a workspace is not restored as it is in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Witnesses saw entries that the backup lacks: an administrator may accept the loss.
    Behind { workspace: String, size: u64, witnessed: u64 },
    /// The entries are not those that witnesses saw: nobody may accept that.
    Fork { workspace: String, size: u64, ours: Hash, theirs: Hash },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Behind { workspace, size, witnessed } => write!(
                f,
                "`{workspace}`: the backup has {size} entries, and witnesses have seen {witnessed}; accept the loss, or leave it out"
            ),
            Refusal::Fork { workspace, size, ours, theirs } => write!(
                f,
                "`{workspace}`: its first {size} entries have the root {ours}, and witnesses have seen {theirs}: it is another history"
            ),
        }
    }
}
