//! Syslog's TLS: the server's certificate, and whose certificates clients may have.
//!
//! # Source
//! RFC 5425, sections 4.2 and 5.

use super::SyslogError;
use crate::http::TlsFiles;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// What TLS is spoken with.
#[derive(Debug, Clone)]
pub struct SyslogTls {
    pub files: TlsFiles,
    /// Certificates, in PEM form, of those who sign the certificates of clients; without them clients need none.
    pub client_ca: Option<PathBuf>,
}

impl SyslogTls {
    /// Reads the files.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, SyslogError> {
        let (certificates, key) = self.files.identity().map_err(SyslogError::Certificate)?;
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(SyslogError::Tls)?;
        let config = match &self.client_ca {
            None => config.with_no_client_auth(),
            Some(path) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider).build();
                let bad = |error: rustls::server::VerifierBuilderError| SyslogError::BadClientCa {
                    path: path.clone(),
                    why: error.to_string(),
                };
                config.with_client_cert_verifier(verifier.map_err(bad)?)
            }
        };
        let config = config.with_single_cert(certificates, key).map_err(SyslogError::Tls)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn roots(path: &Path) -> Result<RootCertStore, SyslogError> {
    let failed = |source| SyslogError::ClientCa { path: path.to_path_buf(), source };
    let text = std::fs::read(path).map_err(failed)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.ok().filter(|certificates| !certificates.is_empty());
    let certificates = certificates.ok_or_else(|| SyslogError::NoClientCa { path: path.to_path_buf() })?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let bad = |error: rustls::Error| SyslogError::BadClientCa { path: path.to_path_buf(), why: error.to_string() };
        roots.add(certificate).map_err(bad)?;
    }
    Ok(roots)
}

/// Returns why a client's certificate was not taken; `None` when a handshake failed for another reason.
pub(super) fn refused_certificate(error: &std::io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match error {
        rustls::Error::NoCertificatesPresented => Some("it shows no certificate".to_string()),
        rustls::Error::InvalidCertificate(why) => Some(format!("its certificate is not valid: {why}")),
        _ => None,
    }
}
