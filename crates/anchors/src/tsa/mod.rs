//! Timestamps of RFC 3161: that a checkpoint existed at a time, by somebody else's clock.
//!
//! ```text
//! checkpoint's text ─ SHA-256 ─ request ─► authority ─► response ─ verify ─► tsr/<size>.tsr, tsr/<size>.checkpoint
//! ```
//!
//! What is stamped is the text of the checkpoint, without signatures: cosignatures that come later do not spoil it, and whoever has
//! the tiles can write the text again. The response is kept as it came, so that others can verify it:
//!
//! ```text
//! sed '/^$/,$d' tsr/300.checkpoint | openssl ts -verify -in tsr/300.tsr -data /dev/stdin -CAfile authority.pem
//! ```
//!
//! [`verify`] does the same without that program. It verifies signatures by RSA (PKCS #1 v1.5, 2048 bits and more, over SHA-256, SHA-384
//! and SHA-512) and by ECDSA (P-256 and P-384, over SHA-256 and SHA-384); it does not ask whether a certificate has been revoked.

mod element;
mod request;
mod token;
mod trust;

pub use request::request;
pub use token::{Timestamp, TokenError, verify};
pub use trust::Authority;
