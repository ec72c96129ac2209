//! The store's own endpoints: handing in records, making workspaces and tables, evidence, the published log.
//!
//! | endpoint | action |
//! |---|---|
//! | `POST /v1/workspaces/{workspace}/tables/{table}/records` | ingest |
//! | `POST /v1/workspaces/{workspace}/sources/{source}/records` | ingest |
//! | `POST /v1/workspaces/{workspace}/quarantine` | ingest |
//! | `PUT /v1/workspaces/{workspace}` | manage |
//! | `GET /v1/workspaces/{workspace}` | read |
//! | `PUT /v1/workspaces/{workspace}/tables/{table}` | manage |
//! | `GET`, `PUT /v1/workspaces/{workspace}/tables/{table}/retention` | read, manage |
//! | `POST /v1/workspaces/{workspace}/tables/{table}/erase` | purge |
//! | `POST /v1/workspaces/{workspace}/tables/{table}/purge` | purge |
//! | `GET /v1/workspaces/{workspace}/holds` | read |
//! | `PUT`, `DELETE /v1/workspaces/{workspace}/holds/{hold}` | manage, purge |
//! | `POST /v1/workspaces/{workspace}/proofs` | read |
//! | `GET /v1/workspaces/{workspace}/log/{path}` | read |
//! | `GET /v1/status` | read in the server's own workspace |
//!
//! Bodies are JSON, errors `{"error": {"code", "message"}}`.

mod activity;
mod acts;
mod anchors;
mod endpoints;
mod error;
mod service;

pub use anchors::Anchors;
pub use service::{Limits, VaultApi, router};
