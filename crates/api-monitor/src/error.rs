//! Why a request gets no result, and how Azure Monitor's clients are told:
//! `{"error":{"message","code","correlationId","innererror":{"code","message","innererror":{...}}}}`.
//!
//! # Source
//! Azure Monitor documentation, "Azure Monitor Log Analytics API errors".

use api_kusto::DatabaseError;
use auth::AuthError;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use kql::Diagnostic;
use kql::diagnostic::Kind;
use query::QueryError;
use serde_json::{Value, json};

use crate::exchange::Exchange;

/// Why a request gets no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    NotSignedIn(#[source] AuthError),
    #[error("the token may not query the workspace `{workspace}`")]
    Forbidden { workspace: String },
    #[error("there is no workspace `{workspace}`")]
    UnknownWorkspace { workspace: String },
    #[error("the path does not exist")]
    UnknownPath,
    #[error("{0}")]
    Database(#[source] DatabaseError),
    /// The request is none, before its query is looked at.
    #[error("{0}")]
    Malformed(String),
    #[error("the request's body is larger than {max} bytes")]
    TooLarge { max: usize },
    #[error("the request's body did not arrive in time")]
    TooSlow,
    /// The query's text is wrong, or asks for what is refused.
    #[error("{}", finding_text(text, findings))]
    Wrong { text: String, findings: Vec<Diagnostic> },
    #[error("{0}")]
    Query(#[source] QueryError),
    #[error("{max} queries run already; try again later")]
    Busy { max: usize },
    #[error("too many requests; try again in {seconds} s")]
    Throttled { seconds: u64 },
    #[error("the query's audit record cannot be written, so its answer is withheld")]
    NotRecorded,
    #[error("internal error")]
    Internal,
}

impl ApiError {
    /// Returns the status, the code for programs, and after how many seconds the request may be sent again.
    pub fn parts(&self) -> (StatusCode, &'static str, Option<u64>) {
        use StatusCode as S;
        let unavailable = (S::SERVICE_UNAVAILABLE, "ServiceUnavailable", Some(1));
        match self {
            ApiError::NotSignedIn(AuthError::Missing) => (S::UNAUTHORIZED, "AuthenticationFailed", None),
            ApiError::NotSignedIn(AuthError::Expired) => (S::FORBIDDEN, "InvalidAuthenticationToken", None),
            ApiError::NotSignedIn(AuthError::Unavailable(_)) => unavailable,
            ApiError::NotSignedIn(_) => (S::FORBIDDEN, "InvalidTokenError", None),
            ApiError::Forbidden { .. } => (S::FORBIDDEN, "InsufficientAccessError", None),
            ApiError::UnknownWorkspace { .. } | ApiError::Database(DatabaseError::Unknown { .. }) => {
                (S::NOT_FOUND, "WorkspaceNotFoundError", None)
            }
            ApiError::UnknownPath => (S::NOT_FOUND, "PathNotFoundError", None),
            ApiError::Database(_) => unavailable,
            ApiError::Malformed(_) | ApiError::Wrong { .. } => (S::BAD_REQUEST, "BadArgumentError", None),
            ApiError::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "RequestTooLargeError", None),
            ApiError::TooSlow => (S::REQUEST_TIMEOUT, "RequestTimeoutError", None),
            ApiError::Query(error) => match error {
                QueryError::Timeout { .. } => (S::GATEWAY_TIMEOUT, "GatewayTimeout", None),
                QueryError::Internal { .. } => (S::INTERNAL_SERVER_ERROR, "InternalServerError", None),
                QueryError::Cancelled => unavailable,
                _ => (S::BAD_REQUEST, "BadArgumentError", None),
            },
            ApiError::Busy { .. } => (S::TOO_MANY_REQUESTS, "ThrottledError", Some(1)),
            ApiError::Throttled { seconds } => (S::TOO_MANY_REQUESTS, "ThrottledError", Some(*seconds)),
            ApiError::NotRecorded => unavailable,
            ApiError::Internal => (S::INTERNAL_SERVER_ERROR, "InternalServerError", None),
        }
    }

    /// Returns the answer that tells of the error.
    pub fn response(&self, exchange: &Exchange) -> Response {
        let (status, _, retry_after) = self.parts();
        let mut response = Response::new(Body::from(self.json(&exchange.activity_id).to_string()));
        *response.status_mut() = status;
        exchange.set_headers(response.headers_mut());
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"vidimus\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// Returns what stands in a batch's answer for one query: its status and its body. There an unknown workspace is the request's
    /// fault.
    pub fn of_batch(&self, correlation_id: &str) -> (u16, Value) {
        let mut body = self.json(correlation_id);
        if let ApiError::UnknownWorkspace { .. } = self {
            body["error"]["code"] = json!("FailedToResolveResource");
            return (StatusCode::BAD_REQUEST.as_u16(), body);
        }
        (self.parts().0.as_u16(), body)
    }

    /// Returns the error as clients read it.
    fn json(&self, correlation_id: &str) -> Value {
        let (status, code, _) = self.parts();
        let mut error = json!({ "message": self.to_string(), "code": code, "correlationId": correlation_id });
        if status == StatusCode::BAD_REQUEST {
            // What is wrong stands innermost, where clients look for it.
            error["message"] = json!("The request had some invalid properties");
            error["innererror"] = match self {
                ApiError::Wrong { text, findings } => wrong_json(text, findings),
                _ => json!({ "code": code, "message": self.to_string() }),
            };
        }
        json!({ "error": error })
    }
}

fn first_error(findings: &[Diagnostic]) -> Option<&Diagnostic> {
    findings.iter().find(|finding| finding.is_error())
}

/// Returns what is wrong with a query's text, with the place of the first finding: lines from 1, characters from 0.
fn wrong_json(text: &str, findings: &[Diagnostic]) -> Value {
    let Some(first) = first_error(findings) else {
        return json!({ "code": "SemanticError", "message": "A semantic error occurred." });
    };
    let (outer, message, inner) = match first.kind {
        Kind::Syntax => ("SyntaxError", "A syntax error has been identified in the query.", "SYN0002"),
        _ => ("SemanticError", "A semantic error occurred.", "SEM0100"),
    };
    let (line, pos) = place(text, first.span.start);
    let mut innermost = json!({
        "code": inner,
        "message": finding_text(text, findings),
        "line": line,
        "pos": pos,
        "token": text.get(first.span.start..first.span.end).unwrap_or_default(),
    });
    let told = |finding: &Diagnostic| {
        let (line, pos) = place(text, finding.span.start);
        json!({ "code": finding.code, "message": finding.message, "help": finding.help, "line": line, "pos": pos })
    };
    innermost["diagnostics"] = findings.iter().filter(|finding| finding.is_error()).map(told).collect();
    json!({ "code": outer, "message": message, "innererror": innermost })
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count())
}

/// Returns the first error of a text in one line.
fn finding_text(text: &str, findings: &[Diagnostic]) -> String {
    let Some(first) = first_error(findings) else { return "the query cannot be understood".to_string() };
    let help = first.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    let (line, pos) = place(text, first.span.start);
    format!("{}: {}{help} (on line [{line},{pos}])", first.code, first.message)
}
