//! What programs know a workspace by, beside its name: its id, which is a guid, its resource id, and the keys by which records for it
//! are signed.
//!
//! ```text
//! "prod" | "6f3c1072-..." | "/subscriptions/.../workspaces/prod" ─ Directory::find ─► prod
//! SharedKey 6f3c1072-...:<HMAC of the request> ─ SharedKeys::verify ─► whether it is one of the workspace's keys
//! ```
//!
//! An id follows from the store and the name, so that it needs no keeping, unless one was given: scripts come with theirs. Given ids are
//! kept in the file `workspace-ids`, keys in `shared-keys/<workspace>`, sealed where the store is encrypted.

mod directory;
mod error;
mod file;
mod shared_keys;

pub use directory::{Directory, resource_name};
pub use error::WorkspaceError;
pub use shared_keys::{KEY_BYTES_MIN, KeySlot, SharedKey, SharedKeys};
