//! Why nothing can be listened to.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a listener cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("cannot listen on {address}")]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error("cannot read {}", path.display())]
    TlsFile { path: PathBuf, source: std::io::Error },
    #[error("{} holds no {what} in PEM form", path.display())]
    NoPem { path: PathBuf, what: &'static str },
    #[error("the certificate and its key cannot be used")]
    Tls(#[source] tokio_rustls::rustls::Error),
}
