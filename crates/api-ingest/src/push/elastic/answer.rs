//! Elasticsearch's answers: `{"error": {"type", "reason", "root_cause"}, "status"}`, and items with a status each.

use std::fmt::Write as _;

use auth::AuthError;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::bulk::Item;
use crate::error::ApiError;
use crate::push::deliver::Fate;
use crate::push::sender::Refused;
use crate::whose::WhoseError;

/// Why a request or an item is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    reason: String,
    retry_after: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, reason: &str) -> Problem {
        Problem { status, kind, reason: reason.to_string(), retry_after: None }
    }

    /// Says that a request or action is none.
    pub(super) fn malformed(reason: &str) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "illegal_argument_exception", reason)
    }

    /// Says that a document is none.
    pub(super) fn unparsed(reason: &str) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "document_parsing_exception", reason)
    }

    /// Says that a request is too large.
    pub(super) fn too_large(reason: &str) -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "content_too_long_exception", reason)
    }

    /// Says that documents are not changed.
    pub(super) fn unchangeable() -> Problem {
        let reason = "this is an immutable log: documents are added by create or index, and not updated or deleted";
        Problem::new(StatusCode::BAD_REQUEST, "illegal_argument_exception", reason)
    }

    /// Returns what an error of ours is here.
    pub(super) fn of(error: &ApiError) -> Problem {
        let (status, _, retry_after) = error.parts();
        let kind = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "security_exception",
            StatusCode::TOO_MANY_REQUESTS => "es_rejected_execution_exception",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable_shards_exception",
            StatusCode::PAYLOAD_TOO_LARGE => "content_too_long_exception",
            StatusCode::NOT_FOUND => "index_not_found_exception",
            status if status.is_client_error() => "illegal_argument_exception",
            _ => "internal_error",
        };
        Problem { retry_after, ..Problem::new(status, kind, &error.message()) }
    }

    /// Returns what is wrong.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    fn error(&self) -> Value {
        json!({ "type": self.kind, "reason": self.reason })
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Problem {
        Problem::of(&error)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let status = match &refused {
            Refused::Scheme => StatusCode::UNAUTHORIZED,
            Refused::SignIn(AuthError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Refused::SignIn(_) => StatusCode::UNAUTHORIZED,
            Refused::Workspace(WhoseError::Forbidden { .. } | WhoseError::Nowhere) => StatusCode::FORBIDDEN,
            Refused::Workspace(WhoseError::Unknown { .. }) => StatusCode::NOT_FOUND,
            Refused::Workspace(WhoseError::Ambiguous { .. }) => StatusCode::BAD_REQUEST,
        };
        let kind = match status {
            StatusCode::NOT_FOUND => "resource_not_found_exception",
            StatusCode::BAD_REQUEST => "illegal_argument_exception",
            _ => "security_exception",
        };
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(5);
        Problem { retry_after, ..Problem::new(status, kind, &refused.to_string()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut error = self.error();
        if let Some(members) = error.as_object_mut() {
            members.insert("root_cause".to_string(), json!([self.error()]));
        }
        let body = json!({ "error": error, "status": self.status.as_u16() });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"vidimus\", ApiKey, Bearer realm=\"vidimus\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Adds the header by which clients know that they may talk to this server.
pub(super) fn branded(mut response: Response) -> Response {
    let name = HeaderName::from_static("x-elastic-product");
    response.headers_mut().insert(name, HeaderValue::from_static("Elasticsearch"));
    response
}

/// Returns what became of an item; `None` when it was taken.
fn problem_of(item: &Item, fate: Option<&Fate>) -> Option<Problem> {
    match (&item.entry, fate) {
        (Err(problem), _) => Some(problem.clone()),
        (Ok(_), Some(Fate::Taken)) => None,
        (Ok(_), Some(Fate::Quarantined(why))) => {
            Some(Problem::unparsed(&format!("the document is kept in the table VidimusQuarantine: {why}")))
        }
        (Ok(_), Some(Fate::Failed(error))) => Some(Problem::of(error)),
        (Ok(_), None) => Some(Problem::of(&ApiError::Internal)),
    }
}

/// Returns the members that say what became of an item, and the status.
fn told(item: &Item, fate: Option<&Fate>) -> (StatusCode, Map<String, Value>) {
    let id = if item.id.is_empty() { Value::Null } else { json!(item.id) };
    let mut members = Map::new();
    members.insert("_index".to_string(), json!(item.index));
    members.insert("_id".to_string(), id);
    match problem_of(item, fate) {
        None => {
            members.insert("result".to_string(), json!("created"));
            members.insert("status".to_string(), json!(201));
            (StatusCode::CREATED, members)
        }
        Some(problem) => {
            members.insert("status".to_string(), json!(problem.status.as_u16()));
            members.insert("error".to_string(), problem.error());
            (problem.status, members)
        }
    }
}

/// Answers a bulk. Some agents look for `errors` in front of `items`, and give up on long answers: an item says what they read.
pub(super) fn items(items: &[Item], fates: &[Option<Fate>], took_ms: i64) -> Response {
    let told: Vec<(StatusCode, String)> = items
        .iter()
        .zip(fates)
        .map(|(item, fate)| {
            let (status, members) = told(item, fate.as_ref());
            (status, json!({ item.action.name(): members }).to_string())
        })
        .collect();
    let is_wrong = told.iter().any(|(status, _)| !status.is_success());
    let mut body = String::new();
    // Writing to a string does not fail.
    let _ = write!(body, "{{\"took\":{took_ms},\"errors\":{is_wrong},\"items\":[");
    for (place, (_, item)) in told.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        body.push_str(item);
    }
    body.push_str("]}");
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Answers a request of one document.
pub(super) fn single(item: &Item, fate: Option<&Fate>) -> Response {
    match problem_of(item, fate) {
        Some(problem) => problem.into_response(),
        None => {
            let (status, mut members) = told(item, fate);
            members.remove("status");
            members.insert("_version".to_string(), json!(1));
            members.insert("_shards".to_string(), json!({ "total": 1, "successful": 1, "failed": 0 }));
            (status, Json(Value::Object(members))).into_response()
        }
    }
}
