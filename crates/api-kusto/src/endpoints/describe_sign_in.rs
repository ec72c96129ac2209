//! `GET /v1/rest/auth/metadata`: where clients find tokens. Nobody needs to sign in.
//!
//! Clients ask this before their first request; without an answer they would sign in at Microsoft's public cloud, and might
//! send their secrets there. They are pointed at this server, which takes the tokens that its owner has made.

use crate::exchange::origin;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;

/// The id by which Kusto's own client programs are known; clients want one.
const CLIENT_APP_ID: &str = "db662dc1-0cfe-4e1c-a843-19a68e65be58";

/// Answers where to sign in.
pub(crate) async fn get(State(service): State<Arc<Service>>, headers: HeaderMap) -> Json<Value> {
    let own = origin(&headers, service.api.tls);
    Json(json!({
        "AzureAD": {
            "LoginEndpoint": own,
            "LoginMfaRequired": false,
            "KustoClientAppId": CLIENT_APP_ID,
            "KustoClientRedirectUri": own,
            "KustoServiceResourceId": own,
            "FirstPartyAuthorityUrl": own,
        },
        "dSTS": null,
    }))
}
