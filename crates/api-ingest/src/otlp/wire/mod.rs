//! What is on the wire: OTLP's messages, as protobuf and as JSON.
//!
//! ```text
//! request ─► a resource ─► a scope ─► a log record, a span, or a metric ─► a data point
//!   (cut by `protobuf` or `json_envelope`, and not read)                    (read one by one: `Piece::read`)
//! ```
//!
//! An envelope is only cut, and what is in it is read piece by piece: what is broken in one record costs no other, and no request is in
//! memory as a tree. Messages have the fields of the protocol's definitions; those that it does not know are skipped, as it demands.
//!
//! # Source
//! OpenTelemetry protocol 1.x: `opentelemetry/proto/{common,resource,logs,trace,metrics}/v1`; "OTLP specification", JSON Protobuf Encoding.

mod common;
mod envelope;
mod json;
mod json_envelope;
mod logs;
mod metrics;
mod protobuf;
mod traces;

pub use common::{AnyValue, EntityRef, KeyValue, Resource, Scope};
pub use envelope::{Encoding, EnvelopeError, Piece, PieceError, Signal, Sink, cut};
pub use logs::LogRecord;
pub use metrics::{
    Buckets, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, MetricHead, MetricKind, NumberDataPoint,
    SummaryDataPoint,
};
pub use traces::{Event, Link, Span};
