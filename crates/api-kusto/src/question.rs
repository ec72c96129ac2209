//! What a request asks: `{"db", "csl", "properties"}`.

use crate::error::ApiError;
use crate::properties::Properties;
use serde::Deserialize;
use serde_json::Value;

/// A query as a client sends it.
#[derive(Debug, PartialEq)]
pub(crate) struct Question {
    pub database: String,
    pub query: String,
    pub properties: Properties,
}

/// The request's body; the same names stand in the query string of a GET.
#[derive(Deserialize)]
pub(crate) struct Wire {
    db: Option<String>,
    csl: Option<String>,
    #[serde(default)]
    properties: Value,
}

impl Question {
    /// Reads a body.
    pub fn of_body(body: &[u8]) -> Result<Question, ApiError> {
        let wire: Wire = serde_json::from_slice(body)
            .map_err(|error| ApiError::Malformed(format!("the body is no JSON object with `db` and `csl`: {error}")))?;
        Question::of_wire(wire)
    }

    /// Takes what was sent.
    pub fn of_wire(wire: Wire) -> Result<Question, ApiError> {
        let missing = |name: &str| ApiError::Malformed(format!("the request has no `{name}`"));
        Ok(Question {
            // Clients without a database send none, or an empty one.
            database: wire.db.unwrap_or_default(),
            query: wire.csl.ok_or_else(|| missing("csl"))?,
            properties: Properties::of_json(wire.properties)?,
        })
    }
}
