//! Whoever was let in.

use crate::{Action, Role};

/// The workspaces that somebody may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Workspaces {
    All,
    /// By name, in any case, as databases are named.
    Named(Vec<String>),
}

impl Workspaces {
    /// Returns whether the workspace is among them.
    pub fn contains(&self, workspace: &str) -> bool {
        match self {
            Workspaces::All => true,
            Workspaces::Named(names) => names.iter().any(|name| name.eq_ignore_ascii_case(workspace)),
        }
    }
}

/// Somebody who was let in, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The id of the token.
    pub id: String,
    /// The name that the token was given.
    pub name: String,
    pub roles: Vec<Role>,
    pub workspaces: Workspaces,
}

impl Principal {
    /// Returns whether a role of theirs allows the action, and they may use the workspace.
    pub fn may(&self, action: Action, workspace: &str) -> bool {
        self.workspaces.contains(workspace) && self.roles.iter().any(|role| role.actions().contains(&action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_granted_is_denied() {
        let principal = |roles: &[Role], workspaces| Principal {
            id: "t".into(),
            name: "n".into(),
            roles: roles.to_vec(),
            workspaces,
        };
        let named = |name: &str| Workspaces::Named(vec![name.to_string()]);
        let reader = principal(&[Role::LogAnalyticsReader], named("prod"));
        assert!(reader.may(Action::Read, "prod"));
        assert!(reader.may(Action::Read, "Prod"));
        assert!(!reader.may(Action::Read, "prod2"));
        assert!(!reader.may(Action::Ingest, "prod"));
        assert!(!reader.may(Action::Manage, "prod"));
        assert!(!principal(&[], Workspaces::All).may(Action::Read, "prod"));
        assert!(!principal(&[Role::Owner], Workspaces::Named(vec![])).may(Action::Read, "prod"));
        assert!(principal(&[Role::Owner], Workspaces::All).may(Action::Manage, "any"));
    }
}
