//! Which workspace a sender's records go to, for protocols whose requests name none: the one that its token may hand in records for.
//!
//! Where there are several, the sender names one, by name, id or resource id, in the header `x-vidimus-workspace` (or where its protocol
//! has room for it). A token for all workspaces has as many as the store, without that of the store's own records. Nothing is guessed,
//! and who may not use a workspace does not learn whether there is one of that name.

use auth::{Action, Principal};
use workspaces::Directory;

/// The header, also of gRPC's metadata, in which a sender names a workspace.
pub(crate) const WORKSPACE_HEADER: &str = "x-vidimus-workspace";
/// Names of workspaces that an error lists at most.
const LISTED_MAX: usize = 10;

/// Why records go nowhere: what the sender is told, and what every protocol gives its own status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WhoseError {
    /// HTTP's 403.
    #[error("the token may not hand in records in the workspace `{name}`")]
    Forbidden { name: String },
    /// HTTP's 403.
    #[error("the token may not hand in records in any workspace")]
    Nowhere,
    /// HTTP's 404, or what a protocol has in its place.
    #[error("there is no workspace `{name}`")]
    Unknown { name: String },
    /// HTTP's 400.
    #[error("the token may hand in records in {n} workspaces: name one in the header `{WORKSPACE_HEADER}` ({listed})")]
    Ambiguous { n: usize, listed: String },
}

/// Returns the name of the workspace that a sender's records go to; `named` is the one that the request names.
///
/// # Errors
/// The sender's: see [`WhoseError`].
pub(crate) fn workspace_of(
    principal: &Principal,
    named: Option<&str>,
    directory: &Directory,
) -> Result<String, WhoseError> {
    let may = |name: &str| principal.may(Action::Ingest, name);
    if let Some(name) = named.map(str::trim) {
        let (told, found) = (name.to_string(), directory.find(name));
        return match found {
            Some(found) if may(&found) => Ok(found),
            None if may(name) => Err(WhoseError::Unknown { name: told }),
            _ => Err(WhoseError::Forbidden { name: told }),
        };
    }
    let mut names = directory.names_of_others();
    names.retain(|name| may(name));
    match names.as_slice() {
        [] => Err(WhoseError::Nowhere),
        [name] => Ok(name.clone()),
        several => {
            let mut listed: Vec<String> = several.iter().take(LISTED_MAX).map(|name| format!("`{name}`")).collect();
            if several.len() > LISTED_MAX {
                listed.push("...".to_string());
            }
            Err(WhoseError::Ambiguous { n: several.len(), listed: listed.join(", ") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth::{Role, Workspaces};
    use ingest::{Vault, VaultOptions};
    use std::sync::Arc;
    use stdx::SystemClock;

    #[test]
    fn records_go_where_the_token_may_and_nowhere_by_guess() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::open(folder.path(), Arc::new(SystemClock), VaultOptions::default()).expect("a store");
        let vault = Arc::new(vault);
        let directory = Directory::open(vault.clone()).expect("a directory").with_own("own");
        vault.create_workspace("own").expect("a workspace");
        let principal =
            |role, workspaces| Principal { id: "t".into(), name: "n".into(), roles: vec![role], workspaces };
        let publisher = |names: &[&str]| {
            let names = names.iter().map(|name| name.to_string()).collect();
            principal(Role::MonitoringMetricsPublisher, Workspaces::Named(names))
        };
        let all = principal(Role::MonitoringMetricsPublisher, Workspaces::All);
        let of = |principal: &Principal, named| {
            workspace_of(principal, named, &directory).map_err(|error| error.to_string())
        };
        let nowhere = Err("the token may not hand in records in any workspace".to_string());
        assert_eq!(of(&all, None), nowhere);
        vault.create_workspace("prod").expect("a workspace");
        assert_eq!(of(&all, None), Ok("prod".to_string()));
        vault.create_workspace("test").expect("a workspace");

        assert_eq!(of(&publisher(&["TEST"]), None), Ok("test".to_string()));
        assert_eq!(of(&publisher(&["none"]), None), nowhere);
        assert_eq!(of(&principal(Role::LogAnalyticsReader, Workspaces::All), None), nowhere);
        let ambiguous = "the token may hand in records in 2 workspaces: name one in the header `x-vidimus-workspace` (`prod`, `test`)";
        assert_eq!(of(&all, None), Err(ambiguous.to_string()));
        assert_eq!(of(&publisher(&["prod", "test", "none"]), None), Err(ambiguous.to_string()));

        let (id, resource) = (directory.id("prod").expect("an id").to_string(), directory.resource_id("prod"));
        for name in ["prod", " Prod ", &id, &resource] {
            assert_eq!(of(&all, Some(name)), Ok("prod".to_string()), "{name}");
        }
        let unknown = |name: &str| Err(format!("there is no workspace `{name}`"));
        let forbidden = |name: &str| Err(format!("the token may not hand in records in the workspace `{name}`"));
        assert_eq!(of(&all, Some("none")), unknown("none"));
        assert_eq!(of(&publisher(&["test", "none"]), Some("none")), unknown("none"));
        // Whether there is a workspace is no affair of those who may not use it.
        for name in ["prod", "other", "", &id] {
            assert_eq!(of(&publisher(&["test"]), Some(name)), forbidden(name), "{name}");
        }
    }
}
