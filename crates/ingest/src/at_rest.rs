//! What a workspace's data look like at rest: as they are, or sealed.
//!
//! ```text
//! write-ahead log   payload, leaf material   wal/<table>/<root of the batch>/records, .../leaves
//! seeds             the whole file           its path
//! extents           the whole file, in chunks, behind what hashes it
//! ```
//!
//! What is sealed is named by what a batch is known by before it has a number, and files by their paths: nothing opens in another place.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keys::{Cost, KeyError, KeyStore, Passphrase, PassphraseBackend, PassphraseStore, Purpose, SealedKeys, Sealer};
use keys::{Key, Mode, Start, open_with_passphrase, settle};
use sequencer::storage::{Disk, Storage};
use sequencer::{KeyFolder, Keys, SealedBatch, Signer, StoredBatch};
use stdx::{Clock, SystemEntropy, crash_point};
use tlog::Hash;
use tlog::note::VerifierKey;

use crate::error::VaultError;

/// Whether a store is encrypted. It is said when the store is made, and has to be said the same at each start.
#[derive(Debug, Clone, Default)]
pub enum Encryption {
    /// Files are as they are.
    #[default]
    None,
    /// Whatever is secret is encrypted, under root keys behind a passphrase. The cost of a try is that of a new store.
    Passphrase { passphrase: Passphrase, cost: Cost },
}

/// How a workspace's data are at rest.
#[derive(Clone, Default)]
pub struct AtRest(Option<Sealer>);

impl AtRest {
    /// Says that data are as they are.
    pub fn plain() -> AtRest {
        AtRest(None)
    }

    /// Says that data are sealed.
    pub fn sealed(sealer: Sealer) -> AtRest {
        AtRest(Some(sealer))
    }

    /// Returns what seals and opens files of records; `None` where they are not sealed.
    pub fn sealer(&self) -> Option<&Sealer> {
        self.0.as_ref()
    }

    /// Seals what a batch has of records, in place.
    ///
    /// # Errors
    /// When there is no key for it.
    pub fn seal_batch(&self, batch: &mut SealedBatch) -> Result<(), KeyError> {
        let Some(sealer) = &self.0 else { return Ok(()) };
        sealer.seal(Purpose::Wal, &leaves_name(&batch.table, &batch.root), &mut batch.leaf_material)?;
        sealer.seal(Purpose::Wal, &records_name(&batch.table, &batch.root), &mut batch.payload)
    }

    /// Opens what [`AtRest::seal_batch`] sealed, in place.
    ///
    /// # Errors
    /// When it was not sealed for this batch, or its key was destroyed.
    pub fn open_batch(&self, stored: &mut StoredBatch) -> Result<(), KeyError> {
        let Some(sealer) = &self.0 else { return Ok(()) };
        let (table, root) = (&stored.batch.table, &stored.batch.root);
        sealer.open(Purpose::Wal, &leaves_name(table, root), &mut stored.leaf_material)?;
        sealer.open(Purpose::Wal, &records_name(table, root), &mut stored.payload)
    }

    /// Seals the bytes of a file of seeds, whose path in the workspace's folder is `path`.
    ///
    /// # Errors
    /// When there is no key for it.
    pub fn seal_seeds(&self, path: &str, bytes: &mut Vec<u8>) -> Result<(), KeyError> {
        self.0.as_ref().map_or(Ok(()), |sealer| sealer.seal(Purpose::Seeds, path, bytes))
    }

    /// Opens the bytes of a file of seeds.
    ///
    /// # Errors
    /// When they were not sealed for this file, or their key was destroyed.
    pub fn open_seeds(&self, path: &str, bytes: &mut Vec<u8>) -> Result<(), KeyError> {
        self.0.as_ref().map_or(Ok(()), |sealer| sealer.open(Purpose::Seeds, path, bytes))
    }
}

fn leaves_name(table: &str, root: &Hash) -> String {
    format!("wal/{table}/{root}/leaves")
}

fn records_name(table: &str, root: &Hash) -> String {
    format!("wal/{table}/{root}/records")
}

/// The keys of a store: those that sign, and those that encrypt, if it is encrypted.
#[derive(Clone)]
pub(crate) struct StoreKeys {
    folder: KeyFolder,
    path: PathBuf,
    sealed: Option<SealedStore>,
}

#[derive(Clone)]
pub(crate) struct SealedStore {
    pub keys: Arc<KeyStore>,
    pub root: Arc<PassphraseBackend>,
    signing: SealedKeys,
}

impl StoreKeys {
    /// Opens the keys of the store in a folder, or makes them for a new one.
    pub fn open(
        root: &Path,
        is_new: bool,
        encryption: &Encryption,
        clock: Arc<dyn Clock>,
    ) -> Result<StoreKeys, VaultError> {
        let path = root.join("keys");
        let folder = KeyFolder::new(&path);
        let storage: Arc<dyn Storage> = Arc::new(Disk::open_private(&path).map_err(VaultError::io(&path))?);
        let entropy = Arc::new(SystemEntropy);
        let Encryption::Passphrase { passphrase, cost } = encryption else {
            settle(storage.as_ref(), Mode::Plain, entropy.as_ref())?;
            return Ok(StoreKeys { folder, path, sealed: None });
        };
        let start = if is_new { Start::New(*cost) } else { Start::Existing };
        let PassphraseStore { keys, root, unusable } =
            open_with_passphrase(storage, passphrase, start, entropy, clock)?;
        if let Some(unusable) = unusable.into_iter().next() {
            return Err(VaultError::WorkspaceKeys { workspace: unusable.workspace, source: unusable.error });
        }
        let signing = SealedKeys::new(keys.clone());
        Ok(StoreKeys { folder, path, sealed: Some(SealedStore { keys, root, signing }) })
    }

    /// Returns what encrypts; `None` in a plain store.
    pub fn sealed(&self) -> Option<&SealedStore> {
        self.sealed.as_ref()
    }

    /// Returns the folder of keys.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the keys of a workspace, and returns the public part of that which signs. Those of one that was being made when the
    /// process ended are gone on with.
    pub fn create(&self, workspace: &str, origin: &str, secret: [u8; 32]) -> Result<VerifierKey, VaultError> {
        let Some(sealed) = &self.sealed else {
            let path = self.path.join(workspace);
            return self.folder.create(workspace, origin, &secret).map_err(VaultError::io(path));
        };
        match sealed.keys.add_workspace(workspace) {
            Ok(()) | Err(KeyError::WorkspaceExists(_)) => {}
            Err(error) => return Err(error.into()),
        }
        crash_point("sealed.workspace-keys-written");
        Ok(sealed.signing.create(workspace, origin, &Key::from_bytes(secret))?)
    }

    /// Returns the workspaces that have a key that signs.
    pub fn workspaces(&self) -> io::Result<Vec<String>> {
        self.folder.workspaces()
    }

    /// Removes what a process left that died while it wrote a key.
    pub fn remove_remains(&self) -> io::Result<()> {
        let mode = self.path.join(format!("{}.tmp", keys::MODE_FILE));
        match std::fs::remove_file(mode) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.folder.remove_remains()
    }

    /// Returns how the data of a workspace are at rest.
    pub fn at_rest(&self, workspace: &str) -> Result<AtRest, VaultError> {
        match &self.sealed {
            None => Ok(AtRest::plain()),
            Some(sealed) => Ok(AtRest::sealed(sealed.keys.sealer(workspace)?)),
        }
    }
}

impl Keys for StoreKeys {
    fn signers(&self, workspace: &str) -> Result<Vec<Arc<dyn Signer>>, String> {
        match &self.sealed {
            None => self.folder.signers(workspace),
            Some(sealed) => sealed.signing.signers(workspace),
        }
    }
}
