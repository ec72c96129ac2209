//! What data keys are for, and the epochs in which they are used.

use std::fmt;

/// What a data key encrypts. Each purpose has keys and epochs of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Batches in the write-ahead log.
    Wal,
    /// The seeds of which records' salts are made.
    Seeds,
    /// Columnar files.
    Extents,
    /// Keys that sign logs.
    Signing,
}

impl Purpose {
    /// All purposes, ascending.
    pub const ALL: [Purpose; 4] = [Purpose::Wal, Purpose::Seeds, Purpose::Extents, Purpose::Signing];

    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Wal => "wal",
            Purpose::Seeds => "seeds",
            Purpose::Extents => "extents",
            Purpose::Signing => "signing",
        }
    }

    /// Returns the number that stands for it in files; it never changes.
    pub(crate) fn code(self) -> u8 {
        match self {
            Purpose::Wal => 1,
            Purpose::Seeds => 2,
            Purpose::Extents => 3,
            Purpose::Signing => 4,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| purpose.code() == code)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An epoch of a purpose: the time in which one data key encrypted what was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochInfo {
    pub epoch: u64,
    pub state: EpochState,
    /// When it began, or was destroyed: ticks of 100 ns since 0001-01-01.
    pub since_ticks: i64,
}

/// What can be done with an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochState {
    /// What is sealed now is sealed in it.
    Current,
    /// What was sealed in it can be opened.
    Former,
    /// What was sealed in it is erased.
    Destroyed,
}
