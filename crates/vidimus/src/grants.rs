//! What tokens and applications are given: roles, workspaces, and until when.

use anyhow::bail;
use auth::{Role, TokenError, Workspaces};
use clap::Args;
use std::path::{Path, PathBuf};

/// Where a server keeps its data.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// The server's folder.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
}

impl DataArgs {
    /// Returns the folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn folder(&self) -> anyhow::Result<&Path> {
        if !self.data.is_dir() {
            bail!("there is no folder {}", self.data.display());
        }
        Ok(&self.data)
    }
}

/// What is given, as it is written.
#[derive(Debug, Args)]
pub struct GrantArgs {
    /// A role: Owner, Log Analytics Contributor, Log Analytics Reader, Monitoring Metrics Publisher or Data Purger.
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<String>,
    /// A workspace that it may use, or `*` for all.
    #[arg(long = "workspace", value_name = "NAME", required = true)]
    workspaces: Vec<String>,
    /// When it ends, such as 2027-01-01; never by default.
    #[arg(long, value_name = "DATETIME", value_parser = crate::commands::query::instant)]
    expires: Option<i64>,
}

/// What is given.
#[derive(Debug)]
pub struct Grant {
    pub roles: Vec<Role>,
    pub workspaces: Workspaces,
    /// In ticks.
    pub expires: Option<i64>,
}

impl GrantArgs {
    /// Reads what is written.
    ///
    /// # Errors
    /// When there is no such role.
    pub fn grant(self) -> Result<Grant, TokenError> {
        let role = |name: &String| Role::from_name(name).ok_or_else(|| TokenError::UnknownRole { name: name.clone() });
        let workspaces = match self.workspaces.iter().any(|name| name == "*") {
            true => Workspaces::All,
            false => Workspaces::Named(self.workspaces),
        };
        Ok(Grant { roles: self.roles.iter().map(role).collect::<Result<_, _>>()?, workspaces, expires: self.expires })
    }
}

impl Grant {
    /// Returns what the record of the act says of it.
    pub fn properties(&self) -> Vec<(String, String)> {
        let expires = self.expires.map(|expires| ("expires".to_string(), schema::ticks::datetime_text(expires)));
        let own =
            [("roles".to_string(), role_names(&self.roles)), ("workspaces".to_string(), names_of(&self.workspaces))];
        own.into_iter().chain(expires).collect()
    }
}

/// Returns the names of workspaces, separated by commas.
fn names_of(workspaces: &Workspaces) -> String {
    match workspaces {
        Workspaces::All => "*".to_string(),
        Workspaces::Named(names) => names.join(","),
    }
}

fn role_names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(",")
}

/// Returns the cells of a listing: roles, workspaces, when it was made, and when it ends.
pub fn cells(roles: &[Role], workspaces: &Workspaces, created: i64, expires: Option<i64>) -> String {
    let (roles, workspaces) = (role_names(roles), names_of(workspaces));
    let expires = expires.map_or_else(|| "-".to_string(), schema::ticks::datetime_text);
    format!("{roles}\t{workspaces}\t{}\t{expires}", schema::ticks::datetime_text(created))
}
