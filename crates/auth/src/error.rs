//! Why somebody is not let in, and what can go wrong with tokens.

use std::path::PathBuf;

/// Why a request is nobody's.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("the request carries no token; send `Authorization: Bearer <token>`")]
    Missing,
    /// Also said of a token whose secret is wrong: who guesses learns nothing.
    #[error("the token is not valid")]
    Invalid,
    #[error("the token has expired")]
    Expired,
    /// Nobody is let in while it is unknown who may come in.
    #[error("tokens cannot be checked")]
    Unavailable(#[source] TokenError),
}

/// What can go wrong with tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("cannot {step} {}", path.display())]
    File { step: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{} may be read or written by others; `chmod 600` it", path.display())]
    OpenToOthers { path: PathBuf },
    #[error("line {line} of {} cannot be read", path.display())]
    Damaged { path: PathBuf, line: usize },
    #[error("there is no token `{id}`")]
    UnknownToken { id: String },
    #[error("`{name}` is no role: there are {}", crate::Role::ALL.map(|role| role.name()).join(", "))]
    UnknownRole { name: String },
    #[error("a token needs at least one role and one workspace")]
    NothingGranted,
    #[error("`{name}` is no name: it is empty, longer than {max} bytes, or holds a comma or a control character")]
    BadName { name: String, max: usize },
    #[error("the system gives no random bytes")]
    NoEntropy,
    #[error("there is no application `{id}`")]
    UnknownApplication { id: String },
    #[error("there is an application `{id}` already")]
    ApplicationExists { id: String },
    #[error("a secret has {min} to {max} bytes")]
    SecretLength { min: usize, max: usize },
    #[error("a secret cannot be hashed")]
    Hash,
}
