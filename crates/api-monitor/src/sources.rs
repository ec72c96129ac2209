//! What a query reads: the workspaces that it is about, joined, and those that it names, as far as its sender may read them.

use crate::error::ApiError;
use api_kusto::Databases;
use auth::{Action, Principal};
use kql::catalog::RowScope;
use query::{OtherDatabases, Tables};
use std::sync::{Arc, Mutex, PoisonError};
use workspaces::Directory;

/// Workspaces for one query of one sender.
struct Others {
    databases: Arc<dyn Databases>,
    directory: Arc<Directory>,
    principal: Principal,
    query: String,
    /// Workspaces that were looked at, the request's own among them.
    seen: Mutex<Vec<String>>,
    max: usize,
}

impl OtherDatabases for Others {
    fn tables(&self, name: &str) -> Result<(String, Tables), String> {
        let workspace = self.directory.find(name).ok_or_else(|| format!("there is no workspace `{name}`"))?;
        if !self.principal.may(Action::Read, &workspace) {
            return Err(format!("the token may not query the workspace `{name}`"));
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains(&workspace) {
            if seen.len() >= self.max {
                return Err(format!("a query may read {} workspaces", self.max));
            }
            seen.push(workspace.clone());
        }
        drop(seen);
        let tables = self.databases.tables(&workspace, &self.query).map_err(|error| error.to_string())?;
        Ok((workspace, tables))
    }
}

/// What is needed to find a query's tables.
pub(crate) struct Sources<'a> {
    pub databases: &'a Arc<dyn Databases>,
    pub directory: &'a Arc<Directory>,
    pub principal: &'a Principal,
    pub workspaces_max: usize,
}

impl Sources<'_> {
    /// Returns the tables of workspaces, read together, as far as `scope` lets a query see. The first is where names are looked for
    /// first.
    pub fn tables(&self, workspaces: &[String], query: &str, scope: RowScope) -> Result<Tables, ApiError> {
        let [first, further @ ..] = workspaces else { return Err(ApiError::UnknownPath) };
        let mut tables = self.databases.tables(first, query).map_err(ApiError::Database)?;
        tables.set_database(first);
        tables.set_row_scope(scope);
        tables.set_others(Arc::new(Others {
            databases: self.databases.clone(),
            directory: self.directory.clone(),
            principal: self.principal.clone(),
            query: query.to_string(),
            seen: Mutex::new(vec![first.clone()]),
            max: self.workspaces_max,
        }));
        for workspace in further {
            tables.join_database(workspace).map_err(ApiError::Malformed)?;
        }
        Ok(tables)
    }
}
