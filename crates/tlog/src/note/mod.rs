//! Signed notes, their keys, and the cosignatures of witnesses.
//!
//! Follows C2SP signed-note and tlog-cosignature. Ed25519 is what we sign and verify with; keys of other algorithms are read,
//! kept and named, and what they signed counts as not verified.

mod key;
mod signature;
mod signed;
mod signer;

pub use key::{Algorithm, KeyError, VerifierKey};
pub use signature::{NoteSignature, Verified, cosigned_message};
pub use signed::SignedNote;
pub use signer::Signer;
