//! Reaching witnesses and timestamp authorities over HTTP.

use std::io::Read;
use std::time::Duration;

use anchors::{Reply, Transport, TransportError};
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;

/// The longest answer in bytes: a token of RFC 3161 with its certificates, or a checkpoint with signatures.
const REPLY_BYTES_MAX: u64 = 256 << 10;

/// HTTP with connections that are kept, and TLS with the certificates that the system trusts. It follows no redirects: a witness is
/// where the policy says.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: Client,
}

impl HttpTransport {
    /// Makes a transport whose requests take at most so long each. Not to be made or dropped by a task: it has a thread of its own.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(timeout: Duration) -> Result<HttpTransport, TransportError> {
        let client = Client::builder().timeout(timeout).connect_timeout(timeout).redirect(Policy::none()).build();
        client.map(|client| HttpTransport { client }).map_err(|error| failure(&error))
    }

    fn ask(&self, request: RequestBuilder) -> Result<Reply, TransportError> {
        let response = request.send().map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.map(str::to_string);
        let mut body = Vec::new();
        response.take(REPLY_BYTES_MAX + 1).read_to_end(&mut body).map_err(|error| failure(&error))?;
        if body.len() as u64 > REPLY_BYTES_MAX {
            return Err(TransportError(format!("the answer is longer than {REPLY_BYTES_MAX} bytes")));
        }
        Ok(Reply { status, content_type, body })
    }
}

impl Transport for HttpTransport {
    fn get(&self, url: &str) -> Result<Reply, TransportError> {
        self.ask(self.client.get(url))
    }

    fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Reply, TransportError> {
        self.ask(self.client.post(url).header(CONTENT_TYPE, content_type).body(body))
    }
}

fn failure(error: &dyn std::error::Error) -> TransportError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    TransportError(text)
}
