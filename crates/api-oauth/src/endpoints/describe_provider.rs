//! `GET /{tenant}[/v2.0]/.well-known/openid-configuration` and what it points to.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::service::Service;

/// Describes the first version's endpoints.
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Json<Value> {
    Json(configuration(&service.origin(&headers), &tenant, ""))
}

/// Describes the second version's endpoints.
pub(crate) async fn get_v2(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Json<Value> {
    Json(configuration(&service.origin(&headers), &tenant, "/v2.0"))
}

fn configuration(origin: &str, tenant: &str, version: &str) -> Value {
    let tenant: String = url::form_urlencoded::byte_serialize(tenant.as_bytes()).collect();
    let own = format!("{origin}/{tenant}");
    json!({
        "issuer": format!("{own}{version}"),
        "authorization_endpoint": format!("{own}/oauth2{version}/authorize"),
        "token_endpoint": format!("{own}/oauth2{version}/token"),
        "jwks_uri": format!("{own}/discovery{version}/keys"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "response_types_supported": ["token"],
        "response_modes_supported": ["query"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [],
    })
}

/// Answers that there are no keys by which tokens could be read.
pub(crate) async fn keys() -> Json<Value> {
    Json(json!({ "keys": [] }))
}

/// Answers that this server speaks for whichever tenant it is asked about.
pub(crate) async fn instance(State(service): State<Arc<Service>>, headers: HeaderMap) -> Json<Value> {
    let origin = service.origin(&headers);
    let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host).to_string();
    Json(json!({
        "api-version": "1.1",
        "tenant_discovery_endpoint": format!("{origin}/common/v2.0/.well-known/openid-configuration"),
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
}
