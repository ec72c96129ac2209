//! Opening the keys of a store whose root keys are behind a passphrase, or making them.

use std::sync::Arc;

use sequencer::storage::Storage;
use stdx::{Clock, Entropy};

use crate::KeyError;
use crate::backend::BackendError;
use crate::mode::{MODE_FILE, Mode, settle};
use crate::passphrase::{Cost, Passphrase, PassphraseBackend};
use crate::store::{KeyStore, Surroundings, Unusable};

/// Whether keys may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The store is new: what is missing is made, at this cost of each try of a passphrase.
    New(Cost),
    /// The store has data: keys that are missing are lost, and new ones in their place would hide that.
    Existing,
}

/// The keys of a store and what has its root keys.
pub struct PassphraseStore {
    pub keys: Arc<KeyStore>,
    pub root: Arc<PassphraseBackend>,
    /// Workspaces whose keys cannot be used.
    pub unusable: Vec<Unusable>,
}

/// Opens the keys of an encrypted store.
///
/// # Errors
/// What [`settle`] and [`KeyStore::open`] say; [`KeyError::Root`] with [`BackendError::Locked`] for another passphrase and with
/// [`BackendError::Missing`] when the root keys are gone; [`KeyError::ModeMissing`].
pub fn open_with_passphrase(
    storage: Arc<dyn Storage>,
    passphrase: &Passphrase,
    start: Start,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
) -> Result<PassphraseStore, KeyError> {
    if start == Start::Existing && storage.read(MODE_FILE).map_err(KeyError::io(MODE_FILE))?.is_none() {
        // A store with plain keys is told so.
        crate::mode::refuse_plain_keys(storage.as_ref())?;
        return Err(KeyError::ModeMissing { path: MODE_FILE });
    }
    let id = settle(storage.as_ref(), Mode::Encrypted, entropy.as_ref())?;
    let id = id.ok_or_else(|| KeyError::damaged(MODE_FILE))?;
    let root = match (PassphraseBackend::open(storage.clone(), id, passphrase, entropy.clone()), start) {
        (Err(BackendError::Missing), Start::New(cost)) => {
            PassphraseBackend::create(storage.clone(), id, passphrase, cost, entropy.clone())
        }
        (opened, _) => opened,
    };
    let root = Arc::new(root.map_err(KeyError::Root)?);
    let around = Surroundings { storage, backend: root.clone(), former: Vec::new(), entropy, clock };
    let (keys, unusable) = KeyStore::open(around)?;
    Ok(PassphraseStore { keys: Arc::new(keys), root, unusable })
}
