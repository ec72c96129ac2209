//! What seals and opens a workspace's data.
//!
//! ```text
//! magic VIDIMUSB | version u8 | purpose u8 | epoch u64 | salt 32 | ciphertext | tag 16
//! ```
//!
//! Each blob has a key of its own, made of the epoch's data key and the salt, and bound to the store, workspace, purpose, epoch
//! and the object's name, which are authenticated as well: a blob opens where it was written, as what it was written, and nowhere else.

use std::sync::Arc;

use stdx::Entropy;

use crate::KeyError;
use crate::cipher::{MessageCipher, SALT_BYTES, Salt, TAG_BYTES, random_salt};
use crate::codec::{Decoder, context};
use crate::mode::StoreId;
use crate::purpose::Purpose;
use crate::secret::Key;
use crate::store::Workspace;

const MAGIC: &[u8; 8] = b"VIDIMUSB";
const VERSION: u8 = 1;
/// What stands before the ciphertext.
const HEADER_BYTES: usize = 8 + 1 + 1 + 8 + SALT_BYTES;

/// Seals and opens a workspace's data. Clones share the keys: an epoch that is destroyed is so for all of them.
#[derive(Clone)]
pub struct Sealer {
    store: StoreId,
    workspace: Arc<Workspace>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Sealer {
    /// How many bytes longer a sealed blob is.
    pub const OVERHEAD_BYTES: usize = HEADER_BYTES + TAG_BYTES;

    pub(crate) fn new(store: StoreId, workspace: Arc<Workspace>, entropy: Arc<dyn Entropy>) -> Sealer {
        Sealer { store, workspace, entropy }
    }

    /// Returns the workspace's name.
    pub fn workspace(&self) -> &str {
        &self.workspace.name
    }

    /// Encrypts `bytes` in place in the current epoch. `object` names what it is, such as a path: opening needs the same name.
    ///
    /// # Errors
    /// [`KeyError::TooLarge`], [`KeyError::EpochDestroyed`] when the workspace has left, and when there are no random bytes. `bytes` are
    /// as they were then.
    pub fn seal(&self, purpose: Purpose, object: &str, bytes: &mut Vec<u8>) -> Result<(), KeyError> {
        let (epoch, key) = self.workspace.current_key(purpose)?;
        let salt = random_salt(self.entropy.as_ref())?;
        let context = self.context("vidimus blob v1", purpose, epoch, object);
        let too_large = KeyError::TooLarge { bytes: bytes.len() as u64 };
        let tag = MessageCipher::new(&key, &salt, &context).seal(&[0; 12], &context, bytes).ok_or(too_large)?;
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(MAGIC);
        header.extend([VERSION, purpose.code()]);
        header.extend(epoch.to_be_bytes());
        header.extend_from_slice(&salt);
        bytes.reserve_exact(HEADER_BYTES + TAG_BYTES);
        bytes.splice(0..0, header);
        bytes.extend_from_slice(&tag);
        Ok(())
    }

    /// Decrypts a blob in place.
    ///
    /// # Errors
    /// [`KeyError::NotSealed`], [`KeyError::NotAuthentic`], [`KeyError::NoEpoch`] and [`KeyError::EpochDestroyed`]. `bytes` are as they
    /// were then.
    pub fn open(&self, purpose: Purpose, object: &str, bytes: &mut Vec<u8>) -> Result<(), KeyError> {
        let not_sealed = || KeyError::NotSealed { object: object.to_string() };
        let not_authentic = || KeyError::NotAuthentic { object: object.to_string() };
        let (header, rest) = bytes.split_at_mut_checked(HEADER_BYTES).ok_or_else(not_sealed)?;
        let (found, epoch, salt) = parse_header(header).ok_or_else(not_sealed)?;
        if found != purpose {
            return Err(not_authentic());
        }
        let key = self.workspace.key(purpose, epoch)?;
        let context = self.context("vidimus blob v1", purpose, epoch, object);
        let (contents, tag) = rest.split_last_chunk_mut::<TAG_BYTES>().ok_or_else(not_authentic)?;
        let cipher = MessageCipher::new(&key, &salt, &context);
        cipher.open(&[0; 12], &context, contents, tag).ok_or_else(not_authentic)?;
        bytes.truncate(bytes.len() - TAG_BYTES);
        bytes.drain(..HEADER_BYTES);
        Ok(())
    }

    /// Returns the epoch in which a blob was sealed, as it says itself.
    ///
    /// # Errors
    /// [`KeyError::NotSealed`].
    pub fn epoch_of(object: &str, bytes: &[u8]) -> Result<(Purpose, u64), KeyError> {
        let parsed = bytes.get(..HEADER_BYTES).and_then(parse_header);
        let (purpose, epoch, _) = parsed.ok_or_else(|| KeyError::NotSealed { object: object.to_string() })?;
        Ok((purpose, epoch))
    }

    pub(crate) fn current_key(&self, purpose: Purpose) -> Result<(u64, Key), KeyError> {
        self.workspace.current_key(purpose)
    }

    pub(crate) fn key(&self, purpose: Purpose, epoch: u64) -> Result<Key, KeyError> {
        self.workspace.key(purpose, epoch)
    }

    /// Returns what a sealed thing is bound to.
    pub(crate) fn context(&self, label: &str, purpose: Purpose, epoch: u64, object: &str) -> Vec<u8> {
        let (workspace, purpose) = (self.workspace.name.as_bytes(), purpose.name().as_bytes());
        context(label, &[&self.store.0, workspace, purpose, &epoch.to_be_bytes(), object.as_bytes()])
    }
}

fn parse_header(header: &[u8]) -> Option<(Purpose, u64, Salt)> {
    let mut decoder = Decoder(header);
    if decoder.take(8)? != MAGIC || decoder.u8()? != VERSION {
        return None;
    }
    Some((Purpose::from_code(decoder.u8()?)?, decoder.u64()?, decoder.array()?))
}
