//! Root keys, and whatever has them: a file with a passphrase, or a device or service that never gives them out.

use std::fmt;
use std::io;

use crate::secret::Key;

/// Names a root key among all that a backend has or had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RootId(String);

impl RootId {
    /// The longest name in bytes; those of cloud services are the longest known, about 100.
    pub const BYTES_MAX: usize = 512;

    /// Makes a name of 1 to [`RootId::BYTES_MAX`] visible letters of ASCII; `None` for others.
    pub fn new(name: &str) -> Option<RootId> {
        let is_valid =
            (1..=RootId::BYTES_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        is_valid.then(|| RootId(name.to_string()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key that a root key has encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    pub root: RootId,
    pub bytes: Vec<u8>,
}

/// Something that has root keys and encrypts other keys with them.
pub trait KeyBackend: Send + Sync {
    /// Returns the root key that wraps now.
    ///
    /// # Errors
    /// When the backend cannot be asked.
    fn key_id(&self) -> Result<RootId, BackendError>;

    /// Encrypts a key with the present root key, bound to `aad`.
    ///
    /// # Errors
    /// When the backend cannot be asked or refuses.
    fn wrap(&self, aad: &[u8], key: &Key) -> Result<WrappedKey, BackendError>;

    /// Decrypts a key that the root key it names has encrypted, bound to the same `aad`.
    ///
    /// # Errors
    /// [`BackendError::UnknownRoot`] and [`BackendError::NotAuthentic`], and when the backend cannot be asked or refuses.
    fn unwrap(&self, aad: &[u8], wrapped: &WrappedKey) -> Result<Key, BackendError>;

    /// Makes a new root key and wraps with it from now on. Former ones still unwrap, until they are retired.
    ///
    /// # Errors
    /// When the backend cannot be asked or refuses; it is then unknown whether there is a new root key.
    fn rotate(&self) -> Result<RootId, BackendError>;

    /// Destroys a former root key. Asking again for one that is gone does nothing.
    ///
    /// # Errors
    /// [`BackendError::RootInUse`] for the one that wraps now, and when the backend cannot be asked or refuses.
    fn retire(&self, root: &RootId) -> Result<(), BackendError>;

    /// Returns the root keys that there are.
    ///
    /// # Errors
    /// When the backend cannot be asked.
    fn roots(&self) -> Result<Vec<RootId>, BackendError>;

    /// Tries out whether keys can be wrapped and unwrapped now.
    ///
    /// # Errors
    /// Why they cannot.
    fn health(&self) -> Result<(), BackendError>;
}

/// What can go wrong with a root key.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("cannot use `{path}`")]
    Io { path: String, source: io::Error },
    #[error("there are no random bytes")]
    Entropy(#[source] io::Error),
    /// There is no telling these apart.
    #[error("`{path}` does not open: the passphrase is wrong, or the file is damaged or another store's")]
    Locked { path: String },
    #[error("`{path}` is not a file of root keys in a form that is known")]
    NotAKeyFile { path: String },
    #[error("another process uses these root keys")]
    InUse,
    #[error("there is no root key")]
    Missing,
    #[error("there is a root key already")]
    Exists,
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    #[error("the passphrase cannot be read from {from}")]
    Passphrase { from: String, source: io::Error },
    #[error(
        "making a key of a passphrase with {memory_kib} KiB, {passes} passes and {lanes} lanes is not within bounds"
    )]
    Cost { memory_kib: u32, passes: u32, lanes: u32 },
    #[error("there is no root key `{0}`; it may have been retired")]
    UnknownRoot(RootId),
    #[error("the root key `{0}` is in use")]
    RootInUse(RootId),
    /// It was wrapped for something else or somewhere else, or is damaged.
    #[error("the key was not wrapped by `{0}` for this use")]
    NotAuthentic(RootId),
    /// A service or device does not answer, or answers with a refusal.
    #[error("the key service says: {0}")]
    Service(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_key_has_a_visible_name() {
        for name in ["a", "passphrase/00", "arn:aws:kms:eu-central-1:1:key/x"] {
            assert_eq!(RootId::new(name).map(|id| id.to_string()).as_deref(), Some(name));
        }
        for name in ["", "a b", "a\n", "ä", &"x".repeat(RootId::BYTES_MAX + 1)] {
            assert_eq!(RootId::new(name), None, "{name}");
        }
    }
}
