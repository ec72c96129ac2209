//! One request and its answer: what it is called, who sent it, when, and what is written down of it.

use audit::{ActivityRecord, ActivityStatus, Operation, QueryRecord, RecordKind};
use auth::Principal;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Instant;

/// What clients call a request, which comes back.
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// Bytes of a text that a client says of itself; what is longer is cut.
const SELF_DESCRIPTION_BYTES_MAX: usize = 256;

/// A request on its way.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// When it came, in ticks.
    pub received: i64,
    begun: Instant,
    pub client_request_id: Option<String>,
    /// What we call it, a guid.
    pub activity_id: String,
    pub target: &'static str,
    /// The server's own address, as the client wrote it: `https://host:port`.
    pub base: String,
    client_app: String,
    client_address: String,
    pub context: Vec<(String, String)>,
    pub principal: Option<Principal>,
    pub workspace: String,
}

/// How a query ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub status: u16,
    pub rows: Option<u64>,
    pub scanned_bytes: Option<u64>,
    pub failure: Option<String>,
}

impl Exchange {
    /// Takes a request's own words about itself.
    pub fn begin(parts: &Parts, received: i64, target: &'static str, tls: bool) -> Exchange {
        let client_request_id = text(&parts.headers, &CLIENT_REQUEST_ID);
        let mut context = Vec::new();
        context.extend(client_request_id.clone().map(|id| ("ClientRequestId".to_string(), id)));
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let client_address = address.map_or_else(String::new, |ConnectInfo(address)| address.ip().to_string());
        if !client_address.is_empty() {
            context.push(("ClientAddress".to_string(), client_address.clone()));
        }
        let scheme = if tls { "https" } else { "http" };
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_host = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        Exchange {
            received,
            begun: Instant::now(),
            client_request_id,
            activity_id: uuid::Uuid::new_v4().to_string(),
            target,
            base: format!("{scheme}://{}", host.filter(is_host).unwrap_or("localhost")),
            client_app: text(&parts.headers, &header::USER_AGENT).unwrap_or_default(),
            client_address,
            context,
            principal: None,
            workspace: String::new(),
        }
    }

    /// Returns an answer of JSON.
    pub fn json(&self, status: StatusCode, body: &Value) -> Response {
        self.answer(status, body.to_string())
    }

    /// Returns an answer, with the headers that every one has.
    pub fn answer(&self, status: StatusCode, body: String) -> Response {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vidimus\""));
        }
        let ids = [(CLIENT_REQUEST_ID, self.client_request_id.as_ref()), (REQUEST_ID, Some(&self.activity_id))];
        for (name, value) in ids {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }

    /// Returns the record of a query, or of a request that asked none.
    pub fn record(&self, query: &str, ended: &Ended) -> QueryRecord {
        let principal = self.principal.as_ref();
        let mut context = self.context.clone();
        context.extend(ended.failure.clone().map(|failure| ("Error".to_string(), failure)));
        QueryRecord {
            kind: RecordKind::Query,
            received: self.received,
            principal_id: principal.map(|principal| principal.id.clone()).unwrap_or_default(),
            principal_name: principal.map(|principal| principal.name.clone()).unwrap_or_default(),
            correlation_id: self.activity_id.clone(),
            query: query.to_string(),
            workspace: self.workspace.clone(),
            client_app: self.client_app.clone(),
            target: self.target.to_string(),
            context,
            response_code: ended.status,
            response_rows: ended.rows,
            duration_ms: Some(self.begun.elapsed().as_secs_f64() * 1000.0),
            scanned_bytes: ended.scanned_bytes,
        }
    }

    /// Returns the record of an act that is about to begin.
    pub fn activity(
        &self,
        operation: Operation,
        resource: String,
        properties: Vec<(String, String)>,
    ) -> ActivityRecord {
        let principal = self.principal.as_ref();
        ActivityRecord {
            time: self.received,
            operation,
            status: ActivityStatus::Started,
            caller: principal.map(|principal| principal.name.clone()).unwrap_or_default(),
            caller_id: principal.map(|principal| principal.id.clone()).unwrap_or_default(),
            caller_address: self.client_address.clone(),
            correlation_id: self.activity_id.clone(),
            resource,
            properties,
        }
    }
}

/// Returns a header's text, cut where it is too long; `None` when it is missing, empty or not text.
pub(crate) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    // What a header gives as text is ASCII.
    let text = text.get(..text.len().min(SELF_DESCRIPTION_BYTES_MAX))?;
    (!text.is_empty()).then(|| text.to_string())
}
