//! Root keys in a file, behind a passphrase.
//!
//! ```text
//! passphrase, salt ──Argon2id──► key of the file ──► box of root keys { name, key }, the last of which wraps
//! ```
//!
//! Whoever has the file can try passphrases, at the cost that Argon2id gives each try. A passphrase of six random words or more keeps;
//! one that somebody made up does not.

mod file;
mod source;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use sequencer::storage::Storage;
use stdx::Entropy;

use crate::KeyError;
use crate::backend::{BackendError, KeyBackend, RootId, WrappedKey};
use crate::cipher::{open_box, seal_box};
use crate::codec::context;
use crate::generations::Generations;
use crate::mode::StoreId;
use crate::secret::Key;
use file::{FileKey, Root, RootFile};

pub use file::Cost;
pub(crate) use file::STEM;
pub use source::{Passphrase, PassphraseSource};

/// Root keys in a file, unlocked.
pub struct PassphraseBackend {
    store: StoreId,
    entropy: Arc<dyn Entropy>,
    state: Mutex<State>,
    _lock: Mutex<Box<dyn Send>>,
}

/// Its name does not begin as the file's.
const LOCK: &str = "passphrase.lock";

struct State {
    generations: Generations,
    file: RootFile,
}

impl PassphraseBackend {
    /// Makes the file with a first root key.
    ///
    /// # Errors
    /// [`BackendError::InUse`], [`BackendError::Exists`], [`BackendError::Cost`], and when it cannot be written.
    pub fn create(
        storage: Arc<dyn Storage>,
        store: StoreId,
        passphrase: &Passphrase,
        cost: Cost,
        entropy: Arc<dyn Entropy>,
    ) -> Result<PassphraseBackend, BackendError> {
        let lock = lock(storage.as_ref())?;
        let mut generations = Generations::new(storage, "", STEM);
        if generations.read().map_err(failed)?.is_some() {
            return Err(BackendError::Exists);
        }
        let key = FileKey::new(passphrase, cost, entropy.as_ref())?;
        let file = RootFile { key, roots: vec![Root::random(entropy.as_ref())?] };
        let mut state = State { generations, file };
        state.save(store, entropy.as_ref())?;
        Ok(PassphraseBackend { store, entropy, state: Mutex::new(state), _lock: lock })
    }

    /// Opens the file.
    ///
    /// # Errors
    /// [`BackendError::InUse`], [`BackendError::Missing`], [`BackendError::Locked`], [`BackendError::NotAKeyFile`], and when it cannot be
    /// read or older copies of it cannot be removed.
    pub fn open(
        storage: Arc<dyn Storage>,
        store: StoreId,
        passphrase: &Passphrase,
        entropy: Arc<dyn Entropy>,
    ) -> Result<PassphraseBackend, BackendError> {
        let lock = lock(storage.as_ref())?;
        let mut generations = Generations::new(storage, "", STEM);
        let found = generations.read().map_err(failed)?.ok_or(BackendError::Missing)?;
        let file = RootFile::open(&found, store, passphrase)?;
        let mut state = State { generations, file };
        if found.has_leftovers {
            state.save(store, entropy.as_ref())?;
        }
        Ok(PassphraseBackend { store, entropy, state: Mutex::new(state), _lock: lock })
    }

    /// Puts the root keys behind another passphrase. They stay the same: whoever has the old file and knows the old passphrase has
    /// them, until they are rotated and retired.
    ///
    /// # Errors
    /// [`BackendError::Cost`], and when the file cannot be written; either passphrase may open it then.
    pub fn change_passphrase(&self, passphrase: &Passphrase, cost: Cost) -> Result<(), BackendError> {
        let key = FileKey::new(passphrase, cost, self.entropy.as_ref())?;
        self.change(|file| file.key = key)
    }

    /// Changes what is in the file; in memory only once it is durable.
    fn change(&self, change: impl FnOnce(&mut RootFile)) -> Result<(), BackendError> {
        let mut state = self.state();
        let before = state.file.clone();
        change(&mut state.file);
        let saved = state.save(self.store, self.entropy.as_ref());
        if saved.is_err() {
            state.file = before;
        }
        saved
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl State {
    fn save(&mut self, store: StoreId, entropy: &dyn Entropy) -> Result<(), BackendError> {
        let bytes = self.file.to_bytes(self.generations.next(), store, entropy)?;
        self.generations.write(&bytes).and_then(|()| self.generations.sweep()).map_err(failed)
    }
}

fn lock(storage: &dyn Storage) -> Result<Mutex<Box<dyn Send>>, BackendError> {
    storage.lock(LOCK).map(Mutex::new).map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => BackendError::InUse,
        _ => BackendError::Io { path: LOCK.to_string(), source },
    })
}

/// Returns what a file's error means for a backend.
fn failed(error: KeyError) -> BackendError {
    match error {
        KeyError::Io { path, source } => BackendError::Io { path, source },
        KeyError::Entropy(source) => BackendError::Entropy(source),
        KeyError::Damaged { path } => BackendError::NotAKeyFile { path },
        other => BackendError::Service(other.to_string()),
    }
}

fn wrap_context(aad: &[u8], root: &RootId) -> Vec<u8> {
    context("vidimus wrapped key v1", &[root.as_str().as_bytes(), aad])
}

impl KeyBackend for PassphraseBackend {
    fn key_id(&self) -> Result<RootId, BackendError> {
        self.state().file.current().map(|root| root.id.clone()).ok_or(BackendError::Missing)
    }

    fn wrap(&self, aad: &[u8], key: &Key) -> Result<WrappedKey, BackendError> {
        let root = self.state().file.current().cloned().ok_or(BackendError::Missing)?;
        let bytes = seal_box(&root.key, &wrap_context(aad, &root.id), key.expose(), self.entropy.as_ref());
        Ok(WrappedKey { root: root.id.clone(), bytes: bytes.map_err(failed)? })
    }

    fn unwrap(&self, aad: &[u8], wrapped: &WrappedKey) -> Result<Key, BackendError> {
        let root = self.state().file.roots.iter().find(|root| root.id == wrapped.root).cloned();
        let root = root.ok_or_else(|| BackendError::UnknownRoot(wrapped.root.clone()))?;
        let opened = open_box(&root.key, &wrap_context(aad, &root.id), &wrapped.bytes);
        let key = opened.and_then(|bytes| Key::from_slice(&bytes));
        key.ok_or_else(|| BackendError::NotAuthentic(wrapped.root.clone()))
    }

    fn rotate(&self) -> Result<RootId, BackendError> {
        let root = Root::random(self.entropy.as_ref())?;
        let id = root.id.clone();
        self.change(|file| file.roots.push(root))?;
        Ok(id)
    }

    fn retire(&self, root: &RootId) -> Result<(), BackendError> {
        if self.key_id()? == *root {
            return Err(BackendError::RootInUse(root.clone()));
        }
        // Written also when the root is gone: an attempt before may have left older copies of the file.
        self.change(|file| file.roots.retain(|other| other.id != *root))
    }

    fn roots(&self) -> Result<Vec<RootId>, BackendError> {
        Ok(self.state().file.roots.iter().map(|root| root.id.clone()).collect())
    }

    fn health(&self) -> Result<(), BackendError> {
        let key = Key::random(self.entropy.as_ref()).map_err(failed)?;
        let wrapped = self.wrap(b"health", &key)?;
        if self.unwrap(b"health", &wrapped)? != key {
            return Err(BackendError::NotAuthentic(wrapped.root));
        }
        // What is in memory helps until the next start only.
        let mut state = self.state();
        let found = state.generations.read().map_err(failed)?.ok_or(BackendError::Missing)?;
        if RootFile::open_with(&found, self.store, state.file.key.clone())?.roots == state.file.roots {
            Ok(())
        } else {
            Err(BackendError::Locked { path: found.path })
        }
    }
}
