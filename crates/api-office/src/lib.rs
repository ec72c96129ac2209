//! Microsoft's audit APIs over the tables of a workspace: the Office 365 Management Activity API, and of Microsoft Graph the directory's
//! audits and sign-ins and the search of the audit log. Programs that collect from Microsoft collect from here with another address.
//!
//! ```text
//! HTTP request ─ token ─► Principal ─ workspace: may read? ─ rate ─► endpoint ─► KQL ─ ask (its own thread) ─► rows
//!     audit record ─► records in the API's own form ─► answer
//! ```
//!
//! Every read is a query like any other: within the same limits, and with an audit record in the workspace before its answer leaves.
//!
//! - `feed/`: subscriptions, and blobs of content, each a part of the log between two moments at which it was looked at. What came into
//!   the log is in exactly one blob of its content type, whenever it says that it happened.
//! - `graph/`: `$filter` and its kin become KQL; pages are read as of the moment of the first one.
//!
//! # Source
//! "Office 365 Management Activity API reference" and "schema"; Microsoft Graph v1.0: directoryAudit, signIn, auditLogQuery.

mod ask;
mod exchange;
mod fault;
mod feed;
mod graph;
mod kept;
mod kql_text;
mod limits;
mod row;
mod service;

pub use limits::Limits;
pub use service::{OfficeApi, router};
