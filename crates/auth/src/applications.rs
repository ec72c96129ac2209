//! The applications of an installation: registered, deleted, and signed in.

use crate::stretched::Stretched;
use crate::token_file::{self, Stamp};
use crate::tokens::check_grant;
use crate::{Application, NewToken, Role, Secret, TokenError, Tokens, Workspaces, application_file};
use schema::ticks;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use stdx::Clock;

/// How long a token of an application lasts, in ticks.
const LIFETIME: i64 = ticks::HOUR;
/// Bytes of a secret: shorter ones are guessed, and longer ones are no secrets.
const SECRET_BYTES_MIN: usize = 16;
const SECRET_BYTES_MAX: usize = 1024;

/// Applications in a file. Changes that another process makes to it count from the next sign-in on.
pub struct Applications {
    path: PathBuf,
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// The latest token of each application: who signs in again soon gets the same, and none has many.
    latest: Mutex<HashMap<String, (Secret, i64)>>,
}

/// What the file held when it was last read.
#[derive(Default)]
struct Known {
    stamp: Option<Stamp>,
    applications: Arc<Vec<Application>>,
}

/// A token for an application that has signed in.
#[derive(Debug)]
pub struct Issued {
    pub token: Secret,
    /// For how many seconds it is valid.
    pub seconds: i64,
}

/// Why an application is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Also said where there is no such application: who guesses learns nothing.
    #[error("the application or its secret is not valid")]
    Invalid,
    #[error("the application's secret has expired")]
    Expired,
    #[error("applications cannot be checked")]
    Unavailable(#[source] TokenError),
}

impl Applications {
    /// Opens a file of applications, which need not be there: then there are none. They are given tokens of `tokens`.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or others may read or write it.
    pub fn open(
        path: impl Into<PathBuf>,
        tokens: Arc<Tokens>,
        clock: Arc<dyn Clock>,
    ) -> Result<Applications, TokenError> {
        let (known, latest) = (Mutex::default(), Mutex::default());
        let applications = Applications { path: path.into(), tokens, clock, known, latest };
        applications.current()?;
        Ok(applications)
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what is kept of every application, in the order in which they were registered.
    ///
    /// # Errors
    /// As [`Applications::open`].
    pub fn list(&self) -> Result<Arc<Vec<Application>>, TokenError> {
        self.current()
    }

    /// Makes a secret that nobody guesses.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new_secret() -> Result<Secret, TokenError> {
        Ok(NewToken::generate()?.0.text)
    }

    /// Registers an application.
    ///
    /// # Errors
    /// When there is one of that id, the id is none, nothing is granted, or the file cannot be written.
    pub fn create(
        &self,
        id: &str,
        secret: &Secret,
        roles: &[Role],
        workspaces: Workspaces,
        expires: Option<i64>,
    ) -> Result<(), TokenError> {
        check_grant(id, roles, &workspaces)?;
        let bytes = secret.expose().len();
        if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes) {
            return Err(TokenError::SecretLength { min: SECRET_BYTES_MIN, max: SECRET_BYTES_MAX });
        }
        let created = self.clock.now_ticks();
        let secret = Stretched::of(secret)?;
        let application =
            Application { id: id.to_string(), roles: roles.to_vec(), workspaces, created, expires, secret };
        self.change(|applications| {
            if applications.iter().any(|known| known.id == id) {
                return Err(TokenError::ApplicationExists { id: id.to_string() });
            }
            applications.push(application);
            Ok(())
        })
    }

    /// Deletes an application, and takes its tokens back.
    ///
    /// # Errors
    /// `UnknownApplication`; when a file cannot be written.
    pub fn delete(&self, id: &str) -> Result<(), TokenError> {
        self.change(|applications| {
            let before = applications.len();
            applications.retain(|application| application.id != id);
            if applications.len() == before {
                return Err(TokenError::UnknownApplication { id: id.to_string() });
            }
            // First, and while nobody is given another: what remains when the file cannot be written is an application without tokens.
            self.tokens.withdraw(id)
        })
    }

    /// Gives a token to an application that knows its secret. Takes a while, as guessing has to: not for a thread of a runtime.
    ///
    /// # Errors
    /// When the id or the secret is wrong, or nothing can be checked.
    pub fn sign_in(&self, id: &str, secret: &Secret) -> Result<Issued, SignInError> {
        let applications = self.current().map_err(SignInError::Unavailable)?;
        let found = applications.iter().find(|application| application.id == id);
        // An id that is not there takes as long as one that is.
        let kept = found.map_or_else(Stretched::none, |application| application.secret.clone());
        let matches = kept.matches(secret).map_err(SignInError::Unavailable)?;
        let application = found.filter(|_| matches).ok_or(SignInError::Invalid)?;
        let now = self.clock.now_ticks();
        if application.expires.is_some_and(|expires| expires <= now) {
            return Err(SignInError::Expired);
        }
        match self.token_of(application, now) {
            Err(TokenError::UnknownApplication { .. }) => Err(SignInError::Invalid),
            made => made.map_err(SignInError::Unavailable),
        }
    }

    fn token_of(&self, application: &Application, now: i64) -> Result<Issued, TokenError> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = |expires: i64| (expires - now) / ticks::SECOND;
        if let Some((token, expires)) = latest.get(&application.id)
            && expires - now > LIFETIME / 2
            // It may have been taken back meanwhile.
            && self.tokens.authenticate(Some(&format!("Bearer {}", token.expose()))).is_ok()
        {
            return Ok(Issued { token: token.clone(), seconds: seconds(*expires) });
        }
        // Whoever deletes applications waits, or has done so.
        let _lock = token_file::lock(&self.path)?;
        if !self.current()?.iter().any(|known| known.id == application.id && known.created == application.created) {
            return Err(TokenError::UnknownApplication { id: application.id.clone() });
        }
        let expires = application.expires.map_or(now + LIFETIME, |expires| expires.min(now + LIFETIME));
        let made = self.tokens.issue(&application.id, &application.roles, &application.workspaces, expires)?;
        latest.retain(|_, (_, expires)| *expires > now);
        latest.insert(application.id.clone(), (made.text.clone(), expires));
        Ok(Issued { token: made.text, seconds: seconds(expires) })
    }

    /// Returns the applications as the file has them now, which is read only when it has changed.
    fn current(&self) -> Result<Arc<Vec<Application>>, TokenError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = token_file::stamp(&self.path)?;
        if stamp != known.stamp {
            // What was known is forgotten first: a file that cannot be read lets nobody in.
            *known = Known::default();
            if stamp.is_some() {
                *known = Known { stamp, applications: Arc::new(application_file::read(&self.path)?) };
            }
        }
        Ok(known.applications.clone())
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Application>) -> Result<(), TokenError>) -> Result<(), TokenError> {
        let _lock = token_file::lock(&self.path)?;
        let mut applications = self.current()?.as_ref().clone();
        change(&mut applications)?;
        application_file::write(&self.path, &applications)?;
        self.current()?;
        Ok(())
    }
}

impl std::fmt::Debug for Applications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applications").field("path", &self.path).finish_non_exhaustive()
    }
}
