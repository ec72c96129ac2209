//! A store that is killed: what is sent to it, the process that dies, and an oracle that remembers what was promised.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod child;
pub mod oracle;
#[cfg(target_os = "linux")]
pub mod power;
pub mod sending;

/// Returns an encryption whose tries cost nothing.
pub fn encrypted() -> ingest::Encryption {
    let passphrase = keys::Passphrase::new(b"six words".to_vec()).expect("a passphrase");
    ingest::Encryption::Passphrase { passphrase, cost: keys::Cost { memory_kib: 8, passes: 1, lanes: 1 } }
}
