//! Why syslog cannot be listened to.

use crate::http::HttpError;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio_rustls::rustls;

/// Why a listener cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SyslogError {
    #[error("cannot listen on {address}")]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error("cannot count the datagrams that the kernel drops")]
    Drops(#[source] std::io::Error),
    #[error("cannot read the server's certificate")]
    Certificate(#[source] HttpError),
    #[error("cannot read {}", path.display())]
    ClientCa { path: PathBuf, source: std::io::Error },
    #[error("{} holds no certificate in PEM form", path.display())]
    NoClientCa { path: PathBuf },
    #[error("the certificates of {} cannot be used: {why}", path.display())]
    BadClientCa { path: PathBuf, why: String },
    #[error("the certificate and its key cannot be used")]
    Tls(#[source] rustls::Error),
}
