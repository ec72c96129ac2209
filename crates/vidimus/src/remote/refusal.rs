//! Why a server gives no result.

use crate::draw::Finding;
use serde::Deserialize;

/// Why a server gives no result.
pub enum Refusal {
    /// The query's text is wrong.
    Wrong(Vec<Finding>),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Refusal {
        Refusal::Failed(error)
    }
}

/// An error as Kusto's services tell it.
#[derive(Deserialize)]
struct Envelope {
    error: WireError,
}

#[derive(Deserialize)]
pub(super) struct WireError {
    #[serde(default)]
    message: String,
    #[serde(rename = "@message", default)]
    detail: String,
    innererror: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "@diagnostics", default)]
    findings: Vec<WireFinding>,
}

#[derive(Deserialize)]
struct WireFinding {
    code: String,
    severity: String,
    message: String,
    start: usize,
    end: usize,
    help: Option<String>,
}

impl WireError {
    /// Returns what it says, in the fullest words that there are.
    pub fn text(&self) -> &str {
        if self.detail.is_empty() { &self.message } else { &self.detail }
    }
}

impl Refusal {
    /// Reads the answer of a server that refused.
    pub fn of_answer(status: u16, body: &str) -> Refusal {
        let Ok(Envelope { error }) = serde_json::from_str(body) else {
            return Refusal::Failed(anyhow::anyhow!("the server answers {status}, without saying why"));
        };
        let text = error.text().to_string();
        let found = error.innererror.map(|inner| inner.findings).unwrap_or_default();
        if found.is_empty() {
            return Refusal::Failed(anyhow::anyhow!("the server answers {status}: {text}"));
        }
        let finding = |found: WireFinding| Finding {
            code: found.code,
            is_error: found.severity == "error",
            message: found.message,
            start: found.start,
            end: found.end,
            help: found.help,
        };
        Refusal::Wrong(found.into_iter().map(finding).collect())
    }
}
