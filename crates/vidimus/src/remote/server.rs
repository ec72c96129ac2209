//! A server, a question to it, and the answer as it comes.

use super::frames::{self, Event};
use super::refusal::Refusal;
use crate::show::Piece;
use anyhow::{Context, bail};
use auth::Secret;
use encode::Visualization;
use schema::ticks;
use serde_json::json;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use stdx::Cancel;
use tokio_rustls::rustls::crypto::ring;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Name of the environment's variable that holds a token.
const TOKEN_VARIABLE: &str = "VIDIMUS_TOKEN";
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the answer of one of the store's endpoints.
const ANSWER_BYTES_MAX: u64 = 4 << 30;
/// Events that may wait to be shown.
const WAITING_EVENTS: usize = 2;
/// How often a wait looks whether it should end.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Returns the token to sign in with; none for `is_anonymous`.
pub fn token(file: Option<&Path>, is_anonymous: bool) -> anyhow::Result<Option<Secret>> {
    if is_anonymous {
        return Ok(None);
    }
    let text = match file {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => std::env::var(TOKEN_VARIABLE).with_context(|| {
            format!("no token: give its file by --token-file, set {TOKEN_VARIABLE}, or say --anonymous")
        })?,
    };
    let token = Secret::new(text.trim().to_string());
    if token.expose().is_empty() || !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("what was given as a token is none");
    }
    Ok(Some(token))
}

/// What a server answered.
pub struct Called {
    pub status: u16,
    /// Seconds.
    pub retry_after: Option<u64>,
    /// How many records are in the quarantine, as the answer's header says.
    pub rejected: u64,
    pub body: Vec<u8>,
}

impl Called {
    /// Returns the body of an answer that is not a refusal.
    ///
    /// # Errors
    /// What the server says is wrong.
    pub fn accepted(self) -> anyhow::Result<Vec<u8>> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let answer: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let of = |answer: &'_ serde_json::Value| {
            // The event collector has answers of its own.
            let texts = [&answer["error"]["message"], &answer["detail"], &answer["text"]];
            texts.iter().find_map(|text| text.as_str()).map(str::to_string)
        };
        let message = answer.as_ref().and_then(of);
        match message {
            Some(message) => bail!("the server refuses: {message}"),
            None => bail!("the server refuses with the status {}", self.status),
        }
    }
}

/// A server to ask.
pub struct Server {
    pub url: String,
    /// `None` for a server that lets every program of this machine in.
    pub token: Option<Secret>,
    /// Certificates that the server's may lead to; the system's when `None`.
    pub ca: Option<PathBuf>,
    /// Whether the token may travel unencrypted to other machines.
    pub plain_allowed: bool,
}

/// A query and what goes with it.
pub struct Question {
    /// The server's own choice when `None`.
    pub database: Option<String>,
    pub query: String,
    pub parameters: Vec<(String, String)>,
    pub timeout: Duration,
    /// What `now()` gives, in ticks.
    pub now: Option<i64>,
    /// Whether all rows are wanted, however many there are.
    pub is_whole: bool,
}

/// A result on its way.
pub struct Answer {
    pub visualization: Option<Visualization>,
    /// Came before its turn, with the visualization.
    first: Option<Event>,
    events: Receiver<Result<Event, Refusal>>,
    cancel: Cancel,
    ended: bool,
}

impl Server {
    /// Asks, and waits until the server begins to answer.
    pub fn ask(&self, question: Question, cancel: &Cancel) -> Result<Answer, Refusal> {
        let (agent, url) = (self.agent()?, self.query_url()?);
        let token = self.token.clone();
        let (sender, events) = sync_channel(WAITING_EVENTS);
        let work = move || exchange(&agent, &url, token.as_ref(), &question, &sender);
        std::thread::Builder::new().name("answer".to_string()).spawn(work).context("cannot start a thread")?;
        let mut answer = Answer { visualization: None, first: None, events, cancel: cancel.clone(), ended: false };
        match answer.event()? {
            Event::Visualization(visualization) => answer.visualization = Some(visualization),
            other => answer.first = Some(other),
        }
        Ok(answer)
    }

    /// Sends a request to one of the store's endpoints, with headers of its own, and returns its answer, however it turned out.
    ///
    /// # Errors
    /// When the server cannot be reached, or the answer not be read.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> anyhow::Result<Called> {
        let url = self.address(path)?;
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(&url)
            .header("Content-Type", "application/json")
            .header("x-ms-app", "vidimus");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token.expose()));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).with_context(|| format!("cannot ask {url}"))?;
        let response = self.agent()?.run(request).with_context(|| format!("cannot ask {url}"))?;
        let status = response.status().as_u16();
        let number = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()?.parse().ok());
        let (retry_after, rejected) = (number("retry-after"), number("vidimus-rejected").unwrap_or(0));
        let mut body = response.into_body();
        let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.with_context(|| format!("the answer of {url} cannot be read"))?;
        Ok(Called { status, retry_after, rejected, body })
    }

    fn query_url(&self) -> anyhow::Result<String> {
        self.address("/v2/rest/query")
    }

    fn address(&self, path: &str) -> anyhow::Result<String> {
        let url: Uri = self.url.parse().with_context(|| format!("`{}` is no URL", self.url))?;
        let host = url.host().with_context(|| format!("`{}` names no server", self.url))?;
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if self.plain_allowed || is_this_machine(host) => {}
            Some("http") => bail!(
                "`{}` would carry the token unencrypted: use https, or allow it by --insecure-plain-http",
                self.url
            ),
            _ => bail!("`{}` is no URL of http or https", self.url),
        }
        Ok(format!("{}{path}", self.url.trim_end_matches('/')))
    }

    fn agent(&self) -> anyhow::Result<ureq::Agent> {
        let roots = match &self.ca {
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
            // A token goes to the server that it was meant for and to no other.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("vidimus/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(config.into())
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn certificates(path: &Path) -> anyhow::Result<Vec<Certificate<'static>>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut found = Vec::new();
    for item in parse_pem(&text) {
        if let Ok(PemItem::Certificate(certificate)) = item {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        bail!("{} holds no certificate in PEM form", path.display());
    }
    Ok(found)
}

/// Sends a question and hands on what comes.
fn exchange(
    agent: &ureq::Agent,
    url: &str,
    token: Option<&Secret>,
    question: &Question,
    sender: &SyncSender<Result<Event, Refusal>>,
) {
    if let Err(refusal) = try_exchange(agent, url, token, question, sender) {
        // Whoever waited may be gone.
        let _ = sender.send(Err(refusal));
    }
}

fn try_exchange(
    agent: &ureq::Agent,
    url: &str,
    token: Option<&Secret>,
    question: &Question,
    sender: &SyncSender<Result<Event, Refusal>>,
) -> Result<(), Refusal> {
    let mut request = agent.post(url);
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {}", token.expose()));
    }
    let response = request
        .header("Content-Type", "application/json")
        .header("Accept", "application/json")
        .header("x-ms-app", "vidimus")
        .send(question.to_json())
        .with_context(|| format!("cannot ask {url}"))?;
    let status = response.status().as_u16();
    let mut body = response.into_body();
    if status != 200 {
        let text = body.with_config().limit(REFUSAL_BYTES_MAX).read_to_string().unwrap_or_default();
        return Err(Refusal::of_answer(status, &text));
    }
    let reader = BufReader::new(body.into_with_config().limit(u64::MAX).reader());
    let read = frames::read(reader, &mut |event| sender.send(Ok(event)).is_ok());
    read.map_err(|error| Refusal::Failed(anyhow::anyhow!("the server's answer cannot be read: {error}")))
}

impl Question {
    fn to_json(&self) -> String {
        let parameters: serde_json::Map<_, _> =
            self.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let ticks = i64::try_from(self.timeout.as_nanos() / 100).unwrap_or(i64::MAX);
        let mut options = json!({ "servertimeout": ticks::timespan_text(ticks) });
        if let Some(now) = self.now {
            options["query_now"] = json!(ticks::datetime_text(now));
        }
        if self.is_whole {
            options["notruncation"] = json!(true);
        }
        let properties = json!({ "Options": options, "Parameters": parameters });
        let mut body = json!({ "csl": self.query, "properties": properties });
        if let Some(database) = &self.database {
            body["db"] = json!(database);
        }
        body.to_string()
    }
}

impl Answer {
    /// Waits for what comes next.
    fn event(&mut self) -> Result<Event, Refusal> {
        if let Some(event) = self.first.take() {
            return Ok(event);
        }
        loop {
            match self.events.recv_timeout(LOOK_EVERY) {
                Ok(event) => return event,
                Err(RecvTimeoutError::Timeout) if self.cancel.is_cancelled() => {
                    return Err(Refusal::Failed(anyhow::anyhow!("the query was cancelled")));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Refusal::Failed(anyhow::anyhow!("internal error: the answer's thread ended")));
                }
            }
        }
    }
}

impl Iterator for Answer {
    type Item = anyhow::Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let piece = match self.event() {
                // One that comes late has nothing to draw any more.
                Ok(Event::Visualization(_)) => continue,
                Ok(Event::Piece(piece)) => return Some(Ok(piece)),
                Ok(Event::End) => None,
                Ok(Event::Failed(text)) => Some(Err(anyhow::anyhow!(text))),
                Err(Refusal::Failed(error)) => Some(Err(error)),
                Err(Refusal::Wrong(_)) => Some(Err(anyhow::anyhow!("the query is wrong"))),
            };
            self.ended = true;
            return piece;
        }
        None
    }
}
