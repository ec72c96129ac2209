//! Azure Monitor's query API: what its clients send, run by [`query`], answered as they read it.
//!
//! ```text
//! HTTP request ─ token ─► Principal ─ rate ─ body, Prefer ─► Question ─ workspaces: may read? ─ a place? ─► run (its own thread)
//!     bind, as far as timespan and resource let it see ─► run ─► encoder ─► audit records ─► answer
//! ```
//!
//! Every request for a query leaves an audit record in each workspace that it read before its answer leaves, also when it is refused;
//! where one cannot be written the answer is 503. Of requests without a valid token only so many a second leave one.
//!
//! # Source
//! Azure Monitor documentation, "Azure Monitor Log Analytics API" (request, response, errors, batch queries, cross-resource queries).

mod endpoints;
mod error;
mod exchange;
mod limits;
mod prefer;
mod question;
mod run;
mod service;
mod sources;
mod timespan;

pub use limits::Limits;
pub use prefer::Prefer;
pub use service::{MonitorApi, router};
pub use timespan::Timespan;
