//! One application: who signs in by an id and a secret.

use crate::stretched::Stretched;
use crate::{Role, Workspaces};

/// What is kept of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// What it signs in as.
    pub id: String,
    pub roles: Vec<Role>,
    pub workspaces: Workspaces,
    /// In ticks.
    pub created: i64,
    /// When its secret ends, in ticks; `None` for never.
    pub expires: Option<i64>,
    pub(crate) secret: Stretched,
}
