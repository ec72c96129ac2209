//! Records as programs made for others send them: one file, or folder, for each protocol.
//!
//! | | |
//! |---|---|
//! | `endpoints/upload_logs` | Azure Monitor's Logs Ingestion API |
//! | `endpoints/collection_rules` | its data collection rules, under their addresses in Azure's resource manager |
//! | `endpoints/collect_data` | the HTTP Data Collector API, which came before it |
//! | `endpoints/shared_keys` | the keys by which requests of the latter are signed |
//! | `otlp/` | the OpenTelemetry protocol: logs, metrics and traces, over HTTP and gRPC |
//! | `push/hec` | Splunk's HTTP Event Collector |
//! | `push/elastic` | Elasticsearch's bulk and document requests |
//! | `push/loki` | Loki's push requests |
//!
//! Whatever cannot be taken of a request whose form is right goes to the quarantine, and the rest is taken; the header
//! `Vidimus-Rejected` says how many records went there.

mod acts;
mod endpoints;
mod error;
pub mod otlp;
pub mod push;
mod rate;
mod service;
mod signature;
mod whose;

pub use service::{IngestApi, Limits, Routers, routers};
pub use signature::{Signature, moment_of, strings_to_sign};
