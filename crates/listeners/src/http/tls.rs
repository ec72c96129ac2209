//! A server's certificate and key.

use super::{HttpError, HttpVersion};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Files in PEM form.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The server's certificate, then those that lead to a root.
    pub certificates: PathBuf,
    pub key: PathBuf,
}

impl TlsFiles {
    /// Reads the files.
    pub(super) fn acceptor(&self, version: HttpVersion) -> Result<TlsAcceptor, HttpError> {
        let missing = |path: &Path, what| HttpError::NoPem { path: path.to_path_buf(), what };
        let text = read(&self.certificates)?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let certificates = certificates.ok().filter(|certificates| !certificates.is_empty());
        let certificates = certificates.ok_or_else(|| missing(&self.certificates, "certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?).map_err(|_| missing(&self.key, "private key"))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(HttpError::Tls)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(HttpError::Tls)?;
        config.alpn_protocols = match version {
            HttpVersion::One => vec![b"http/1.1".to_vec()],
            HttpVersion::Two => vec![b"h2".to_vec()],
        };
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, HttpError> {
    std::fs::read(path).map_err(|source| HttpError::TlsFile { path: path.to_path_buf(), source })
}
