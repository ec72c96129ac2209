//! A store out of a backup, in a life of its own: its logs have the entries of before and go on under other names.
//!
//! ```text
//! example/contoso            entries 0 to n, signed under this name until the disaster, and never again
//! example/2-9f3a01bc/contoso entries 0 to n, the same tree; entry n states the loss; n + 1 and on
//! ```
//!
//! The number counts the lives, and the random digits tell two stores apart that came out of one backup: they never have logs of one name.

use std::path::Path;
use std::sync::Arc;

use keys::KeyError;
use sequencer::storage::{Disk, Storage, replace};
use sequencer::{Adopted, StoredBatch, adopt};
use stdx::{Clock, Entropy, SystemEntropy};

use crate::at_rest::StoreKeys;
use crate::error::VaultError;
use crate::vault::{Vault, VaultOptions};

/// What is there of a store that is to live again; its files are in their places.
pub struct Remains {
    /// The store's name of before.
    pub origin: String,
    /// The workspaces, each with the number of its log's entries, which are in files of entries.
    pub workspaces: Vec<(String, u64)>,
    /// Batches that are in no file of records, as they stood in the write-ahead log.
    pub batches: Vec<StoredBatch>,
}

/// Returns the name that a store has in its next life.
///
/// # Errors
/// When there are no random bytes.
pub fn next_origin(origin: &str, entropy: &dyn Entropy) -> Result<String, KeyError> {
    let (base, number) = split_origin(origin);
    let mut random = [0; 4];
    entropy.fill(&mut random).map_err(KeyError::Entropy)?;
    Ok(format!("{base}/{}-{:08x}", number.saturating_add(1), u32::from_be_bytes(random)))
}

/// Returns the name that a store has had from its first life on, and how many lives it has had.
pub fn split_origin(origin: &str) -> (&str, u64) {
    let parsed = origin.rsplit_once('/').and_then(|(base, last)| {
        let (number, digits) = last.split_once('-')?;
        let is_random = digits.len() == 8 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number: u64 = number.parse().ok().filter(|number| *number >= 2 && is_random)?;
        Some((base, number))
    });
    parsed.unwrap_or((origin, 1))
}

impl Vault {
    /// Opens a store out of what remains of one, with keys of its own that sign, and logs that begin with the entries of before.
    ///
    /// # Errors
    /// When something is missing or contradicts the rest, or cannot be written; then the folder is to be thrown away.
    pub fn reborn(
        root: &Path,
        clock: Arc<dyn Clock>,
        options: VaultOptions,
        remains: Remains,
    ) -> Result<Vault, VaultError> {
        let storage: Arc<dyn Storage> = Arc::new(Disk::open(root).map_err(VaultError::io(root))?);
        let origin = next_origin(&remains.origin, &SystemEntropy)?;
        // Encrypted data have keys; without any, none of it would open.
        let keys = StoreKeys::open(root, false, &options.encryption, clock.clone())?;
        let mut logs = Vec::new();
        for (workspace, size) in &remains.workspaces {
            let mut secret = [0; 32];
            SystemEntropy.fill(&mut secret).map_err(KeyError::Entropy)?;
            keys.create(workspace, &format!("{origin}/{workspace}"), secret)?;
            logs.push(Adopted { workspace: workspace.clone(), size: *size });
        }
        adopt(storage.clone(), &keys, options.sequencer.core.wal.clone(), &logs)?;
        drop(keys);
        let path = root.join("origin");
        replace(&*storage, "origin", format!("{origin}\n").as_bytes()).map_err(VaultError::io(path))?;
        Vault::open_with(root.to_path_buf(), clock, options, remains.batches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_life_has_a_name_of_its_own() {
        let first = "vidimus.invalid/0123456789abcdef";
        let second = next_origin(first, &SystemEntropy).expect("a name");
        let third = next_origin(&second, &SystemEntropy).expect("a name");
        let lives = [first, &second, &third].map(split_origin);
        assert_eq!(lives, [(first, 1), (first, 2), (first, 3)]);
        assert_ne!(next_origin(first, &SystemEntropy).expect("a name"), second);
        for other in ["a/1-01234567", "a/2-0123456", "a/2-0123456g", "a/x-01234567", "a"] {
            assert_eq!(split_origin(other), (other, 1));
        }
    }
}
