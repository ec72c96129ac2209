//! Why a request gets no result, and how Kusto's clients are told.

use crate::DatabaseError;
use crate::exchange::Exchange;
use audit::AuditError;
use auth::AuthError;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use kql::Diagnostic;
use kql::diagnostic::Kind;
use kusto_ingestion::IngestionError;
use management::CommandError;
use query::QueryError;
use schema::ticks;
use serde_json::{Value, json};

/// Why a request gets no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    NotSignedIn(#[source] AuthError),
    #[error("the token may not query the database `{database}`")]
    Forbidden { database: String },
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
    #[error("{}", findings_text(text, findings))]
    Wrong { text: String, findings: Vec<Diagnostic> },
    #[error("{0}")]
    Query(#[source] QueryError),
    #[error(
        "the result has more than {max} rows (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003); filter or summarize, or raise truncationmaxrecords"
    )]
    TooManyRows { max: u64 },
    #[error(
        "the result has more than {max} bytes (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003); project fewer columns, filter or summarize, or raise truncationmaxsize"
    )]
    TooManyBytes { max: u64 },
    /// A management command is not done.
    #[error("{}", stdx::error_chain(.0))]
    Command(#[source] CommandError),
    #[error("{max} queries run already; try again later")]
    Busy { max: usize },
    #[error("{max} bodies of records are worked on already; try again later")]
    Crowded { max: usize },
    #[error("the query was cancelled: {reason}")]
    Cancelled { reason: String },
    #[error("{0}")]
    Ingestion(#[source] IngestionError),
    #[error("the request is read-only, and would change the database `{database}`")]
    ReadOnly { database: String },
    #[error("the token may not hand in records for the database `{database}`")]
    MayNotIngest { database: String },
    #[error("`{command}` is a management command, which the query endpoints do not take: send it to /v1/rest/mgmt")]
    NotAQuery { command: String },
    #[error("the query's audit record cannot be written, so its answer is withheld")]
    NotRecorded(#[source] Option<AuditError>),
    #[error("internal error")]
    Internal,
}

/// What a kind of error is to Kusto's clients.
struct Shape {
    status: StatusCode,
    code: &'static str,
    exception: &'static str,
    /// Whether trying again is of no use.
    permanent: bool,
}

impl ApiError {
    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        self.shape().status
    }

    /// Returns the error's code, such as `General_BadRequest`.
    pub fn code(&self) -> &'static str {
        self.shape().code
    }

    /// Returns whether the result is too large, and right as far as it goes.
    pub fn is_truncation(&self) -> bool {
        matches!(self, ApiError::TooManyRows { .. } | ApiError::TooManyBytes { .. })
    }

    fn shape(&self) -> Shape {
        let shape = |status, code, exception, permanent| Shape { status, code, exception, permanent };
        let bad_request = |status, exception| shape(status, "General_BadRequest", exception, true);
        let unavailable = || {
            let exception = "Kusto.Data.Exceptions.KustoServiceUnavailableException";
            shape(StatusCode::SERVICE_UNAVAILABLE, "General_ServiceUnavailable", exception, false)
        };
        let internal = || {
            let exception = "Kusto.Data.Exceptions.KustoServiceInternalException";
            shape(StatusCode::INTERNAL_SERVER_ERROR, "General_InternalServerError", exception, false)
        };
        let limits = || {
            let exception = "Kusto.DataNode.Exceptions.KustoServicePartialQueryFailureLimitsExceededException";
            shape(StatusCode::BAD_REQUEST, "LimitsExceeded", exception, false)
        };
        const BAD_REQUEST: &str = "Kusto.Data.Exceptions.KustoBadRequestException";
        match self {
            ApiError::NotSignedIn(AuthError::Unavailable(_)) => unavailable(),
            ApiError::NotSignedIn(_) => {
                let exception = "Kusto.Data.Exceptions.KustoRequestUnauthorizedException";
                shape(StatusCode::UNAUTHORIZED, "General_Unauthorized", exception, true)
            }
            ApiError::Forbidden { .. } | ApiError::MayNotIngest { .. } => {
                let exception = "Kusto.Data.Exceptions.KustoRequestDeniedException";
                shape(StatusCode::FORBIDDEN, "Forbidden", exception, true)
            }
            // Not 404: clients take that for a missing endpoint.
            ApiError::Database(DatabaseError::Unknown { .. }) => {
                let exception = "Kusto.Data.Exceptions.EntityNotFoundException";
                shape(StatusCode::BAD_REQUEST, "BadRequest_EntityNotFound", exception, true)
            }
            ApiError::Database(DatabaseError::Unavailable { .. }) => unavailable(),
            ApiError::Malformed(_) => bad_request(StatusCode::BAD_REQUEST, BAD_REQUEST),
            ApiError::TooLarge { .. } => bad_request(StatusCode::PAYLOAD_TOO_LARGE, BAD_REQUEST),
            ApiError::TooSlow => bad_request(StatusCode::REQUEST_TIMEOUT, BAD_REQUEST),
            ApiError::Wrong { findings, .. } => {
                let exception = match first_error(findings).map(|finding| finding.kind) {
                    Some(Kind::Syntax) => "Kusto.Data.Exceptions.SyntaxException",
                    _ => "Kusto.Data.Exceptions.SemanticException",
                };
                bad_request(StatusCode::BAD_REQUEST, exception)
            }
            ApiError::TooManyRows { .. } | ApiError::TooManyBytes { .. } => limits(),
            ApiError::Query(error) => match error {
                QueryError::Timeout { .. } => {
                    let exception = "Kusto.Data.Exceptions.KustoServiceTimeoutException";
                    shape(StatusCode::GATEWAY_TIMEOUT, "Timeout", exception, false)
                }
                QueryError::Internal { .. } => internal(),
                QueryError::MemoryExceeded { .. }
                | QueryError::DiskExceeded
                | QueryError::TooManyRows { .. }
                | QueryError::TooManyBytes { .. }
                | QueryError::Limit { .. } => limits(),
                QueryError::Cancelled => unavailable(),
                _ => bad_request(StatusCode::BAD_REQUEST, BAD_REQUEST),
            },
            ApiError::Busy { .. } | ApiError::Crowded { .. } => {
                let exception = "Kusto.Data.Exceptions.KustoRequestThrottledException";
                shape(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", exception, false)
            }
            ApiError::Cancelled { .. } => {
                let exception = "Kusto.DataNode.Exceptions.KustoServicePartialQueryFailureException";
                shape(StatusCode::BAD_REQUEST, "QueryCancelled", exception, true)
            }
            ApiError::Ingestion(error) => ingestion_shape(error),
            ApiError::ReadOnly { .. } | ApiError::NotAQuery { .. } => bad_request(StatusCode::BAD_REQUEST, BAD_REQUEST),
            ApiError::NotRecorded(_) => unavailable(),
            ApiError::Command(error) => match error {
                CommandError::Unknown { .. } => {
                    let exception = "Kusto.Data.Exceptions.EntityNotFoundException";
                    shape(StatusCode::BAD_REQUEST, "BadRequest_EntityNotFound", exception, true)
                }
                CommandError::Exists { .. } => {
                    let exception = "Kusto.Data.Exceptions.EntityAlreadyExistsException";
                    shape(StatusCode::BAD_REQUEST, "BadRequest_EntityAlreadyExists", exception, true)
                }
                CommandError::Forbidden { .. } => {
                    let exception = "Kusto.Data.Exceptions.KustoRequestDeniedException";
                    shape(StatusCode::FORBIDDEN, "Forbidden", exception, true)
                }
                CommandError::Busy { .. } => {
                    let exception = "Kusto.Data.Exceptions.KustoRequestThrottledException";
                    shape(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", exception, false)
                }
                CommandError::Unavailable { .. } | CommandError::NotRecorded(_) | CommandError::Store(_) => {
                    unavailable()
                }
                CommandError::Internal(_) => internal(),
                _ => bad_request(StatusCode::BAD_REQUEST, BAD_REQUEST),
            },
            ApiError::Internal => internal(),
        }
    }

    /// Returns the error in the words that go with its code.
    pub fn message(&self) -> String {
        match self {
            ApiError::Wrong { .. } => format!("Request is invalid and cannot be processed: {self}"),
            ApiError::Database(DatabaseError::Unknown { name }) => {
                format!("Entity ID '{name}' of kind 'Database' was not found.")
            }
            ApiError::Command(CommandError::Unknown { kind, name }) => {
                format!("Entity ID '{name}' of kind '{}' was not found.", capitalized(kind))
            }
            ApiError::Command(CommandError::Refused(_)) => {
                format!("Request is invalid and cannot be processed: {self}")
            }
            ApiError::TooManyRows { .. } | ApiError::TooManyBytes { .. } => {
                format!("Query execution has exceeded the allowed limits (80DA0003): {self}.")
            }
            ApiError::Query(QueryError::MemoryExceeded { .. }) => {
                format!("Query execution has exceeded the allowed limits (80DA0007): {self} (E_LOW_MEMORY_CONDITION).")
            }
            ApiError::Query(QueryError::DiskExceeded | QueryError::Limit { .. }) => {
                format!("Query execution has exceeded the allowed limits (80DA0001): {self} (E_RUNAWAY_QUERY).")
            }
            ApiError::Query(QueryError::Timeout { .. }) => format!("Request timed out: {self}"),
            ApiError::Ingestion(error) => format!("{}: {}", error.code(), stdx::error_chain(error)),
            _ => self.to_string(),
        }
    }

    /// Returns the answer that tells of the error.
    pub fn response(&self, exchange: &Exchange) -> Response {
        let shape = self.shape();
        let mut response = Response::new(Body::from(self.json(exchange).to_string()));
        *response.status_mut() = shape.status;
        exchange.set_headers(response.headers_mut());
        if shape.status == StatusCode::UNAUTHORIZED {
            // `adfs` is the tenant that clients take for one of the server's own.
            let challenge = format!("Bearer realm=\"vidimus\", authorization_uri=\"{}/adfs\"", exchange.origin);
            let challenge = HeaderValue::from_str(&challenge);
            let challenge = challenge.unwrap_or(HeaderValue::from_static("Bearer realm=\"vidimus\""));
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if matches!(shape.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let seconds = match self {
                ApiError::Ingestion(error) => error.retry_after_ms().unwrap_or(1).div_ceil(1000).max(1),
                _ => 1,
            };
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// Returns the error as Kusto's clients read it.
    fn json(&self, exchange: &Exchange) -> Value {
        let (shape, message) = (self.shape(), self.message());
        let context = json!({
            "timestamp": ticks::datetime_text(exchange.received),
            "serviceAlias": "VIDIMUS",
            "processName": "vidimus",
            "clientRequestId": exchange.client_request_id,
            "activityId": exchange.activity_id,
        });
        let summary = match shape.status {
            StatusCode::BAD_REQUEST if shape.permanent => "Request is invalid and cannot be executed.".to_string(),
            _ => message.clone(),
        };
        let mut error = json!({
            "code": shape.code,
            "message": summary,
            "@type": shape.exception,
            "@message": message,
            "@context": context,
            "@permanent": shape.permanent,
        });
        if let ApiError::Wrong { text, findings } = self {
            error["@text"] = json!(text);
            error["@database"] = json!(exchange.database);
            if let Some(first) = first_error(findings) {
                error["innererror"] = json!({
                    "code": first.code,
                    "message": first.message,
                    "@type": shape.exception,
                    "@message": self.to_string(),
                    "@permanent": true,
                    "@diagnostics": findings.iter().map(finding_json).collect::<Vec<_>>(),
                });
            }
        }
        json!({ "error": error })
    }
}

/// Returns what an error of ingestion is to clients: they try again only what is not permanent.
fn ingestion_shape(error: &IngestionError) -> Shape {
    let (status, exception) = match error.code() {
        "TooManyRequests" => (StatusCode::TOO_MANY_REQUESTS, "Kusto.Data.Exceptions.KustoRequestThrottledException"),
        "General_ServiceUnavailable" => {
            (StatusCode::SERVICE_UNAVAILABLE, "Kusto.Data.Exceptions.KustoServiceUnavailableException")
        }
        "General_InternalServerError" => {
            (StatusCode::INTERNAL_SERVER_ERROR, "Kusto.Data.Exceptions.KustoServiceInternalException")
        }
        "Stream_InputStreamTooLarge" => {
            (StatusCode::PAYLOAD_TOO_LARGE, "Kusto.DataNode.Exceptions.StreamingIngestionRequestException")
        }
        // Not 404: clients take that for a missing endpoint.
        "BadRequest_DatabaseNotExist" | "BadRequest_TableNotExist" => {
            (StatusCode::BAD_REQUEST, "Kusto.Data.Exceptions.EntityNotFoundException")
        }
        _ => (StatusCode::BAD_REQUEST, "Kusto.DataNode.Exceptions.StreamingIngestionRequestException"),
    };
    Shape { status, code: error.code(), exception, permanent: error.is_permanent() }
}

/// Returns a word with a capital letter, as Kusto names kinds of entities.
fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
    format!("{}{rest}", first.to_ascii_uppercase())
}

fn first_error(findings: &[Diagnostic]) -> Option<&Diagnostic> {
    findings.iter().find(|finding| finding.is_error())
}

/// Returns a finding with all that is known of it; places are bytes of the query's text.
fn finding_json(finding: &Diagnostic) -> Value {
    json!({
        "code": finding.code,
        "severity": if finding.is_error() { "error" } else { "warning" },
        "kind": finding.kind.name(),
        "message": finding.message,
        "start": finding.span.start,
        "end": finding.span.end,
        "help": finding.help,
    })
}

/// Returns the first error of a text in one line: `Semantic error: KS142: ... (line 1, column 5)`.
fn findings_text(text: &str, findings: &[Diagnostic]) -> String {
    let Some(first) = first_error(findings) else { return "the query cannot be understood".to_string() };
    let kind = if first.kind == Kind::Syntax { "Syntax error" } else { "Semantic error" };
    let before = text.get(..first.span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let help = first.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{kind}: {}: {}{help} (line {line}, column {column})", first.code, first.message)
}
