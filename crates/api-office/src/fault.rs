//! Why a request gets no answer, whichever API it is of.

use api_kusto::DatabaseError;
use auth::AuthError;
use axum::response::Response;
use query::QueryError;

use crate::exchange::Exchange;

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    NotSignedIn(#[source] AuthError),
    #[error("no role of the token allows to read the workspace `{workspace}`")]
    NoRole { workspace: String },
    #[error("the token is not for the workspace `{workspace}`")]
    Forbidden { workspace: String },
    #[error("there is no workspace `{workspace}`")]
    UnknownWorkspace { workspace: String },
    #[error("too many requests; try again in {seconds} s")]
    Throttled { seconds: u64 },
    #[error("{max} queries run already; try again later")]
    Busy { max: usize },
    #[error("the request's body is larger than {max} bytes")]
    TooLarge { max: usize },
    #[error("the request's body did not arrive in time")]
    TooSlow,
    #[error("{0}")]
    Database(#[source] DatabaseError),
    #[error("{0}")]
    Query(#[source] QueryError),
    #[error("what is asked for has more than {max} bytes")]
    TooMuch { max: usize },
    #[error("the request's record cannot be written, so its answer is withheld")]
    NotRecorded,
    #[error("what is kept of feeds and searches cannot be read or written")]
    Kept,
    #[error("internal error")]
    Internal,
}

impl Fault {
    /// Returns whether it is that of a query, whose record says it.
    pub fn is_recorded(&self) -> bool {
        matches!(self, Fault::Query(_) | Fault::Database(_) | Fault::TooMuch { .. } | Fault::NotRecorded)
    }
}

/// An error as one of the APIs tells it.
pub(crate) trait Refusal: std::error::Error + From<Fault> + Send {
    /// Returns the status.
    fn status(&self) -> u16;

    /// Returns what is behind it, where that is no matter of the API.
    fn fault(&self) -> Option<&Fault>;

    /// Returns the answer that tells of it.
    fn response(&self, exchange: &Exchange) -> Response;
}
