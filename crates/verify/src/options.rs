//! What is asked for.

use anchors::tsa::Authority;
use keys::Passphrase;
use tlog::Policy;
use tlog::note::SignedNote;

/// How deep it is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Every byte of every file, by the hashes that are sealed.
    Files,
    /// Besides, every record: its leaf is hashed again from its cells and seed, and each batch's root compared with its entry.
    Records,
    /// [`Depth::Records`] for stores of up to [`Options::SMALL_RECORDS`] records in files, else [`Depth::Files`].
    #[default]
    BySize,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only this workspace; the write-ahead log is everybody's and looked at all the same.
    pub workspace: Option<String>,
    /// The logs and witnesses that are trusted; without, the store's own keys are.
    pub policy: Option<Policy>,
    /// Checkpoints that somebody kept: the log must have grown from them. Each has a name to be reported by.
    pub pinned: Vec<(String, SignedNote)>,
    /// Whose timestamps are verified; without, they are only compared with the log.
    pub timestamp_authority: Option<Authority>,
    pub depth: Depth,
    /// Opens an encrypted store. Without it, what is sealed there is named as not verified.
    pub passphrase: Option<Passphrase>,
    /// Threads at most; all cores when there is no number.
    pub n_threads: Option<usize>,
}

impl Options {
    /// Records in files up to which [`Depth::BySize`] looks at records: some ten seconds on one core.
    pub const SMALL_RECORDS: u64 = 2_000_000;
}
