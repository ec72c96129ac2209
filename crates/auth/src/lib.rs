//! Who asks, and what they may do: API tokens and roles.
//!
//! ```text
//! Authorization: Bearer vdm_<id>_<secret> ─ Tokens ─► Principal { roles, workspaces } ─ may(action, workspace) ─► bool
//! ```
//!
//! Applications have an id and a secret instead, and are given a token when they sign in by them:
//!
//! ```text
//! id, secret ─ Applications ─► a token for an hour, as good as those that people make
//! ```
//!
//! What no role allows is denied. Secrets are kept as digests, compared in constant time, and never printed: their types
//! hide them.

mod application;
mod application_file;
mod applications;
mod error;
mod principal;
mod role;
mod secret;
mod stretched;
mod token;
mod token_file;
mod tokens;

pub use application::Application;
pub use applications::{Applications, Issued, SignInError};
pub use error::{AuthError, TokenError};
pub use principal::{Principal, Workspaces};
pub use role::{Action, Role};
pub use secret::Secret;
pub use token::{NewToken, Token};
pub use tokens::Tokens;
