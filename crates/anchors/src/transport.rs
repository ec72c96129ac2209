//! The way to others, behind a trait, so that tests can lose it.

/// Something that sends requests and brings answers back, in bounded time.
pub trait Transport: Send + Sync {
    /// Asks for a document.
    ///
    /// # Errors
    /// When there is no answer; an answer that refuses is one.
    fn get(&self, url: &str) -> Result<Reply, TransportError>;

    /// Sends a document.
    ///
    /// # Errors
    /// When there is no answer; the document may have arrived all the same.
    fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Reply, TransportError>;
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// There is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub String);
