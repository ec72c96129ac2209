//! A connection to a broker: encrypted unless that was left out, signed in, and every answer bounded in time and bytes.

use super::messages::{self, API_VERSIONS, FETCH, FETCH_VERSIONS, SASL_AUTHENTICATE, SASL_HANDSHAKE, error_name};
use super::sasl::{Login, Mechanism, Scram, plain};
use super::wire::{Broken, Reader, Writer};
use crate::error::PullError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_platform_verifier::BuilderVerifierExt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stdx::{Entropy, SystemEntropy};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// How long a connection may take, and an answer to be silent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of an answer at most: one batch is given whole, however large it is.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// What we are called.
const CLIENT: &str = "vidimus";

/// How brokers are reached.
#[derive(Clone)]
pub(super) struct Way {
    /// Unencrypted when `None`.
    pub tls: Option<Arc<ClientConfig>>,
    pub login: Option<Login>,
}

/// Reads how to encrypt: by the system's certificates, or those of a file.
pub(super) fn tls(ca: Option<&Path>) -> Result<Arc<ClientConfig>, PullError> {
    let wrong = |what: String| PullError::Secret { what };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| wrong(error.to_string()))?;
    let Some(path) = ca else {
        let builder = builder.with_platform_verifier().map_err(|error| wrong(error.to_string()))?;
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let text = std::fs::read(path).map_err(PullError::io(path))?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&text).filter_map(Result::ok));
    match roots.is_empty() {
        true => Err(wrong(format!("`{}` holds no certificate in PEM form", path.display()))),
        false => Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())),
    }
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A connection.
pub(super) struct Broker {
    address: String,
    stream: Box<dyn Stream>,
    n_requests: i32,
    pub fetch_version: i16,
}

impl Broker {
    /// Connects and signs in.
    pub fn connect(host: &str, port: u16, way: &Way) -> Result<Broker, PullError> {
        let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let failed = |source: io::Error| PullError::Broker { broker: address.clone(), source };
        let stream = dial(host, port).map_err(failed)?;
        let stream: Box<dyn Stream> = match &way.tls {
            None => Box::new(stream),
            Some(config) => {
                let name = ServerName::try_from(host.to_string()).map_err(|error| failed(io::Error::other(error)))?;
                let tls = ClientConnection::new(config.clone(), name);
                Box::new(StreamOwned::new(tls.map_err(|error| failed(io::Error::other(error)))?, stream))
            }
        };
        let mut broker = Broker { address, stream, n_requests: 0, fetch_version: 0 };
        broker.agree()?;
        if let Some(login) = &way.login {
            broker.sign_in(login)?;
        }
        Ok(broker)
    }

    /// Sends a request and returns its answer.
    pub fn ask(&mut self, key: i16, version: i16, body: &[u8]) -> Result<Vec<u8>, PullError> {
        self.n_requests = self.n_requests.wrapping_add(1);
        let mut writer = Writer::default();
        writer.i16(key);
        writer.i16(version);
        writer.i32(self.n_requests);
        writer.text(CLIENT);
        let mut request = i32::try_from(writer.0.len() + body.len()).unwrap_or(i32::MAX).to_be_bytes().to_vec();
        request.extend(writer.0);
        request.extend(body);
        let answered = self.exchange(&request);
        let answer = answered.map_err(|source| PullError::Broker { broker: self.address.clone(), source })?;
        let mut reader = Reader(&answer);
        match reader.i32() {
            Ok(n) if n == self.n_requests => Ok(reader.0.to_vec()),
            _ => Err(self.broken(Broken)),
        }
    }

    /// Returns what tells that an answer is none.
    pub fn broken(&self, error: Broken) -> PullError {
        PullError::Answer { url: self.address.clone(), why: error.to_string() }
    }

    /// Returns what tells that the broker refuses something.
    pub fn refused(&self, what: &str, code: i16) -> PullError {
        let is_temporary = matches!(code, 5..=9 | 56 | 74 | 75 | 78) || code == messages::UNKNOWN_TOPIC;
        PullError::BrokerRefuses {
            broker: self.address.clone(),
            what: what.to_string(),
            why: error_name(code),
            is_temporary,
        }
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.stream.write_all(request)?;
        self.stream.flush()?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let n = usize::try_from(i32::from_be_bytes(length)).ok().filter(|n| *n <= ANSWER_BYTES_MAX);
        let n = n.ok_or_else(|| io::Error::other(format!("its answer has more than {ANSWER_BYTES_MAX} bytes")))?;
        // Room comes as bytes do: who announces many need not send them.
        let mut answer = Vec::new();
        let n_read = (&mut self.stream).take(n as u64).read_to_end(&mut answer)?;
        if n_read < n { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
    }

    /// Finds the versions that both know.
    fn agree(&mut self) -> Result<(), PullError> {
        let answer = self.ask(API_VERSIONS, 0, &[])?;
        let (error, versions) = messages::read_versions(&answer).map_err(|error| self.broken(error))?;
        if error != 0 {
            return Err(self.refused("to say what it speaks", error));
        }
        let of_fetch = versions.iter().find(|(key, ..)| *key == FETCH).map_or((0, 0), |(_, min, max)| (*min, *max));
        let common = FETCH_VERSIONS.into_iter().find(|version| (of_fetch.0..=of_fetch.1).contains(version));
        self.fetch_version = common.ok_or_else(|| self.refused("records as we ask for them", 35))?;
        Ok(())
    }

    fn sign_in(&mut self, login: &Login) -> Result<(), PullError> {
        let answer = self.ask(SASL_HANDSHAKE, 1, &messages::handshake(login.mechanism.name()))?;
        let (error, mechanisms) = messages::read_handshake(&answer).map_err(|error| self.broken(error))?;
        if error != 0 {
            let what = format!("{}, and knows {}", login.mechanism.name(), mechanisms.join(", "));
            return Err(self.refused(&what, error));
        }
        if login.mechanism == Mechanism::Plain {
            self.say(plain(login).expose().as_bytes())?;
            return Ok(());
        }
        let mut random = [0; 24];
        let source = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
        let failed = |source: io::Error| PullError::Broker { broker: self.address.clone(), source };
        SystemEntropy.fill(&mut random).map_err(|error| failed(source(&error)))?;
        let mut scram = Scram::new(login, STANDARD.encode(random));
        let answer = self.say(scram.first().as_bytes())?;
        let text = |answer: Vec<u8>| String::from_utf8(answer).unwrap_or_default();
        let last = scram.last(&text(answer)).map_err(|why| self.unproven(why))?;
        let answer = self.say(last.as_bytes())?;
        scram.check(&text(answer)).map_err(|why| self.unproven(why))
    }

    fn unproven(&self, why: String) -> PullError {
        let what = "to be signed in to".to_string();
        PullError::BrokerRefuses { broker: self.address.clone(), what, why, is_temporary: false }
    }

    /// Says something of a sign-in; returns the broker's words.
    fn say(&mut self, words: &[u8]) -> Result<Vec<u8>, PullError> {
        let answer = self.ask(SASL_AUTHENTICATE, 0, &messages::authenticate(words))?;
        match messages::read_authenticated(&answer).map_err(|error| self.broken(error))? {
            (0, _, words) => Ok(words),
            (code, message, _) if message.is_empty() => Err(self.unproven(error_name(code))),
            (_, message, _) => Err(self.unproven(message.chars().take(500).collect())),
        }
    }
}

fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
                stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
