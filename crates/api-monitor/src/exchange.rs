//! One request and its answer: what they are called, who sent it, when, and what is written down of it.

use crate::error::ApiError;
use audit::{QueryRecord, RecordKind};
use auth::Principal;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::net::SocketAddr;
use std::time::Instant;

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const APP: HeaderName = HeaderName::from_static("x-ms-app");

/// Bytes of a text that a client says of itself; what is longer is cut.
const SELF_DESCRIPTION_BYTES_MAX: usize = 256;

/// A request on its way.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// When it came, in ticks.
    pub received: i64,
    begun: Instant,
    /// What the client calls it, if it does.
    pub client_request_id: Option<String>,
    /// What we call it, a guid.
    pub activity_id: String,
    pub target: &'static str,
    client_app: String,
    pub context: Vec<(String, String)>,
    pub principal: Option<Principal>,
    /// The workspaces that are asked; the first is the one of the request.
    pub workspaces: Vec<String>,
    pub query: String,
}

/// How a query ended, once it had a result.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub status: u16,
    pub rows: u64,
    pub scanned_rows: u64,
    pub scanned_bytes: u64,
    /// Why the result is not whole.
    pub failure: Option<String>,
}

impl Exchange {
    /// Takes a request's own words about itself.
    pub fn begin(parts: &Parts, received: i64, target: &'static str) -> Exchange {
        let client_request_id = text(&parts.headers, &CLIENT_REQUEST_ID);
        let mut context = Vec::new();
        context.extend(client_request_id.clone().map(|id| ("ClientRequestId".to_string(), id)));
        if let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
            context.push(("ClientAddress".to_string(), address.ip().to_string()));
        }
        let client_app = text(&parts.headers, &APP).or_else(|| text(&parts.headers, &header::USER_AGENT));
        Exchange {
            received,
            begun: Instant::now(),
            client_request_id,
            activity_id: uuid::Uuid::new_v4().to_string(),
            target,
            client_app: client_app.unwrap_or_default(),
            context,
            principal: None,
            workspaces: Vec::new(),
            query: String::new(),
        }
    }

    /// Returns the exchange of one query of a batch, under a name of its own.
    pub fn of_batch(&self, id: &str) -> Exchange {
        let mut item =
            Exchange { activity_id: uuid::Uuid::new_v4().to_string(), begun: Instant::now(), ..self.clone() };
        item.context.push(("BatchId".to_string(), self.activity_id.clone()));
        item.context.push(("BatchItem".to_string(), id.chars().take(SELF_DESCRIPTION_BYTES_MAX).collect()));
        item
    }

    /// Sets the headers that every answer has.
    pub fn set_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let ids = [(CLIENT_REQUEST_ID, self.client_request_id.as_ref()), (REQUEST_ID, Some(&self.activity_id))];
        for (name, value) in ids {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        }
    }

    /// Returns the records of a request that is refused: one for each workspace that it asked, one if it asked none.
    pub fn refused(&self, error: &ApiError) -> Vec<QueryRecord> {
        let status = error.parts().0.as_u16();
        let error = ("Error".to_string(), error.to_string());
        self.records(status, |record| record.context.push(error.clone()))
    }

    /// Returns the records of a query that has ended, one for each workspace that it read.
    pub fn ended(&self, ended: &Ended) -> Vec<QueryRecord> {
        self.records(ended.status, |record| {
            record.response_rows = Some(ended.rows);
            record.scanned_bytes = Some(ended.scanned_bytes);
            record.context.extend(ended.failure.clone().map(|failure| ("Error".to_string(), failure)));
        })
    }

    fn records(&self, response_code: u16, complete: impl Fn(&mut QueryRecord)) -> Vec<QueryRecord> {
        let principal = self.principal.as_ref();
        let mut context = self.context.clone();
        if self.workspaces.len() > 1 {
            context.push(("Workspaces".to_string(), self.workspaces.join(",")));
        }
        let mut base = QueryRecord {
            kind: RecordKind::Query,
            received: self.received,
            principal_id: principal.map(|principal| principal.id.clone()).unwrap_or_default(),
            principal_name: principal.map(|principal| principal.name.clone()).unwrap_or_default(),
            correlation_id: self.activity_id.clone(),
            query: self.query.clone(),
            workspace: String::new(),
            client_app: self.client_app.clone(),
            target: self.target.to_string(),
            context,
            response_code,
            response_rows: None,
            duration_ms: Some(self.begun.elapsed().as_secs_f64() * 1000.0),
            scanned_bytes: None,
        };
        complete(&mut base);
        if self.workspaces.is_empty() {
            return vec![base];
        }
        self.workspaces.iter().map(|workspace| QueryRecord { workspace: workspace.clone(), ..base.clone() }).collect()
    }
}

/// Returns a header's text, cut where it is too long; `None` when it is missing, empty or not text.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    // What a header gives as text is ASCII.
    let text = text.get(..text.len().min(SELF_DESCRIPTION_BYTES_MAX))?;
    (!text.is_empty()).then(|| text.to_string())
}
