//! Reaching witnesses and timestamp authorities over HTTP.

use std::sync::Arc;
use std::time::Duration;

use anchors::{Reply, Transport, TransportError};
use stdx::error_chain;
use tokio_rustls::rustls::crypto::ring;
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig};

/// The longest answer in bytes: a token of RFC 3161 with its certificates, or a checkpoint with signatures.
const REPLY_BYTES_MAX: u64 = 256 << 10;

/// HTTP with connections that are kept, and TLS with the certificates that the system trusts. It follows no redirects: a witness is
/// where the policy says.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    agent: Agent,
}

impl HttpTransport {
    /// Makes a transport whose requests take at most so long each.
    pub fn new(timeout: Duration) -> HttpTransport {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(timeout))
            .user_agent("vidimus")
            .build();
        HttpTransport { agent: config.into() }
    }

    fn ask(&self, request: Request<Vec<u8>>) -> Result<Reply, TransportError> {
        let response = self.agent.run(request).map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.map(str::to_string);
        let mut body = response.into_body();
        let body = body.with_config().limit(REPLY_BYTES_MAX).read_to_vec().map_err(|error| failure(&error))?;
        Ok(Reply { status, content_type, body })
    }
}

impl Transport for HttpTransport {
    fn get(&self, url: &str) -> Result<Reply, TransportError> {
        self.ask(Request::get(url).body(Vec::new()).map_err(|error| failure(&error))?)
    }

    fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Reply, TransportError> {
        let request = Request::post(url).header("content-type", content_type).body(body);
        self.ask(request.map_err(|error| failure(&error))?)
    }
}

fn failure(error: &dyn std::error::Error) -> TransportError {
    TransportError(error_chain(error))
}
