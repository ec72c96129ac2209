//! Kusto's endpoints for queries and for records: what its clients send, run by [`query`] or taken by [`ingest`], answered as they read it.
//!
//! ```text
//! HTTP request ─ exchange ─ token ─► Principal ─ body, properties ─► Question ─ may read? ─ a place? ─► run (its own thread)
//!     bind ─► run ─► first rows ─ encoder ─► outlet ─ audit record ─► bytes, as they are made
//! ```
//!
//! Every request for a query leaves an audit record before a byte of its answer leaves, also when it is refused; where the
//! record cannot be written the answer is 503. A short answer is held until its record is written. A long one leaves one
//! record when it begins and one when it ends. Of requests without a valid token, which anybody can send, only so many a second
//! leave one.
//!
//! # Source
//! Kusto reference, "Query/management HTTP request" and "Query/management HTTP response".

mod body;
mod cors;
mod databases;
mod described;
mod endpoints;
mod error;
mod exchange;
mod limits;
mod outlet;
mod properties;
mod question;
mod rate;
mod run;
mod running;
mod service;
mod strangers;

pub use databases::{DatabaseError, Databases};
pub use limits::Limits;
pub use rate::Rate;
pub use running::{QueryStart, QueryState, QueryTicket, RunningQueries, RunningQuery};
pub use service::{KustoApi, Queries, router};
pub use strangers::Strangers;
