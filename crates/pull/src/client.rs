//! Asking a source over HTTP: what is busy or broken is asked again, bodies are bounded, and tokens stay with the host that they are
//! meant for.

use crate::error::PullError;
use crate::sign_in::SignIn;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use stdx::Rng;
use tokio_rustls::rustls::crypto::ring;
use ureq::http::{HeaderMap, Request};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

/// How long a connection may take, an answer's first byte, and all of it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(120);
const BODY_TIMEOUT: Duration = Duration::from_secs(600);
/// Bytes of an answer at most.
const BODY_BYTES_MAX: u64 = 256 << 20;
/// Times that something is asked before the round gives up.
const TRIES: u32 = 6;
/// The first and the longest wait without a word of the source.
const WAIT_MIN: Duration = Duration::from_millis(500);
const WAIT_MAX: Duration = Duration::from_secs(60);
/// The longest wait that a source may ask for within a round.
const RETRY_AFTER_MAX: u64 = 15 * 60;

/// An answer.
pub(crate) struct Answer {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// What waits; tests do not.
pub type Pause = Arc<dyn Fn(Duration) + Send + Sync>;

/// A way to one source.
pub struct Client {
    agent: ureq::Agent,
    root: Url,
    sign_in: SignIn,
    pause: Pause,
    rng: Mutex<Rng>,
}

impl Client {
    /// Makes a way to what is at `root`.
    ///
    /// # Errors
    /// The caller's: the address is none, certificates cannot be read, or a secret would travel unencrypted.
    pub fn new(root: &str, sign_in: SignIn, ca: Option<&Path>, plain_allowed: bool) -> Result<Client, PullError> {
        let root = parse_root(root, plain_allowed || sign_in.is_anonymous())?;
        if let Some(url) = sign_in.token_url() {
            parse_root(url, plain_allowed)?;
        }
        Ok(Client {
            agent: agent(ca)?,
            root,
            sign_in,
            pause: Arc::new(std::thread::sleep),
            rng: Mutex::new(Rng::from_entropy()),
        })
    }

    /// Lets something else wait.
    #[must_use]
    pub fn with_pause(self, pause: Pause) -> Client {
        Client { pause, ..self }
    }

    /// Returns an address below the root with parameters.
    pub(crate) fn url(&self, path: &str, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{path}", self.root.path().trim_end_matches('/')));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        // A plus sign is a blank in forms alone.
        let query = query.finish().replace('+', "%20");
        url.set_query((!query.is_empty()).then_some(&query));
        url
    }

    /// Reads an address that the source gave: it has to be on the root's host, as the token is meant for that.
    pub(crate) fn follow(&self, text: &str) -> Result<Url, PullError> {
        let elsewhere = || PullError::Elsewhere { url: text.to_string(), root: self.root.to_string() };
        let url = Url::parse(text).map_err(|_| elsewhere())?;
        if url.origin() == self.root.origin() { Ok(url) } else { Err(elsewhere()) }
    }

    /// Gets what is at an address and is as it should be.
    pub(crate) fn get<T>(&self, url: &Url, read: impl Fn(Answer) -> Result<T, String>) -> Result<T, PullError> {
        self.ask("GET", url, read)
    }

    /// Posts nothing to an address.
    pub(crate) fn post(&self, url: &Url) -> Result<(), PullError> {
        self.ask("POST", url, |_| Ok(()))
    }

    fn ask<T>(&self, method: &str, url: &Url, read: impl Fn(Answer) -> Result<T, String>) -> Result<T, PullError> {
        let shown = shown(url);
        let mut has_new_token = false;
        let mut tried = 0;
        loop {
            let (error, wait) = match self.once(method, url) {
                Ok((status, answer)) if (200..300).contains(&status) => match read(answer) {
                    Ok(got) => return Ok(got),
                    Err(why) => (PullError::Answer { url: shown.clone(), why }, None),
                },
                Ok((401, answer)) if !has_new_token && self.sign_in.forget() => {
                    // A token may end before its time, and another one is there for the asking.
                    has_new_token = true;
                    (refused(&shown, 401, &answer.body), Some(0))
                }
                Ok((status, answer)) if status == 429 || status == 408 || status >= 500 => {
                    (refused(&shown, status, &answer.body), retry_after(&answer.headers))
                }
                Ok((status, answer)) => return Err(refused(&shown, status, &answer.body)),
                Err(error) if error.is_temporary() => (error, None),
                Err(error) => return Err(error),
            };
            tried += 1;
            if tried >= TRIES {
                return Err(error);
            }
            if let Some(seconds) = wait.filter(|seconds| *seconds > RETRY_AFTER_MAX) {
                return Err(PullError::Busy { url: shown, seconds });
            }
            (self.pause)(wait.map_or_else(|| self.backoff(tried), Duration::from_secs));
        }
    }

    fn once(&self, method: &str, url: &Url) -> Result<(u16, Answer), PullError> {
        let unreachable = |error: ureq::Error| PullError::Unreachable { url: shown(url), source: Box::new(error) };
        let mut request = Request::builder().method(method).uri(url.as_str()).header("accept", "application/json");
        if let Some(token) = self.sign_in.token(&self.agent)? {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        let request = request.body(Vec::new()).map_err(|error| unreachable(error.into()))?;
        let response = self.agent.run(request).map_err(unreachable)?;
        let (parts, mut body) = response.into_parts();
        let body = body.with_config().limit(BODY_BYTES_MAX).read_to_vec().map_err(unreachable)?;
        Ok((parts.status.as_u16(), Answer { headers: parts.headers, body }))
    }

    /// Returns how long to wait after so many tries: twice as long each time, a random part of it.
    fn backoff(&self, tried: u32) -> Duration {
        let most = WAIT_MIN.saturating_mul(1 << tried.min(16)).min(WAIT_MAX);
        let part = self.rng.lock().unwrap_or_else(PoisonError::into_inner).next_f64();
        most.mul_f64(0.5 + part / 2.0)
    }
}

/// Reads the address of a source.
pub(crate) fn parse_root(text: &str, plain_allowed: bool) -> Result<Url, PullError> {
    let wrong = |why: &str| PullError::Url { text: without_secrets(text), why: why.to_string() };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has a user or password in it"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it is neither of http nor of https"));
    }
    let is_here = match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(wrong("it names no host")),
    };
    if url.scheme() == "http" && !plain_allowed && !is_here {
        return Err(PullError::Plain { url: without_secrets(text) });
    }
    Ok(url)
}

/// Returns an address without its parameters, which may hold signatures.
fn without_secrets(text: &str) -> String {
    text.split(['?', '#']).next().unwrap_or_default().to_string()
}

fn shown(url: &Url) -> String {
    without_secrets(url.as_str())
}

pub(crate) fn agent(ca: Option<&Path>) -> Result<ureq::Agent, PullError> {
    let roots = match ca {
        Some(path) => RootCerts::Specific(Arc::new(certificates(path)?)),
        None => RootCerts::PlatformVerifier,
    };
    let tls = TlsConfig::builder()
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(RESPONSE_TIMEOUT))
        .timeout_recv_body(Some(BODY_TIMEOUT))
        .user_agent(concat!("vidimus/", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(config.into())
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, PullError> {
    let text = std::fs::read(path).map_err(PullError::io(path))?;
    let found: Vec<Certificate<'static>> = parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    match found.is_empty() {
        true => Err(PullError::Secret { what: format!("`{}` holds no certificate in PEM form", path.display()) }),
        false => Ok(found),
    }
}

/// Returns the seconds of a `Retry-After`, which is a number of them or a date.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let until = schema::ticks::parse_datetime(text)? - schema::ticks::UNIX_EPOCH;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let until = Duration::from_nanos(u64::try_from(until).ok()?.saturating_mul(100));
    Some(until.saturating_sub(now).as_secs() + 1)
}

/// Returns what a refusal says, in the two forms that there are.
pub(crate) fn refused(url: &str, status: u16, body: &[u8]) -> PullError {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let short = |text: &serde_json::Value| -> String { text.as_str().unwrap_or_default().chars().take(500).collect() };
    let (code, message) = match answer["error"].is_object() {
        true => (short(&answer["error"]["code"]), short(&answer["error"]["message"])),
        false => (short(&answer["error"]), short(&answer["error_description"])),
    };
    PullError::Refused { url: url.to_string(), status, code, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_travels_encrypted_or_not_at_all() {
        assert!(matches!(parse_root("http://logs.example.org/", false), Err(PullError::Plain { .. })));
        for text in ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]:2", "https://logs.example.org"] {
            assert!(parse_root(text, false).is_ok(), "{text}");
        }
        assert!(parse_root("http://logs.example.org/", true).is_ok());
        let shown = parse_root("https://u:secret@h/?sig=secret", false).unwrap_err().to_string();
        assert!(shown.contains("user or password"), "{shown}");
        assert!(!parse_root("ftp://h/?sig=secret", false).unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn waits_are_as_the_source_says_or_grow() {
        let header = |text: &str| HeaderMap::from_iter([("retry-after".parse().unwrap(), text.parse().unwrap())]);
        assert_eq!(retry_after(&header("17")), Some(17));
        assert_eq!(retry_after(&header("Wed, 21 Oct 2015 07:28:00 GMT")), Some(1));
        assert_eq!(retry_after(&header("soon")), None);
        let client = Client::new("https://h", SignIn::anonymous(), None, false).unwrap();
        for (tried, most) in [(1, 1.0), (3, 4.0), (30, 60.0)] {
            let wait = client.backoff(tried).as_secs_f64();
            assert!((most / 2.0..=most).contains(&wait), "{tried}: {wait}");
        }
        assert_eq!(client.url("/a b", &[("$filter", "x ge 1")]).as_str(), "https://h/a%20b?%24filter=x%20ge%201");
        assert!(client.follow("https://h/next?x=1").is_ok());
        assert!(matches!(client.follow("https://elsewhere/next"), Err(PullError::Elsewhere { .. })));
    }
}
