//! Who asks, and what they may do: API tokens and roles.
//!
//! ```text
//! Authorization: Bearer vdm_<id>_<secret> ─ Tokens ─► Principal { roles, workspaces } ─ may(action, workspace) ─► bool
//! ```
//!
//! What no role allows is denied. Secrets are kept as digests, compared in constant time, and never printed: their types
//! hide them.

mod error;
mod principal;
mod role;
mod secret;
mod token;
mod token_file;
mod tokens;

pub use error::{AuthError, TokenError};
pub use principal::{Principal, Workspaces};
pub use role::{Action, Role};
pub use secret::Secret;
pub use token::{NewToken, Token};
pub use tokens::Tokens;
