//! One signature line and what it takes to believe it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;

use super::key::{Algorithm, VerifierKey, is_key_name};

/// A signature line: `— <key name> <base 64 of key id and signature>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    pub name: String,
    pub id: u32,
    pub bytes: Vec<u8>,
}

/// What a valid signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The key signed the text.
    Signed,
    /// A witness saw the checkpoint at this time, in seconds since 1970.
    SeenAt(u64),
}

impl NoteSignature {
    /// Reads a line without its end.
    pub fn parse(line: &str) -> Option<NoteSignature> {
        let (name, base64) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = STANDARD.decode(base64).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        let is_signature = is_key_name(name) && !signature.is_empty();
        is_signature.then(|| NoteSignature {
            name: name.to_string(),
            id: u32::from_be_bytes(*id),
            bytes: signature.to_vec(),
        })
    }

    /// Returns the line without its end.
    pub fn line(&self) -> String {
        let bytes = [&self.id.to_be_bytes()[..], &self.bytes].concat();
        format!("\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }

    /// Returns whether the line claims to be by a key.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }

    /// Verifies the signature over a note's text; `None` if it is not by the key, not valid, or of an algorithm that is not
    /// verified here.
    pub fn verify(&self, text: &str, key: &VerifierKey) -> Option<Verified> {
        let point = key.point().filter(|_| self.is_by(key))?;
        let verifies = |message: &[u8], signature: &[u8]| {
            let signature = Signature::from_slice(signature).ok()?;
            point.verify_strict(message, &signature).ok()
        };
        match key.algorithm() {
            Algorithm::Ed25519 => verifies(text.as_bytes(), &self.bytes).map(|()| Verified::Signed),
            Algorithm::CosignatureV1 => {
                let (time, signature) = self.bytes.split_first_chunk::<8>()?;
                let time = u64::from_be_bytes(*time);
                // A time that has no date is not one that a witness could have read from its clock.
                crate::time::seconds_text(time)?;
                verifies(cosigned_message(text, time).as_bytes(), signature).map(|()| Verified::SeenAt(time))
            }
            Algorithm::Other(_) => None,
        }
    }
}

/// Returns the message that a witness signs: a header, the time in seconds since 1970, the checkpoint's text.
///
/// # Source
/// C2SP tlog-cosignature, "Ed25519 signed message".
pub fn cosigned_message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}
