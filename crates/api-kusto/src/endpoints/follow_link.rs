//! `GET /` and `GET /{database}?query=...`: links to a query, which lead to the web pages where it can be looked at. Nobody needs to sign in:
//! the pages ask for that.
//!
//! # Source
//! Kusto reference, "UI deep links", "Deep linking to Kusto.WebExplorer".

use crate::exchange::origin;
use crate::service::Service;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Leads to the pages about the server.
pub(crate) async fn server(
    State(service): State<Arc<Service>>,
    RawQuery(parameters): RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(&service, None, parameters.as_deref(), &headers)
}

/// Leads to the pages about a database, with all parameters as they came.
pub(crate) async fn database(
    State(service): State<Arc<Service>>,
    Path(database): Path<String>,
    RawQuery(parameters): RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(&service, Some(&database), parameters.as_deref(), &headers)
}

fn answer(service: &Service, database: Option<&str>, parameters: Option<&str>, headers: &HeaderMap) -> Response {
    let portal = service.api.portal.as_deref().unwrap_or_default().trim_end_matches('/');
    let own = origin(headers, service.api.tls);
    let cluster = own.split_once("://").map_or(own.as_str(), |(_, host)| host);
    let mut place = format!("{portal}/clusters/{}", encoded(cluster));
    if let Some(database) = database {
        place.push_str(&format!("/databases/{}", encoded(database)));
    }
    if let Some(parameters) = parameters {
        place.push_str(&format!("?{parameters}"));
    }
    match HeaderValue::from_str(&place) {
        Ok(place) => (StatusCode::FOUND, [(header::LOCATION, place)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Returns a text as a part of a path.
fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_paths() {
        assert_eq!(encoded("logs.example:8443"), "logs.example:8443");
        assert_eq!(encoded("a b/ü?"), "a%20b%2F%C3%BC%3F");
    }
}
