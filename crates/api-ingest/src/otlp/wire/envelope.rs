//! What requests of all three signals have in common: records under their scopes, under their resources.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::metrics::{MetricHead, MetricKind};
use super::{json_envelope, protobuf};

/// Bytes of a piece that is read at once: of a resource, a scope, a record, a data point. In memory a message may take a hundred times
/// the room that it has on the wire.
pub(super) const PIECE_BYTES_MAX: usize = 1 << 20;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Logs,
    Metrics,
    Traces,
}

/// How a body has its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// Why a whole body is refused; its sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("the body is no OTLP request: {0}")]
    Malformed(String),
    #[error("the request has more than {max} records")]
    TooMany { max: usize },
    #[error("the request's records, each with all that is said of its resource, have more than {max} bytes")]
    TooLarge { max: usize },
}

/// A message that was cut out of a body and not read yet.
#[derive(Debug, Clone)]
pub enum Piece<'a> {
    Protobuf(Cow<'a, [u8]>),
    Json(&'a str),
}

/// Why a piece is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PieceError {
    Malformed(String),
    TooLarge { found: usize, max: usize },
}

impl Piece<'_> {
    /// Reads the message.
    pub fn read<T: prost::Message + Default + DeserializeOwned>(&self) -> Result<T, PieceError> {
        let found = self.bytes().len();
        if found > PIECE_BYTES_MAX {
            return Err(PieceError::TooLarge { found, max: PIECE_BYTES_MAX });
        }
        match self {
            Piece::Protobuf(bytes) => T::decode(&**bytes).map_err(|error| PieceError::Malformed(error.to_string())),
            Piece::Json(text) if !text.starts_with('{') => {
                Err(PieceError::Malformed("it is no JSON object".to_string()))
            }
            Piece::Json(text) => serde_json::from_str(text).map_err(|error| PieceError::Malformed(error.to_string())),
        }
    }

    /// Returns the message as it was received.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Piece::Protobuf(bytes) => bytes,
            Piece::Json(text) => text.as_bytes(),
        }
    }
}

/// Takes what is cut out of a request, in its order: a resource before its scopes, a scope before what is in it.
pub trait Sink {
    fn resource(&mut self, resource: Option<Piece<'_>>, schema_url: &str);

    fn scope(&mut self, scope: Option<Piece<'_>>, schema_url: &str);

    /// What is said of the points that follow.
    fn metric(&mut self, head: MetricHead, kind: MetricKind);

    /// A log record, a span, or a point of the metric.
    ///
    /// # Errors
    /// When the request has too many, and is refused.
    fn record(&mut self, piece: Piece<'_>) -> Result<(), EnvelopeError>;

    /// A metric that cannot be read, which counts as one point.
    ///
    /// # Errors
    /// As [`Sink::record`].
    fn broken(&mut self, piece: Piece<'_>, why: PieceError) -> Result<(), EnvelopeError>;
}

/// Cuts a body.
///
/// # Errors
/// When it is none of a request, or the sink takes no more.
pub fn cut(body: &[u8], encoding: Encoding, signal: Signal, sink: &mut dyn Sink) -> Result<(), EnvelopeError> {
    match encoding {
        Encoding::Protobuf => protobuf::request(body, signal, sink),
        Encoding::Json => json_envelope::request(body, signal, sink),
    }
}
