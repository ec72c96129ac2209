//! A secret that people chose, kept so that whoever reads it has a hard time to guess: Argon2id with a salt of its own.
//!
//! ```text
//! argon2id$19456$2$1$<salt in hex>$<hash in hex>        KiB of memory, passes, lanes
//! ```
//!
//! # Source
//! RFC 9106; OWASP, "Password Storage Cheat Sheet", for the cost.

use crate::token_file::{digest_bytes, hex};
use crate::{Secret, TokenError};
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;

const SCHEME: &str = "argon2id";
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// What a new secret costs: 19 MiB, two passes, one lane.
const COST: Cost = Cost { memory_kib: 19_456, passes: 2, lanes: 1 };
/// What a file may ask for at most: a damaged one is not to stop the server.
const COST_MAX: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 16 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// What is kept of a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stretched {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
}

impl Stretched {
    /// Stretches a secret with a new salt.
    pub fn of(secret: &Secret) -> Result<Stretched, TokenError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_| TokenError::NoEntropy)?;
        Ok(Stretched { cost: COST, salt, hash: stretch(COST, &salt, secret)? })
    }

    /// Returns what no secret matches, for comparisons that are to take as long as others.
    pub fn none() -> Stretched {
        Stretched { cost: COST, salt: [0; SALT_BYTES], hash: [0; HASH_BYTES] }
    }

    /// Returns whether it was made of this secret, in a time that does not tell how far they agree.
    pub fn matches(&self, secret: &Secret) -> Result<bool, TokenError> {
        let hash = stretch(self.cost, &self.salt, secret)?;
        Ok(hash.ct_eq(&self.hash).into())
    }

    /// Returns the text of a file.
    pub fn to_text(&self) -> String {
        let Cost { memory_kib, passes, lanes } = self.cost;
        format!("{SCHEME}${memory_kib}${passes}${lanes}${}${}", hex(&self.salt), hex(&self.hash))
    }

    /// Reads the text of a file.
    pub fn of_text(text: &str) -> Option<Stretched> {
        let fields: Vec<&str> = text.split('$').collect();
        let [SCHEME, memory_kib, passes, lanes, salt, hash] = fields.as_slice() else { return None };
        let cost =
            Cost { memory_kib: memory_kib.parse().ok()?, passes: passes.parse().ok()?, lanes: lanes.parse().ok()? };
        let is_bounded = cost.memory_kib <= COST_MAX.memory_kib
            && cost.passes <= COST_MAX.passes
            && cost.lanes <= COST_MAX.lanes
            && cost.params().is_some();
        let salt: [u8; 2 * SALT_BYTES] = digest_bytes(&format!("{salt}{salt}"))?;
        let salt = salt.first_chunk::<SALT_BYTES>().copied()?;
        is_bounded.then_some(Stretched { cost, salt, hash: digest_bytes(hash)? })
    }
}

impl Cost {
    fn params(self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES)).ok()
    }
}

fn stretch(cost: Cost, salt: &[u8], secret: &Secret) -> Result<[u8; HASH_BYTES], TokenError> {
    let params = cost.params().ok_or(TokenError::Hash)?;
    let mut hash = [0; HASH_BYTES];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(secret.expose().as_bytes(), salt, &mut hash).map_err(|_| TokenError::Hash)?;
    Ok(hash)
}

impl std::fmt::Debug for Stretched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(stretched)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_and_never_shows() {
        let secret = Secret::new("correct horse".to_string());
        let kept = Stretched::of(&secret).unwrap();
        assert!(kept.matches(&secret).unwrap());
        assert!(!kept.matches(&Secret::new("correct hors".to_string())).unwrap());
        assert!(!Stretched::none().matches(&secret).unwrap());
        assert_eq!(Stretched::of_text(&kept.to_text()), Some(kept.clone()));
        assert_ne!(Stretched::of(&secret).unwrap(), kept);
        assert!(!format!("{kept:?}{}", kept.to_text()).contains("horse"));
    }

    #[test]
    fn texts_that_are_none_are_refused() {
        let good = Stretched::none().to_text();
        assert!(Stretched::of_text(&good).is_some());
        for bad in [
            String::new(),
            good.replace("argon2id", "argon2i"),
            good.replace("19456", "99999999"),
            good.replace("$2$", "$0$"),
            good.replace("$2$", "$x$"),
            good[..good.len() - 1].to_string(),
            good + "$",
        ] {
            assert_eq!(Stretched::of_text(&bad), None, "{bad}");
        }
    }
}
