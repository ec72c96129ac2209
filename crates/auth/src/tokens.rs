//! The tokens of an installation: made, revoked, and asked for at every request.

use crate::token::{SecretDigest, split};
use crate::token_file::{self, Stamp};
use crate::{AuthError, NewToken, Principal, Role, Token, TokenError, Workspaces};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use stdx::Clock;

/// Bytes of a token's or a workspace's name.
const NAME_BYTES_MAX: usize = 128;

/// Tokens at most that were issued and have not ended: whoever signs in again gets the same one for a while.
const ISSUED_MAX: usize = 10_000;

/// The tokens in a file. Changes that another process makes to it count from the next request on.
pub struct Tokens {
    clock: Arc<dyn Clock>,
    /// Those that people made.
    made: TokenFile,
    /// Those that applications were given when they signed in, which end soon; their names are those of the applications.
    issued: TokenFile,
    /// Who a request without a token comes from, if such are let in.
    anonymous: Option<Principal>,
}

/// A file of tokens, and what it held when it was last read.
struct TokenFile {
    path: PathBuf,
    known: Mutex<Known>,
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
        let path = path.into();
        let issued = TokenFile { path: token_file::beside(&path, "issued"), known: Mutex::default() };
        let made = TokenFile { path, known: Mutex::default() };
        made.current()?;
        issued.current()?;
        Ok(Tokens { clock, made, issued, anonymous: None })
    }

    /// Lets requests in that have no token, or one that is none of ours, as those of this principal. Only for servers that no other machine can reach.
    #[must_use]
    pub fn with_anonymous(self, principal: Principal) -> Tokens {
        Tokens { anonymous: Some(principal), ..self }
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.made.path
    }

    /// Returns what is kept of every token, in the order in which they were made.
    ///
    /// # Errors
    /// As [`Tokens::open`].
    pub fn list(&self) -> Result<Arc<Vec<Token>>, TokenError> {
        self.made.current()
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
        check_grant(name, roles, &workspaces)?;
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
        self.made.change(|tokens| {
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
        self.made.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| token.id != id);
            if tokens.len() == before { Err(TokenError::UnknownToken { id: id.to_string() }) } else { Ok(()) }
        })
    }

    /// Makes a token for an application that has signed in, until `expires`, in ticks.
    pub(crate) fn issue(
        &self,
        application: &str,
        roles: &[Role],
        workspaces: &Workspaces,
        expires: i64,
    ) -> Result<NewToken, TokenError> {
        let (made, digest) = NewToken::generate()?;
        let now = self.clock.now_ticks();
        let token = Token {
            id: made.id.clone(),
            name: application.to_string(),
            roles: roles.to_vec(),
            workspaces: workspaces.clone(),
            created: now,
            expires: Some(expires),
            digest,
        };
        self.issued.change(|tokens| {
            tokens.retain(|token| token.expires.is_some_and(|expires| expires > now));
            let n_over = (tokens.len() + 1).saturating_sub(ISSUED_MAX);
            tokens.drain(..n_over);
            tokens.push(token);
            Ok(())
        })?;
        Ok(made)
    }

    /// Takes back all tokens that an application was given.
    pub(crate) fn withdraw(&self, application: &str) -> Result<(), TokenError> {
        self.issued.change(|tokens| {
            tokens.retain(|token| token.name != application);
            Ok(())
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
        let made = self.made.current().map_err(AuthError::Unavailable)?;
        let issued = self.issued.current().map_err(AuthError::Unavailable)?;
        let given = SecretDigest::of(secret);
        // An id that is not there costs the same comparison as one that is.
        let of_people = made.iter().find(|token| token.id == id);
        let found = of_people.or_else(|| issued.iter().find(|token| token.id == id));
        let kept = found.map_or_else(|| SecretDigest([0; 32]), |token| token.digest.clone());
        let matches = kept.matches(&given);
        let token = found.filter(|_| matches).ok_or(AuthError::Invalid)?;
        if token.expires.is_some_and(|expires| expires <= self.clock.now_ticks()) {
            return Err(AuthError::Expired);
        }
        match of_people {
            Some(token) => Ok(token.principal()),
            // Whoever signs in as an application is the application, by whichever token.
            None => Ok(Principal { id: token.name.clone(), ..token.principal() }),
        }
    }
}

impl TokenFile {
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
        f.debug_struct("Tokens").field("path", &self.made.path).finish_non_exhaustive()
    }
}

/// Checks what somebody is to be granted.
pub(crate) fn check_grant(name: &str, roles: &[Role], workspaces: &Workspaces) -> Result<(), TokenError> {
    check_name(name)?;
    match workspaces {
        Workspaces::Named(names) if names.is_empty() => return Err(TokenError::NothingGranted),
        Workspaces::Named(names) => names.iter().try_for_each(|name| check_name(name))?,
        Workspaces::All => {}
    }
    if roles.is_empty() { Err(TokenError::NothingGranted) } else { Ok(()) }
}

/// Checks a name that is to stand in a field of the file.
fn check_name(name: &str) -> Result<(), TokenError> {
    let bad = name.trim().is_empty()
        || name.len() > NAME_BYTES_MAX
        || name == "*"
        || name.chars().any(|c| c.is_control() || c == ',');
    if bad { Err(TokenError::BadName { name: name.to_string(), max: NAME_BYTES_MAX }) } else { Ok(()) }
}
