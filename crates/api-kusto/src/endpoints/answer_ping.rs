//! `GET` and `POST /v1/rest/ping`: whether the server answers, for load balancers. Nobody needs to sign in.
//!
//! # Source
//! Kusto reference, "Kusto Ping REST API".

/// Answers that the server is there.
pub(crate) async fn any() -> &'static str {
    "Pong!"
}
