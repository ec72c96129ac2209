//! The keys of a store: workspaces, their data keys by purpose and epoch, and what erases them.
//!
//! ```text
//! keys/mode.v1                       says that the store is encrypted
//! keys/root.0000000001               root keys behind a passphrase, when they are in a file
//! keys/contoso/ring.0000000004       the workspace's data keys
//! keys/contoso/0a0b0c0d.key          a signing key, sealed
//! ```

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use sequencer::is_workspace_name;
use sequencer::storage::Storage;
use stdx::{Clock, Entropy};

use crate::KeyError;
use crate::backend::{KeyBackend, RootId};
use crate::generations::Generations;
use crate::mode::{MODE_FILE, Mode, StoreId, settle};
use crate::purpose::{EpochInfo, Purpose};
use crate::ring::{NoKey, Place, Ring, STEM, SealedRing, seal_ring};
use crate::sealer::Sealer;
use crate::secret::Key;

/// What a store of keys works with.
#[derive(Clone)]
pub struct Surroundings {
    /// The folder of keys, best a [`Disk::open_private`](sequencer::storage::Disk::open_private).
    pub storage: Arc<dyn Storage>,
    /// Wraps what is written.
    pub backend: Arc<dyn KeyBackend>,
    /// Others that may have the root keys of what was written before.
    pub former: Vec<Arc<dyn KeyBackend>>,
    pub entropy: Arc<dyn Entropy>,
    pub clock: Arc<dyn Clock>,
}

/// The keys of a store. One process at a time has them.
pub struct KeyStore {
    id: StoreId,
    around: Surroundings,
    workspaces: RwLock<BTreeMap<String, Arc<Workspace>>>,
    /// Held while a workspace is read or made.
    loading: Mutex<()>,
    _lock: Mutex<Box<dyn Send>>,
}

/// A workspace's keys in memory.
pub(crate) struct Workspace {
    pub name: String,
    ring: RwLock<Ring>,
    file: Mutex<RingFile>,
}

struct RingFile {
    generations: Generations,
    /// The root key under which the present generation is.
    root: RootId,
}

/// A workspace whose keys cannot be used, and why.
#[derive(Debug)]
pub struct Unusable {
    pub workspace: String,
    pub error: KeyError,
}

impl KeyStore {
    /// Opens the keys of an encrypted store, whose name [`settle`] gave, reads those of every workspace and completes what was
    /// interrupted. A workspace whose keys cannot be used does not stop the others.
    ///
    /// # Errors
    /// [`KeyError::Locked`], what [`settle`] says, and when the folder cannot be read.
    pub fn open(around: Surroundings) -> Result<(KeyStore, Vec<Unusable>), KeyError> {
        let lock = around.storage.lock("keys.lock").map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => KeyError::Locked,
            _ => KeyError::Io { path: "keys.lock".to_string(), source },
        })?;
        let id = settle(around.storage.as_ref(), Mode::Encrypted, around.entropy.as_ref())?;
        let id = id.ok_or_else(|| KeyError::damaged(MODE_FILE))?;
        let (workspaces, loading) = (RwLock::default(), Mutex::default());
        let store = KeyStore { id, around, workspaces, loading, _lock: Mutex::new(lock) };
        let mut unusable = Vec::new();
        let with_keys = store.workspaces()?;
        store.remove_remains(&with_keys)?;
        for workspace in with_keys {
            if let Err(error) = store.workspace(&workspace) {
                unusable.push(Unusable { workspace, error });
            }
        }
        Ok((store, unusable))
    }

    /// Returns the names of the workspaces that have keys, usable or not.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn workspaces(&self) -> Result<Vec<String>, KeyError> {
        let storage = self.around.storage.as_ref();
        let mut names = storage.list("").map_err(KeyError::io(""))?;
        names.retain(|name| is_workspace_name(name));
        let mut with_keys = Vec::new();
        for name in names {
            let files = storage.list(&name).map_err(KeyError::io(&name))?;
            let is_ring =
                |file: &String| file.strip_prefix(STEM).is_some_and(|rest| rest.starts_with('.') && rest != ".tmp");
            if files.iter().any(is_ring) {
                with_keys.push(name);
            }
        }
        Ok(with_keys)
    }

    /// Removes half a file of keys that a process left which died while it made a workspace.
    fn remove_remains(&self, with_keys: &[String]) -> Result<(), KeyError> {
        let names = self.around.storage.list("").map_err(KeyError::io(""))?;
        for name in names.iter().filter(|name| is_workspace_name(name) && !with_keys.contains(name)) {
            Generations::new(self.around.storage.clone(), name, STEM).sweep()?;
        }
        Ok(())
    }

    /// Makes keys for a workspace: a first epoch of each purpose.
    ///
    /// # Errors
    /// [`KeyError::WorkspaceName`], [`KeyError::WorkspaceExists`], and when the keys cannot be made or written.
    pub fn add_workspace(&self, name: &str) -> Result<(), KeyError> {
        if !is_workspace_name(name) {
            return Err(KeyError::WorkspaceName(name.to_string()));
        }
        let _loading = locked(&self.loading);
        let mut generations = Generations::new(self.around.storage.clone(), name, STEM);
        if self.loaded(name).is_some() || generations.read()?.is_some() {
            return Err(KeyError::WorkspaceExists(name.to_string()));
        }
        let mut ring = Ring::default();
        for purpose in Purpose::ALL {
            ring.begin(purpose, self.around.clock.now_ticks(), self.around.entropy.as_ref())?;
        }
        let root = self.write(name, &ring, &mut generations)?;
        self.keep(name, ring, RingFile { generations, root });
        Ok(())
    }

    /// Returns what seals and opens a workspace's data.
    ///
    /// # Errors
    /// [`KeyError::NoWorkspace`], [`KeyError::Damaged`], [`KeyError::Root`], and when the keys cannot be read.
    pub fn sealer(&self, workspace: &str) -> Result<Sealer, KeyError> {
        Ok(Sealer::new(self.id, self.workspace(workspace)?, self.around.entropy.clone()))
    }

    /// Begins an epoch of a purpose: what is sealed from now on is sealed in it. Returns its number.
    ///
    /// # Errors
    /// As [`KeyStore::sealer`], and when the keys cannot be written; the epoch of before is then still the current one.
    pub fn new_epoch(&self, workspace: &str, purpose: Purpose) -> Result<u64, KeyError> {
        let now = self.around.clock.now_ticks();
        self.change(workspace, |ring| ring.begin(purpose, now, self.around.entropy.as_ref()))
    }

    /// Destroys the key of a former epoch: nothing that was sealed in it can be opened again, wherever it was copied to, unless
    /// somebody has a copy of the keys themselves and the root key of then. Asking again completes what an error or a crash
    /// interrupted.
    ///
    /// # Errors
    /// [`KeyError::EpochInUse`], [`KeyError::NoEpoch`], [`KeyError::NotErased`], and as [`KeyStore::new_epoch`].
    pub fn destroy_epoch(&self, workspace: &str, purpose: Purpose, epoch: u64) -> Result<(), KeyError> {
        let now = self.around.clock.now_ticks();
        self.change(workspace, |ring| match ring.key(purpose, epoch) {
            _ if epoch != 0 && epoch == ring.latest(purpose) => {
                Err(KeyError::EpochInUse { workspace: workspace.to_string(), purpose, epoch })
            }
            Ok(_) => {
                ring.destroy(purpose, epoch, now);
                Ok(())
            }
            Err(NoKey::Destroyed) => Ok(()),
            Err(NoKey::Unknown) => Err(KeyError::NoEpoch { workspace: workspace.to_string(), purpose, epoch }),
        })
    }

    /// Destroys every key of a workspace, when it leaves. What is left says which epochs there were.
    ///
    /// # Errors
    /// As [`KeyStore::destroy_epoch`].
    pub fn destroy_workspace(&self, workspace: &str) -> Result<(), KeyError> {
        let now = self.around.clock.now_ticks();
        self.change(workspace, |ring| {
            for purpose in Purpose::ALL {
                for info in ring.epochs(purpose) {
                    if ring.key(purpose, info.epoch).is_ok() {
                        ring.destroy(purpose, info.epoch, now);
                    }
                }
            }
            Ok(())
        })
    }

    /// Returns the epochs of a purpose, ascending.
    ///
    /// # Errors
    /// As [`KeyStore::sealer`].
    pub fn epochs(&self, workspace: &str, purpose: Purpose) -> Result<Vec<EpochInfo>, KeyError> {
        Ok(read(&self.workspace(workspace)?.ring).epochs(purpose))
    }

    /// Returns what wraps now.
    pub fn backend(&self) -> &dyn KeyBackend {
        self.around.backend.as_ref()
    }

    pub(crate) fn surroundings(&self) -> &Surroundings {
        &self.around
    }

    /// Returns the root key that a workspace's keys need, as far as that can be read.
    pub(crate) fn root_of(&self, workspace: &str) -> Result<RootId, KeyError> {
        let mut generations = Generations::new(self.around.storage.clone(), workspace, STEM);
        let found = generations.read()?.ok_or_else(|| KeyError::NoWorkspace(workspace.to_string()))?;
        Ok(SealedRing::parse(&found)?.root().clone())
    }

    /// Writes a workspace's keys anew if they are not under `root`, which the backend wraps with; returns whether that was needed.
    pub(crate) fn rewrap(&self, workspace: &str, root: &RootId) -> Result<bool, KeyError> {
        let is_there = locked(&self.workspace(workspace)?.file).root == *root;
        if !is_there {
            self.change(workspace, |_| Ok(()))?;
        }
        Ok(!is_there)
    }

    /// Changes a workspace's keys: on the disk, then in memory, then nothing of before is left.
    fn change<T>(&self, workspace: &str, change: impl FnOnce(&mut Ring) -> Result<T, KeyError>) -> Result<T, KeyError> {
        let workspace = self.workspace(workspace)?;
        let mut file = locked(&workspace.file);
        let mut ring = read(&workspace.ring).clone();
        let changed = change(&mut ring)?;
        file.root = self.write(&workspace.name, &ring, &mut file.generations)?;
        *workspace.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        let not_erased = |error| KeyError::NotErased { workspace: workspace.name.clone(), source: Box::new(error) };
        file.generations.sweep().map_err(not_erased)?;
        Ok(changed)
    }

    fn write(&self, workspace: &str, ring: &Ring, generations: &mut Generations) -> Result<RootId, KeyError> {
        let place = Place { store: self.id, workspace };
        let (backend, entropy) = (self.around.backend.as_ref(), self.around.entropy.as_ref());
        let (bytes, root) = seal_ring(ring, generations.next(), place, backend, entropy)?;
        generations.write(&bytes)?;
        Ok(root)
    }

    fn loaded(&self, name: &str) -> Option<Arc<Workspace>> {
        read(&self.workspaces).get(name).cloned()
    }

    fn workspace(&self, name: &str) -> Result<Arc<Workspace>, KeyError> {
        if let Some(workspace) = self.loaded(name) {
            return Ok(workspace);
        }
        if !is_workspace_name(name) {
            return Err(KeyError::WorkspaceName(name.to_string()));
        }
        let _loading = locked(&self.loading);
        if let Some(workspace) = self.loaded(name) {
            return Ok(workspace);
        }
        let mut generations = Generations::new(self.around.storage.clone(), name, STEM);
        let found = generations.read()?.ok_or_else(|| KeyError::NoWorkspace(name.to_string()))?;
        let sealed = SealedRing::parse(&found)?;
        let backends = [&self.around.backend].into_iter().chain(&self.around.former).map(Arc::as_ref);
        let ring = sealed.open(Place { store: self.id, workspace: name }, backends)?;
        let mut root = sealed.root().clone();
        if found.has_leftovers {
            root = self.write(name, &ring, &mut generations)?;
            generations.sweep()?;
        }
        Ok(self.keep(name, ring, RingFile { generations, root }))
    }

    fn keep(&self, name: &str, ring: Ring, file: RingFile) -> Arc<Workspace> {
        let workspace = Workspace { name: name.to_string(), ring: RwLock::new(ring), file: Mutex::new(file) };
        let workspace = Arc::new(workspace);
        let mut workspaces = self.workspaces.write().unwrap_or_else(PoisonError::into_inner);
        workspaces.insert(name.to_string(), workspace.clone());
        workspace
    }
}

impl Workspace {
    /// Returns the current epoch of a purpose and its key.
    pub fn current_key(&self, purpose: Purpose) -> Result<(u64, Key), KeyError> {
        let epoch = read(&self.ring).latest(purpose);
        self.key(purpose, epoch).map(|key| (epoch, key))
    }

    /// Returns the key of an epoch.
    pub fn key(&self, purpose: Purpose, epoch: u64) -> Result<Key, KeyError> {
        let workspace = self.name.clone();
        read(&self.ring).key(purpose, epoch).map_err(|why| match why {
            NoKey::Unknown => KeyError::NoEpoch { workspace, purpose, epoch },
            NoKey::Destroyed => KeyError::EpochDestroyed { workspace, purpose, epoch },
        })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
