//! Whether the store's data can be opened: it is plain, its keys are at hand, or they are not.

use std::path::Path;
use std::sync::Arc;

use ingest::AtRest;
use keys::{KeyError, KeyStore, MemoryCopy, Mode, Passphrase, PassphraseStore, Start};
use keys::{open_with_passphrase, read_mode};
use sequencer::storage::Disk;
use stdx::{SystemClock, SystemEntropy};

/// What can be looked into.
pub enum Access {
    /// Nothing is sealed.
    Plain,
    Sealed(Arc<KeyStore>),
    /// The store is encrypted, and nobody gave a passphrase.
    Closed,
}

impl Access {
    /// Opens the keys of the store in a folder, in a copy: nothing is changed, and another process may have them.
    ///
    /// # Errors
    /// When they do not open with the passphrase, or the store is a plain one.
    pub fn open(root: &Path, passphrase: Option<&Passphrase>) -> Result<Access, KeyError> {
        let folder = root.join("keys");
        let io = |source| KeyError::Io { path: folder.display().to_string(), source };
        if !folder.is_dir() {
            // Nothing to open, and nothing is made here.
            return match passphrase {
                None => Ok(Access::Plain),
                Some(_) => Err(KeyError::ModeMissing { path: keys::MODE_FILE }),
            };
        }
        let disk = Disk::open_private(&folder).map_err(io)?;
        let Some(passphrase) = passphrase else {
            let mode = read_mode(&disk);
            return match mode {
                Ok(Some((Mode::Encrypted, _))) => Ok(Access::Closed),
                // What is wrong with the file is a finding.
                Ok(_) | Err(KeyError::Damaged { .. }) => Ok(Access::Plain),
                Err(error) => Err(error),
            };
        };
        let copy = Arc::new(MemoryCopy::of(&disk).map_err(io)?);
        let (entropy, clock) = (Arc::new(SystemEntropy), Arc::new(SystemClock));
        let PassphraseStore { keys, .. } = open_with_passphrase(copy, passphrase, Start::Existing, entropy, clock)?;
        Ok(Access::Sealed(keys))
    }

    /// Returns how a workspace's data are at rest; `None` when they cannot be opened.
    pub fn at_rest(&self, workspace: &str) -> Option<AtRest> {
        match self {
            Access::Plain => Some(AtRest::plain()),
            Access::Sealed(store) => store.sealer(workspace).ok().map(AtRest::sealed),
            Access::Closed => None,
        }
    }
}
