//! Encryption at rest: keys in three levels, what they seal, and how it is erased by destroying them.
//!
//! ```text
//! root key                     a backend's: a file behind a passphrase, a device, a service
//!   └─ workspace key           new whenever the workspace's keys are written
//!        └─ data key           one per purpose and epoch
//!             └─ message key   one per blob or file, never stored
//! ```
//!
//! [`KeyStore`] has the keys of a store's workspaces, [`Sealer`] seals and opens a workspace's blobs and files, [`SealedKeys`] signs with
//! keys that are sealed. [`open_with_passphrase`] opens all of it. [`KeyBackend`] is where root keys come from; [`PassphraseBackend`] is the first. [`settle`] says whether a store is
//! encrypted at all. Time, randomness and files come in by traits.

mod backend;
mod cipher;
mod codec;
mod error;
mod generations;
mod memory;
mod mode;
mod open;
#[cfg(feature = "parquet")]
pub mod parquet;
mod passphrase;
mod purpose;
mod rewrap;
mod ring;
mod sealer;
mod secret;
mod signing;
mod store;
pub mod stream;

pub use backend::{BackendError, KeyBackend, RootId, WrappedKey};
pub use error::KeyError;
pub use memory::MemoryCopy;
pub use mode::{MODE_FILE, Mode, StoreId, read_mode, settle};
pub use open::{PassphraseStore, Start, open_with_passphrase};
pub use passphrase::{Cost, Passphrase, PassphraseBackend, PassphraseSource};
pub use purpose::{EpochInfo, EpochState, Purpose};
pub use rewrap::{Rewrap, RewrapSummary, Rewrapped};
pub use sealer::Sealer;
pub use secret::Key;
pub use signing::SealedKeys;
pub use store::{KeyStore, Surroundings, Unusable};
pub use stream::{SealedStream, StreamLayout, StreamSealer};
