//! One request and its answer: what they are called, who sent it, when.

use crate::error::ApiError;
use crate::properties::Properties;
use crate::run::Ended;
use audit::{QueryRecord, RecordKind};
use auth::Principal;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::net::SocketAddr;
use std::time::Instant;

pub(crate) const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const ACTIVITY_ID: HeaderName = HeaderName::from_static("x-ms-activity-id");
const APP: HeaderName = HeaderName::from_static("x-ms-app");
const USER: HeaderName = HeaderName::from_static("x-ms-user");
const USER_ID: HeaderName = HeaderName::from_static("x-ms-user-id");
const CLIENT_VERSION: HeaderName = HeaderName::from_static("x-ms-client-version");

/// Bytes of a text that a client says of itself; what is longer is cut.
const SELF_DESCRIPTION_BYTES_MAX: usize = 256;

/// A request on its way.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// When it came, in ticks.
    pub received: i64,
    begun: Instant,
    /// What the client calls it; ours where it does not.
    pub client_request_id: String,
    /// Whether no header says what the client calls it.
    is_unnamed: bool,
    /// What we call it, a guid.
    pub activity_id: String,
    pub target: &'static str,
    client_app: String,
    context: Vec<(String, String)>,
    pub principal: Option<Principal>,
    pub database: String,
    pub query: String,
    /// The server's address as the client knows it.
    pub origin: String,
}

impl Exchange {
    /// Takes a request's own words about itself.
    pub fn begin(parts: &Parts, received: i64, target: &'static str, tls: bool) -> Exchange {
        let said = |name: &HeaderName| text(&parts.headers, name);
        let activity_id = uuid::Uuid::new_v4().to_string();
        let said_id = said(&CLIENT_REQUEST_ID);
        let is_unnamed = said_id.is_none();
        let client_request_id = said_id.unwrap_or_else(|| format!("unspecified;{activity_id}"));
        let mut context = vec![("ClientRequestId".to_string(), client_request_id.clone())];
        if let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
            context.push(("ClientAddress".to_string(), address.ip().to_string()));
        }
        for (name, value) in
            [("User", said(&USER).or_else(|| said(&USER_ID))), ("ClientVersion", said(&CLIENT_VERSION))]
        {
            context.extend(value.map(|value| (name.to_string(), value)));
        }
        Exchange {
            received,
            begun: Instant::now(),
            client_request_id,
            is_unnamed,
            activity_id,
            target,
            client_app: said(&APP).unwrap_or_default(),
            context,
            principal: None,
            database: String::new(),
            query: String::new(),
            origin: origin(&parts.headers, tls),
        }
    }

    /// Takes what a request's properties say about it; what its headers say counts more.
    pub fn heed(&mut self, properties: &Properties) {
        if let Some(id) = properties.client_request_id.as_deref().filter(|_| self.is_unnamed) {
            self.client_request_id = cut(id).to_string();
            if let Some((_, value)) = self.context.iter_mut().find(|(name, _)| name == "ClientRequestId") {
                value.clone_from(&self.client_request_id);
            }
        }
        if let Some(app) = properties.app_name.as_deref() {
            self.client_app = cut(app).to_string();
        }
        for (name, value) in [("RequestUser", &properties.user), ("RequestDescription", &properties.description)] {
            self.context.extend(value.as_deref().map(|value| (name.to_string(), cut(value).to_string())));
        }
    }

    /// Returns what the client itself calls the request.
    pub fn own_name(&self) -> Option<&str> {
        (!self.is_unnamed).then_some(self.client_request_id.as_str())
    }

    /// Returns the client's application, as it calls itself.
    pub fn client_app(&self) -> &str {
        &self.client_app
    }

    /// Returns where the request comes from; `None` where that is not known.
    pub fn client_address(&self) -> Option<&str> {
        self.context.iter().find(|(name, _)| name == "ClientAddress").map(|(_, address)| address.as_str())
    }

    /// Returns the time since the request came.
    pub fn elapsed_ms(&self) -> f64 {
        self.begun.elapsed().as_secs_f64() * 1000.0
    }

    /// Sets the headers that every answer has.
    pub fn set_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for (name, value) in [(CLIENT_REQUEST_ID, &self.client_request_id), (ACTIVITY_ID, &self.activity_id)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
    }

    /// Returns the record of a request that is refused.
    pub fn record(&self, error: &ApiError) -> QueryRecord {
        let mut record = self.base_record(RecordKind::Query, error.status().as_u16());
        record.context.push(("Error".to_string(), error.to_string()));
        record
    }

    /// Returns the record of a query whose answer begins to leave, or of a command that begins.
    pub fn begun_record(&self) -> QueryRecord {
        QueryRecord { duration_ms: None, ..self.base_record(RecordKind::Begun, 200) }
    }

    /// Returns the record of a query that has ended.
    pub fn ended_record(&self, ended: &Ended) -> QueryRecord {
        let mut record = self.base_record(RecordKind::Query, ended.status);
        record.response_rows = Some(ended.rows);
        record.scanned_bytes = Some(ended.scanned_bytes);
        if let Some(failure) = &ended.failure {
            record.context.push(("Error".to_string(), failure.clone()));
        }
        record
    }

    fn base_record(&self, kind: RecordKind, response_code: u16) -> QueryRecord {
        let principal = self.principal.as_ref();
        QueryRecord {
            kind,
            received: self.received,
            principal_id: principal.map(|principal| principal.id.clone()).unwrap_or_default(),
            principal_name: principal.map(|principal| principal.name.clone()).unwrap_or_default(),
            correlation_id: self.activity_id.clone(),
            query: self.query.clone(),
            workspace: self.database.clone(),
            client_app: self.client_app.clone(),
            target: self.target.to_string(),
            context: self.context.clone(),
            response_code,
            response_rows: None,
            duration_ms: Some(self.elapsed_ms()),
            scanned_bytes: None,
        }
    }
}

/// Returns a header's text, cut where it is too long; `None` when it is missing, empty or not text.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = cut(headers.get(name)?.to_str().ok()?.trim());
    (!text.is_empty()).then(|| text.to_string())
}

/// Cuts what a client says of itself where it is too long.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(SELF_DESCRIPTION_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// Returns the server's address as the client knows it.
pub(crate) fn origin(headers: &HeaderMap, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_host = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    format!("{scheme}://{}", host.filter(is_host).unwrap_or("localhost"))
}
