//! The OpenTelemetry protocol: logs, metrics and traces, over HTTP on the listener of all endpoints and over gRPC on one of its own.
//!
//! ```text
//! POST /v1/logs ...  ─ http ┐
//!                           ├─ take: whose ─► wire: cut ─► read ─► records by table ─► the store, its quarantine
//! .../Export         ─ grpc ┘
//! ```
//!
//! Records go to the tables of Application Insights, into the columns that Azure Monitor's own exporters fill:
//!
//! | | |
//! |---|---|
//! | log record | `AppTraces` |
//! | ... with `exception.type` or `exception.message` | `AppExceptions` |
//! | ... with `microsoft.custom_event.name` | `AppEvents` |
//! | span of a server or consumer | `AppRequests` |
//! | any other span | `AppDependencies` |
//! | event `exception` of a span | `AppExceptions` |
//! | any other event of a span | `AppTraces` |
//! | point of a metric | `AppMetrics` |
//!
//! Nothing is left out. `Properties` has all attributes with their types: those of the record under their names, then those of the resource,
//! then those of the scope after `otel.scope.`. A resource's attribute that a record has too is called `resource.<name>`; a name
//! that is there twice gets a number, `<name>#2`. What has neither a column nor is an attribute is called `otel.<field>`: the severity by
//! number and text, the status, links, counts of what the sender dropped, the unit, the kind, buckets and exemplars of a metric. Times keep
//! their nanoseconds there.
//!
//! `TimeGenerated` is a record's own time, however long ago; without one, when it was observed; an event's that of its span; else when it
//! came.
//!
//! A log record, span or point that cannot be read costs no other: it goes to the quarantine as it came, and is counted in
//! `partial_success`. A record whose row is too long goes there as that row. A request that is not a request at all is refused.
//!
//! Delivery is at least once, as the protocol has it: who sends again what was taken in part has that part twice.
//!
//! # Source
//! "OTLP specification" 1.x; Azure Monitor documentation, tables `AppTraces`, `AppExceptions`, `AppEvents`, `AppRequests`,
//! `AppDependencies`, `AppMetrics`; Azure Monitor's OpenTelemetry exporter for what goes into their columns.

mod attributes;
mod data_point;
mod dependency;
mod exception;
pub(crate) mod grpc;
pub(crate) mod http;
mod log_record;
mod read;
mod record;
mod request;
mod span;
mod status;
mod take;
mod url;
mod value;
mod wire;

pub use read::{Read, TableRows, read};
pub use wire::{Encoding, EnvelopeError, Signal};
