//! Tokens to sign in with: from a file, which is read again when it changes hands, or from an authority, for an application's secret.

use crate::client::refused;
use crate::error::PullError;
use crate::secret::read_secret;
use auth::Secret;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long before its end a token is not used any more.
const SPARE: Duration = Duration::from_secs(120);
/// Bytes of an authority's answer at most.
const ANSWER_BYTES_MAX: u64 = 256 << 10;

/// How a source is signed in to.
pub struct SignIn {
    how: How,
    /// A token and when to ask for another one.
    token: Mutex<Option<(Secret, Instant)>>,
}

enum How {
    Anonymous,
    /// A file with a token: somebody else may renew it.
    File(PathBuf),
    Token(Secret),
    Application {
        url: String,
        id: String,
        secret: Secret,
        scope: String,
    },
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default = "an_hour")]
    expires_in: Number,
}

/// Older authorities give numbers as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

fn an_hour() -> Number {
    Number::Number(3600)
}

impl SignIn {
    /// Signs in to nothing.
    pub fn anonymous() -> SignIn {
        SignIn::of(How::Anonymous)
    }

    /// Signs in with the token that a file holds.
    pub fn file(path: PathBuf) -> SignIn {
        SignIn::of(How::File(path))
    }

    /// Signs in with a token.
    pub fn with_token(token: Secret) -> SignIn {
        SignIn::of(How::Token(token))
    }

    /// Signs in as an application, by OAuth's client credentials.
    ///
    /// # Source
    /// RFC 6749, section 4.4.
    pub fn application(token_url: String, id: String, secret: Secret, scope: String) -> SignIn {
        SignIn::of(How::Application { url: token_url, id, secret, scope })
    }

    fn of(how: How) -> SignIn {
        SignIn { how, token: Mutex::new(None) }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self.how, How::Anonymous)
    }

    /// Returns where tokens are asked for.
    pub(crate) fn token_url(&self) -> Option<&str> {
        match &self.how {
            How::Application { url, .. } => Some(url),
            _ => None,
        }
    }

    /// Returns the token to sign in with.
    pub(crate) fn token(&self, agent: &ureq::Agent) -> Result<Option<Secret>, PullError> {
        let (url, form) = match &self.how {
            How::Anonymous => return Ok(None),
            How::Token(token) => return Ok(Some(token.clone())),
            How::File(path) => return read_secret("a token", Some(path), ""),
            How::Application { url, id, secret, scope } => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs([("grant_type", "client_credentials"), ("client_id", id), ("scope", scope)]);
                form.append_pair("client_secret", secret.expose());
                (url, Secret::new(form.finish()))
            }
        };
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = token.as_ref().filter(|(_, until)| Instant::now() < *until) {
            return Ok(Some(token.clone()));
        }
        let (granted, seconds) = grant(agent, url, &form)?;
        let until = Instant::now() + Duration::from_secs(seconds).saturating_sub(SPARE);
        *token = Some((granted.clone(), until));
        Ok(Some(granted))
    }

    /// Forgets the token; returns whether another one can be had.
    pub(crate) fn forget(&self) -> bool {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
        matches!(self.how, How::File(_) | How::Application { .. })
    }
}

/// Asks an authority for a token; returns it and for how many seconds it is good.
fn grant(agent: &ureq::Agent, url: &str, form: &Secret) -> Result<(Secret, u64), PullError> {
    let unreachable = |error: ureq::Error| PullError::Unreachable { url: url.to_string(), source: Box::new(error) };
    let asked = agent.post(url).header("content-type", "application/x-www-form-urlencoded").send(form.expose());
    let response = asked.map_err(unreachable)?;
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(unreachable)?;
    if status != 200 {
        return Err(refused(url, status, &body));
    }
    // Its text is not repeated: it may hold a token.
    let wrong = || PullError::Answer { url: url.to_string(), why: "it holds no token".to_string() };
    let granted: Granted = serde_json::from_slice(&body).map_err(|_| wrong())?;
    let seconds = match granted.expires_in {
        Number::Number(seconds) => seconds,
        Number::Text(text) => text.parse().map_err(|_| wrong())?,
    };
    let is_token = !granted.access_token.is_empty() && granted.access_token.bytes().all(|byte| byte.is_ascii_graphic());
    if is_token { Ok((Secret::new(granted.access_token), seconds)) } else { Err(wrong()) }
}
