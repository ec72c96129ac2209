//! Signing with a key that is in memory.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};

use super::signature::{NoteSignature, cosigned_message};
use super::{Algorithm, KeyError, VerifierKey};

/// An Ed25519 key in memory that signs notes or cosigns checkpoints.
///
/// A key that lives in a device signs [`cosigned_message`] or the text itself, and its answer goes into a [`NoteSignature`].
pub struct Signer {
    key: SigningKey,
    verifier: VerifierKey,
}

impl Signer {
    /// Makes a log's key out of 32 random bytes.
    ///
    /// # Errors
    /// When the name is not that of a key.
    pub fn log(name: &str, secret: &[u8; 32]) -> Result<Signer, KeyError> {
        Signer::new(name, Algorithm::Ed25519, secret)
    }

    /// Makes a witness's key out of 32 random bytes, which no other key may share: a cosignature does not bind the name.
    ///
    /// # Errors
    /// When the name is not that of a key.
    pub fn witness(name: &str, secret: &[u8; 32]) -> Result<Signer, KeyError> {
        Signer::new(name, Algorithm::CosignatureV1, secret)
    }

    fn new(name: &str, algorithm: Algorithm, secret: &[u8; 32]) -> Result<Signer, KeyError> {
        let key = SigningKey::from_bytes(secret);
        let verifier = VerifierKey::new(name, algorithm, key.verifying_key().as_bytes())?;
        Ok(Signer { key, verifier })
    }

    /// Returns the public part.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a note's text; a witness states that it saw it at `time_seconds` since 1970, which a log does not sign.
    pub fn sign(&self, text: &str, time_seconds: u64) -> NoteSignature {
        let bytes = match self.verifier.algorithm() {
            Algorithm::CosignatureV1 => {
                let signature = self.key.sign(cosigned_message(text, time_seconds).as_bytes());
                [&time_seconds.to_be_bytes()[..], &signature.to_bytes()].concat()
            }
            _ => self.key.sign(text.as_bytes()).to_bytes().to_vec(),
        };
        NoteSignature { name: self.verifier.name().to_string(), id: self.verifier.id(), bytes }
    }
}

impl fmt::Debug for Signer {
    /// Shows the public part only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier).finish()
    }
}
