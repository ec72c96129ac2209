//! One token: what is kept of it, and its text `vdm_<id>_<secret>`.

use crate::{Principal, Role, Secret, TokenError, Workspaces};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Begins every token, so that scanners for leaked secrets know one.
const PREFIX: &str = "vdm_";
/// Random bytes of an id: 48 bits, for some thousand tokens that are told apart by it.
const ID_BYTES: usize = 6;
/// Random bytes of a secret: 256 bits cannot be guessed, so a plain digest of them is safe to keep.
const SECRET_BYTES: usize = 32;

/// SHA-256 of a token's secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretDigest(pub [u8; 32]);

impl SecretDigest {
    pub fn of(secret: &str) -> SecretDigest {
        SecretDigest(Sha256::digest(secret.as_bytes()).into())
    }

    /// Returns whether both are the same, in a time that does not tell how far they agree.
    pub fn matches(&self, other: &SecretDigest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(digest)")
    }
}

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    pub name: String,
    pub roles: Vec<Role>,
    pub workspaces: Workspaces,
    /// In ticks.
    pub created: i64,
    /// In ticks; `None` for never.
    pub expires: Option<i64>,
    pub(crate) digest: SecretDigest,
}

impl Token {
    /// Returns who comes with the token.
    pub(crate) fn principal(&self) -> Principal {
        Principal {
            id: self.id.clone(),
            name: self.name.clone(),
            roles: self.roles.clone(),
            workspaces: self.workspaces.clone(),
        }
    }
}

/// A token that was just made: the only time that its text exists here.
#[derive(Debug)]
pub struct NewToken {
    pub id: String,
    /// What clients send.
    pub text: Secret,
}

impl NewToken {
    /// Makes a token from the system's random bytes. Returns it with the digest of its secret.
    pub(crate) fn generate() -> Result<(NewToken, SecretDigest), TokenError> {
        let mut id = [0_u8; ID_BYTES];
        let mut secret = Zeroizing::new([0_u8; SECRET_BYTES]);
        getrandom::fill(&mut id).map_err(|_| TokenError::NoEntropy)?;
        getrandom::fill(secret.as_mut()).map_err(|_| TokenError::NoEntropy)?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.as_ref()));
        let digest = SecretDigest::of(&secret);
        Ok((NewToken { text: Secret::new(format!("{PREFIX}{id}_{}", secret.as_str())), id }, digest))
    }
}

/// Takes a token's text apart into its id and its secret.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    // The secret's alphabet holds `_` too, the id's does not.
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    (!id.is_empty() && !secret.is_empty()).then_some((id, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_never_shows() {
        let (token, digest) = NewToken::generate().unwrap_or_else(|error| panic!("{error}"));
        let (id, secret) = split(token.text.expose()).unwrap_or_else(|| panic!("no token"));
        assert_eq!((id, id.len()), (token.id.as_str(), 12));
        assert_eq!(secret.len(), 43);
        assert!(SecretDigest::of(secret).matches(&digest));
        assert!(!SecretDigest::of(&secret[1..]).matches(&digest));
        assert!(!format!("{token:?} {digest:?}").contains(secret));
        let (other, _) = NewToken::generate().unwrap_or_else(|error| panic!("{error}"));
        assert_ne!(other.text.expose(), token.text.expose());
    }

    #[test]
    fn secrets_may_hold_the_separator() {
        assert_eq!(split("vdm_0a_x_y-z"), Some(("0a", "x_y-z")));
        for text in ["", "vdm_", "vdm_0a", "vdm_0a_", "vdm__x", "VDM_0a_x", "0a_x"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
