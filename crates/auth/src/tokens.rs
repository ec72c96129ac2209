//! The tokens of an installation: made, revoked, and asked for at every request.

use crate::token::{SecretDigest, split};
use crate::token_file::{self, Stamp};
use crate::{AuthError, NewToken, Principal, Role, Token, TokenError, Workspaces};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use stdx::Clock;

/// Bytes of a token's or a workspace's name.
const NAME_BYTES_MAX: usize = 128;

/// The tokens in a file. Changes that another process makes to it count from the next request on.
pub struct Tokens {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// Who a request without a token comes from, if such are let in.
    anonymous: Option<Principal>,
}

/// What the file held when it was last read.
#[derive(Default)]
struct Known {
    stamp: Option<Stamp>,
    tokens: Arc<Vec<Token>>,
}

impl Tokens {
    /// Opens a file of tokens, which need not be there: then there are none.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or others may read or write it.
    pub fn open(path: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Result<Tokens, TokenError> {
        let tokens = Tokens { path: path.into(), clock, known: Mutex::default(), anonymous: None };
        tokens.current()?;
        Ok(tokens)
    }

    /// Lets requests in that have no token, or one that is none of ours, as those of this principal. Only for servers that no other machine can reach.
    #[must_use]
    pub fn with_anonymous(self, principal: Principal) -> Tokens {
        Tokens { anonymous: Some(principal), ..self }
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what is kept of every token, in the order in which they were made.
    ///
    /// # Errors
    /// As [`Tokens::open`].
    pub fn list(&self) -> Result<Arc<Vec<Token>>, TokenError> {
        self.current()
    }

    /// Makes a token. Its text is in what this returns and nowhere else.
    ///
    /// # Errors
    /// When a name is none, nothing is granted, or the file cannot be written.
    pub fn create(
        &self,
        name: &str,
        roles: &[Role],
        workspaces: Workspaces,
        expires: Option<i64>,
    ) -> Result<NewToken, TokenError> {
        check_name(name)?;
        match &workspaces {
            Workspaces::Named(names) if names.is_empty() => return Err(TokenError::NothingGranted),
            Workspaces::Named(names) => names.iter().try_for_each(|name| check_name(name))?,
            Workspaces::All => {}
        }
        if roles.is_empty() {
            return Err(TokenError::NothingGranted);
        }
        let (made, digest) = NewToken::generate()?;
        let token = Token {
            id: made.id.clone(),
            name: name.to_string(),
            roles: roles.to_vec(),
            workspaces,
            created: self.clock.now_ticks(),
            expires,
            digest,
        };
        self.change(|tokens| {
            tokens.push(token);
            Ok(())
        })?;
        Ok(made)
    }

    /// Takes a token back: nobody is let in by it from now on.
    ///
    /// # Errors
    /// `UnknownToken`; when the file cannot be written.
    pub fn revoke(&self, id: &str) -> Result<(), TokenError> {
        self.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| token.id != id);
            if tokens.len() == before { Err(TokenError::UnknownToken { id: id.to_string() }) } else { Ok(()) }
        })
    }

    /// Returns who sends a request, by its `Authorization` header.
    ///
    /// # Errors
    /// When there is no token, it is not valid, or it cannot be checked.
    pub fn authenticate(&self, header: Option<&str>) -> Result<Principal, AuthError> {
        if let (None, Some(anonymous)) = (header, &self.anonymous) {
            return Ok(anonymous.clone());
        }
        let header = header.ok_or(AuthError::Missing)?;
        let (scheme, text) = header.trim().split_once(' ').ok_or(AuthError::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(AuthError::Missing);
        }
        let (id, secret) = match (split(text.trim()), &self.anonymous) {
            (Some(parts), _) => parts,
            // Clients that insist on a token send any.
            (None, Some(anonymous)) => return Ok(anonymous.clone()),
            (None, None) => return Err(AuthError::Invalid),
        };
        let tokens = self.current().map_err(AuthError::Unavailable)?;
        let given = SecretDigest::of(secret);
        // An id that is not there costs the same comparison as one that is.
        let found = tokens.iter().find(|token| token.id == id);
        let kept = found.map_or_else(|| SecretDigest([0; 32]), |token| token.digest.clone());
        let matches = kept.matches(&given);
        let token = found.filter(|_| matches).ok_or(AuthError::Invalid)?;
        if token.expires.is_some_and(|expires| expires <= self.clock.now_ticks()) {
            return Err(AuthError::Expired);
        }
        Ok(token.principal())
    }

    /// Returns the tokens as the file has them now, which is read only when it has changed.
    fn current(&self) -> Result<Arc<Vec<Token>>, TokenError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = token_file::stamp(&self.path)?;
        if stamp != known.stamp {
            // What was known is forgotten first: a file that cannot be read lets nobody in.
            *known = Known::default();
            if stamp.is_some() {
                *known = Known { stamp, tokens: Arc::new(token_file::read(&self.path)?) };
            }
        }
        Ok(known.tokens.clone())
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Token>) -> Result<(), TokenError>) -> Result<(), TokenError> {
        let _lock = token_file::lock(&self.path)?;
        let mut tokens = self.current()?.as_ref().clone();
        change(&mut tokens)?;
        token_file::write(&self.path, &tokens)?;
        self.current()?;
        Ok(())
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Checks a name that is to stand in a field of the file.
fn check_name(name: &str) -> Result<(), TokenError> {
    let bad = name.trim().is_empty()
        || name.len() > NAME_BYTES_MAX
        || name == "*"
        || name.chars().any(|c| c.is_control() || c == ',');
    if bad { Err(TokenError::BadName { name: name.to_string(), max: NAME_BYTES_MAX }) } else { Ok(()) }
}
