//! The two keys of a workspace by which requests of the HTTP Data Collector API are signed.
//!
//! A signature can only be checked by whoever has the key itself, so keys are kept, not digests of them: in a file that only its owner
//! may read, and sealed by the workspace's data keys where the store is encrypted.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use ingest::Vault;
use keys::Purpose;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{WorkspaceError, file};

/// Random bytes of a key that is made here, as many as Azure's have.
const KEY_BYTES: usize = 64;
/// Bytes of a key at least, so that it cannot be guessed.
pub const KEY_BYTES_MIN: usize = 16;

/// Which of a workspace's keys: two, so that one can be changed while senders use the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeySlot {
    Primary,
    Secondary,
}

impl KeySlot {
    /// Both.
    pub const ALL: [KeySlot; 2] = [KeySlot::Primary, KeySlot::Secondary];

    /// Returns the slot's name.
    pub fn name(self) -> &'static str {
        match self {
            KeySlot::Primary => "primary",
            KeySlot::Secondary => "secondary",
        }
    }

    /// Returns the slot of a name.
    ///
    /// # Errors
    /// `UnknownSlot`.
    pub fn from_name(name: &str) -> Result<KeySlot, WorkspaceError> {
        let found = KeySlot::ALL.into_iter().find(|slot| slot.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| WorkspaceError::UnknownSlot { name: name.to_string() })
    }
}

/// A key of a workspace. Printing it shows nothing.
#[derive(Clone)]
pub struct SharedKey {
    pub slot: KeySlot,
    bytes: Zeroizing<Vec<u8>>,
}

impl SharedKey {
    /// Returns the key as programs are given it. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes.as_slice()))
    }
}

impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "(the {} key)", self.slot.name())
    }
}

/// The keys of a store's workspaces.
pub struct SharedKeys {
    vault: Arc<Vault>,
    /// Only one at a time changes a file.
    changing: Mutex<()>,
}

impl SharedKeys {
    /// Returns the keys of a store.
    pub fn new(vault: Arc<Vault>) -> SharedKeys {
        SharedKeys { vault, changing: Mutex::default() }
    }

    fn path(&self, workspace: &str) -> PathBuf {
        self.vault.root().join("shared-keys").join(workspace)
    }

    /// Returns the keys that a workspace has.
    ///
    /// # Errors
    /// `UnknownWorkspace`; when they cannot be read.
    pub fn of(&self, workspace: &str) -> Result<Vec<SharedKey>, WorkspaceError> {
        let unknown = || WorkspaceError::UnknownWorkspace { name: workspace.to_string() };
        let at_rest = self.vault.workspace(workspace).ok_or_else(unknown)?;
        let path = self.path(workspace);
        let Some(bytes) = file::read(&path)? else { return Ok(Vec::new()) };
        let mut bytes = Zeroizing::new(bytes);
        if let Some(sealer) = at_rest.at_rest().sealer() {
            let sealed = |source| WorkspaceError::Sealed { workspace: workspace.to_string(), source };
            sealer.open(Purpose::Signing, &object(workspace), &mut bytes).map_err(sealed)?;
        }
        let damaged = |line| WorkspaceError::Damaged { path: path.clone(), line };
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged(1))?;
        let key = |line: &str| {
            let (slot, key) = line.split_once('\t')?;
            Some(SharedKey { slot: KeySlot::from_name(slot).ok()?, bytes: Zeroizing::new(STANDARD.decode(key).ok()?) })
        };
        text.lines().zip(1..).map(|(line, number)| key(line).ok_or_else(|| damaged(number))).collect()
    }

    /// Puts a key in a slot, in place of what was there: one of random bytes, or the one that is given in base64.
    ///
    /// # Errors
    /// `UnknownWorkspace`; `NoKey` when what is given is none; when it cannot be kept.
    pub fn set(&self, workspace: &str, slot: KeySlot, given: Option<&str>) -> Result<SharedKey, WorkspaceError> {
        let bytes = match given {
            Some(text) => {
                let no_key = || WorkspaceError::NoKey { min: KEY_BYTES_MIN };
                let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| no_key())?);
                if bytes.len() < KEY_BYTES_MIN {
                    return Err(no_key());
                }
                bytes
            }
            None => {
                let mut bytes = Zeroizing::new(vec![0; KEY_BYTES]);
                getrandom::fill(&mut bytes).map_err(|_| WorkspaceError::NoEntropy)?;
                bytes
            }
        };
        let key = SharedKey { slot, bytes };
        self.change(workspace, slot, Some(key.clone()))?;
        Ok(key)
    }

    /// Takes a key away; its signatures count no more. Returns whether there was one.
    ///
    /// # Errors
    /// As [`SharedKeys::set`].
    pub fn remove(&self, workspace: &str, slot: KeySlot) -> Result<bool, WorkspaceError> {
        self.change(workspace, slot, None)
    }

    fn change(&self, workspace: &str, slot: KeySlot, next: Option<SharedKey>) -> Result<bool, WorkspaceError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = self.of(workspace)?;
        let before = keys.len();
        keys.retain(|key| key.slot != slot);
        let was_there = keys.len() < before;
        keys.extend(next);
        keys.sort_by_key(|key| key.slot);
        let mut bytes = Zeroizing::new(Vec::new());
        for key in &keys {
            bytes.extend_from_slice(format!("{}\t{}\n", key.slot.name(), key.expose().as_str()).as_bytes());
        }
        let unknown = || WorkspaceError::UnknownWorkspace { name: workspace.to_string() };
        if let Some(sealer) = self.vault.workspace(workspace).ok_or_else(unknown)?.at_rest().sealer() {
            let sealed = |source| WorkspaceError::Sealed { workspace: workspace.to_string(), source };
            sealer.seal(Purpose::Signing, &object(workspace), &mut bytes).map_err(sealed)?;
        }
        file::replace(&self.path(workspace), &bytes)?;
        Ok(was_there)
    }

    /// Returns which of a workspace's keys made the HMAC-SHA256 of one of the texts. Every key and text is tried, in a time that does
    /// not tell how far any agrees.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn verify(&self, workspace: &str, texts: &[String], mac: &[u8]) -> Result<Option<KeySlot>, WorkspaceError> {
        let mut found = None;
        for key in self.of(workspace)? {
            for text in texts {
                let Ok(mut expected) = Hmac::<Sha256>::new_from_slice(&key.bytes) else { continue };
                expected.update(text.as_bytes());
                if expected.verify_slice(mac).is_ok() {
                    found = Some(key.slot);
                }
            }
        }
        Ok(found)
    }
}

/// Returns the name under which a workspace's keys are sealed.
fn object(workspace: &str) -> String {
    format!("shared-keys/{workspace}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingest::{Encryption, VaultOptions};
    use keys::{Cost, Passphrase};
    use std::os::unix::fs::PermissionsExt;
    use stdx::SystemClock;

    const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    fn vault(folder: &std::path::Path, encryption: Encryption) -> Arc<Vault> {
        let options = VaultOptions { encryption, ..VaultOptions::default() };
        let vault = Vault::open(folder, Arc::new(SystemClock), options).unwrap_or_else(|e| panic!("{e}"));
        if vault.workspace("prod").is_none() {
            vault.create_workspace("prod").unwrap_or_else(|e| panic!("{e}"));
        }
        Arc::new(vault)
    }

    fn sign(key: &SharedKey, text: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.bytes).unwrap_or_else(|e| panic!("{e}"));
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    #[test]
    fn keys_are_kept_changed_and_taken_back_and_files_of_encrypted_stores_do_not_show_them() {
        let passphrase = || Encryption::Passphrase {
            passphrase: Passphrase::new(b"long enough for a test".to_vec()).unwrap_or_else(|e| panic!("{e}")),
            cost: Cost { memory_kib: 8, passes: 1, lanes: 1 },
        };
        for is_encrypted in [false, true] {
            let encryption = || if is_encrypted { passphrase() } else { Encryption::None };
            let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
            let path = folder.path().join("shared-keys/prod");
            let (first, second) = {
                let keys = SharedKeys::new(vault(folder.path(), encryption()));
                assert!(keys.of("prod").is_ok_and(|keys| keys.is_empty()));
                assert!(matches!(keys.of("none"), Err(WorkspaceError::UnknownWorkspace { .. })));
                for bad in ["", "x", "MDEy", "not base64!"] {
                    assert!(matches!(keys.set("prod", KeySlot::Primary, Some(bad)), Err(WorkspaceError::NoKey { .. })));
                }
                let first = keys.set("prod", KeySlot::Primary, Some(KEY)).unwrap_or_else(|e| panic!("{e}"));
                (first, keys.set("prod", KeySlot::Secondary, None).unwrap_or_else(|e| panic!("{e}")))
            };
            assert_eq!(std::fs::metadata(&path).map(|file| file.permissions().mode() & 0o777).ok(), Some(0o600));
            let file = std::fs::read(&path).unwrap_or_else(|e| panic!("{e}"));
            let shows = file.windows(KEY.len()).any(|window| window == KEY.as_bytes());
            assert_eq!(shows, !is_encrypted);
            let keys = SharedKeys::new(vault(folder.path(), encryption()));
            let check = |mac: &[u8]| keys.verify("prod", &["a".to_string(), "b".to_string()], mac).ok().flatten();
            assert_eq!(check(&sign(&first, "a")), Some(KeySlot::Primary));
            assert_eq!(check(&sign(&second, "b")), Some(KeySlot::Secondary));
            assert_eq!(check(&sign(&first, "c")), None);
            assert_eq!(check(&sign(&first, "a")[1..]), None);
            assert_eq!(check(&[]), None);
            assert!(keys.remove("prod", KeySlot::Primary).is_ok_and(|was_there| was_there));
            assert_eq!((check(&sign(&first, "a")), check(&sign(&second, "a"))), (None, Some(KeySlot::Secondary)));
            assert!(!format!("{first:?}").contains("MDEy"));
        }
    }
}
