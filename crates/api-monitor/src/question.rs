//! What a request asks: `{"query", "timespan", "workspaces"}`, in a body or in the address.

use crate::error::ApiError;
use crate::prefer::Prefer;
use crate::timespan::Timespan;
use serde::Deserialize;

/// A query as a client sends it. What clients send besides, such as nulls, is passed over.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wire {
    query: Option<String>,
    timespan: Option<String>,
    workspaces: Option<Workspaces>,
}

/// Further workspaces: a list, or a text in which they stand between commas, as in an address.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Workspaces {
    List(Vec<String>),
    Text(String),
}

/// A query with all that it says about itself.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub query: String,
    pub timespan: Option<Timespan>,
    /// Names, ids or resource ids of further workspaces.
    pub workspaces: Vec<String>,
    pub prefer: Prefer,
}

impl Question {
    /// Reads a body.
    pub fn of_body(body: &[u8], prefer: Prefer, now: i64) -> Result<Question, ApiError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(ApiError::Malformed("the request has no body: a JSON object with `query` is expected".into()));
        }
        let wire = serde_json::from_slice(body)
            .map_err(|error| ApiError::Malformed(format!("the body is no JSON object with `query`: {error}")))?;
        Question::of_wire(wire, prefer, now)
    }

    /// Takes what was sent.
    pub fn of_wire(wire: Wire, prefer: Prefer, now: i64) -> Result<Question, ApiError> {
        let query = wire.query.filter(|query| !query.trim().is_empty());
        let query = query.ok_or_else(|| ApiError::Malformed("the request has no `query`".into()))?;
        let timespan = wire.timespan.filter(|text| !text.trim().is_empty());
        let timespan = timespan
            .map(|text| {
                let malformed = || {
                    let forms = "such as PT1H, 2026-01-01/2026-01-02, 2026-01-01/PT1H or PT1H/2026-01-02";
                    ApiError::Malformed(format!("the timespan `{text}` is no time range of ISO 8601, {forms}"))
                };
                Timespan::parse(&text, now).ok_or_else(malformed)
            })
            .transpose()?;
        let workspaces = match wire.workspaces {
            None => Vec::new(),
            Some(Workspaces::List(list)) => list,
            Some(Workspaces::Text(text)) => text.split(',').map(|name| name.trim().to_string()).collect(),
        };
        let workspaces = workspaces.into_iter().filter(|name| !name.is_empty()).collect();
        Ok(Question { query, timespan, workspaces, prefer })
    }
}
