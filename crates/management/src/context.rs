//! What commands work with, and who asks for one.

use crate::error::CommandError;
use audit::{ActivityRecord, ActivitySink, ActivityStatus, Operation};
use auth::{Action, Principal};
use entities::{Change, Entities};
use futures::executor::block_on;
use ingest::{NamedTable, Vault, Workspace};
use kql::Diagnostic;
use kusto_ingestion::Ingestion;
use query::{Engine, Tables};
use std::sync::Arc;
use std::time::Duration;
use stdx::{Cancel, Clock};

/// Where activities are written to.
pub type Activities = Arc<dyn ActivitySink>;

/// What queries see of a database.
pub trait World: Send + Sync {
    /// Returns what a query of this text sees in a database, as of now.
    ///
    /// # Errors
    /// When it cannot be read now.
    fn tables(&self, database: &str, query: &str) -> Result<Tables, Box<dyn std::error::Error + Send + Sync>>;
}

/// The queries and commands that run now, and those that ran.
pub trait RunningQueries: Send + Sync {
    /// Returns those of a database, the newest last.
    fn list(&self, database: &str) -> Vec<QueryInfo>;

    /// Stops the queries of a client request id in a database, whoever asked for them. Returns how many there were.
    fn cancel(&self, database: &str, client_request_id: &str) -> usize;
}

/// What is known of a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryInfo {
    pub client_request_id: String,
    /// A guid.
    pub activity_id: String,
    /// Whether it is a management command.
    pub is_command: bool,
    pub text: String,
    pub database: String,
    /// In ticks.
    pub started: i64,
    /// In ticks.
    pub updated: i64,
    /// In ticks.
    pub duration: i64,
    /// `InProgress`, `Completed`, `Failed`, `Cancelled`.
    pub state: String,
    /// The name of whoever asks, which others may have too.
    pub principal: String,
    /// What nobody else has.
    pub principal_id: String,
    pub application: String,
    /// Why it failed; empty where it did not.
    pub failure: String,
    pub rows: Option<u64>,
    pub memory_peak_bytes: Option<u64>,
}

/// What all commands work with.
pub struct Manager {
    pub vault: Arc<Vault>,
    pub ingestion: Ingestion,
    pub engine: Engine,
    pub world: Arc<dyn World>,
    pub queries: Arc<dyn RunningQueries>,
    pub activities: Activities,
    pub clock: Arc<dyn Clock>,
    /// When the server started, in ticks.
    pub started: i64,
    /// The workspace of the store's own records, which are not to be taken out of sight.
    pub own_workspace: String,
}

/// A command and who asks for it.
pub struct CommandRequest {
    pub principal: Principal,
    /// Where the request comes from; empty on the machine itself.
    pub address: String,
    pub database: String,
    pub text: String,
    /// What `now()` gives in queries, in ticks.
    pub now: i64,
    /// Values of the parameters of queries.
    pub parameters: Vec<(String, String)>,
    /// How long queries may take.
    pub timeout: Duration,
    /// Whether nothing may be changed.
    pub is_readonly: bool,
    pub cancel: Cancel,
}

/// One command at work.
pub struct Context<'a> {
    pub manager: &'a Manager,
    pub request: &'a CommandRequest,
}

impl Context<'_> {
    /// Returns the database that the request names.
    pub fn database(&self) -> &str {
        &self.request.database
    }

    /// Returns whether the caller may do something in a database.
    pub fn may(&self, action: Action, database: &str) -> bool {
        self.request.principal.may(action, database)
    }

    /// Makes sure that the caller may do something in a database.
    ///
    /// # Errors
    /// When they may not.
    pub fn require(&self, action: Action, database: &str) -> Result<(), CommandError> {
        if self.may(action, database) {
            return Ok(());
        }
        let needs = match action {
            Action::Read => "read",
            Action::Ingest => "hand in records",
            Action::Manage => "manage what is kept",
            Action::Purge => "erase and destroy records",
        };
        Err(CommandError::Forbidden { database: database.to_string(), needs })
    }

    /// Returns the names of the databases that the caller may read.
    pub fn databases(&self) -> Vec<String> {
        let mut names = self.manager.vault.workspaces();
        names.retain(|name| self.may(Action::Read, name));
        names
    }

    /// Returns a database that the caller may read.
    ///
    /// # Errors
    /// When there is none of that name, or the caller may not.
    pub fn workspace_of(&self, database: &str) -> Result<Arc<Workspace>, CommandError> {
        self.require(Action::Read, database)?;
        let unknown = || CommandError::Unknown { kind: "database", name: database.to_string() };
        self.manager.vault.workspace(database).ok_or_else(unknown)
    }

    /// Returns the database that the request names.
    ///
    /// # Errors
    /// When there is none of that name. Whether the caller may use it is judged by what the command needs.
    pub fn workspace(&self) -> Result<Arc<Workspace>, CommandError> {
        let unknown = || CommandError::Unknown { kind: "database", name: self.database().to_string() };
        self.manager.vault.workspace(self.database()).ok_or_else(unknown)
    }

    /// Returns what names stand for in the database.
    ///
    /// # Errors
    /// As [`Context::workspace`].
    pub fn entities(&self) -> Result<Arc<Entities>, CommandError> {
        Ok(self.workspace()?.entities())
    }

    /// Returns a table of the database by its exact name: also one of the built-in ones that no record came for yet, which it makes when
    /// `makes` says so.
    ///
    /// # Errors
    /// When there is none.
    pub fn table(&self, name: &str) -> Result<NamedTable, CommandError> {
        self.workspace()?.named_table(name).ok_or_else(|| CommandError::no_table(name))
    }

    /// Returns what a query sees of a database.
    ///
    /// # Errors
    /// When it cannot be read now.
    pub fn tables(&self, database: &str, query: &str) -> Result<Tables, CommandError> {
        let mut tables = self.manager.world.tables(database, query).map_err(|source| {
            let database = database.to_string();
            CommandError::Unavailable { database, source }
        })?;
        tables.set_database(database);
        Ok(tables)
    }

    /// Returns what is wrong with a query over these tables.
    pub fn errors_in(&self, tables: &Tables, text: &str) -> Vec<Diagnostic> {
        let environment = kql::bind::Environment {
            catalog: tables,
            functions: &*kql_functions::FUNCTIONS,
            host: None,
            now: self.request.now,
            principal: "",
            parameters: &[],
        };
        let (_, findings) = kql::bind::bind(text, environment);
        findings.into_iter().filter(Diagnostic::is_error).collect()
    }

    /// Does something once it is written down that it is about to be done. What the log seals refers to that record.
    ///
    /// # Errors
    /// Those of the work; when the act cannot be written down.
    pub fn act<T>(
        &self,
        operation: Operation,
        resource: &str,
        work: impl FnOnce(&[String]) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let principal = &self.request.principal;
        let (time, address) = (self.manager.clock.now_ticks(), self.request.address.clone());
        let resource = format!("workspaces/{}/{resource}", self.database());
        let record = ActivityRecord::begun(time, operation, principal, address, resource, Vec::new());
        block_on(self.manager.activities.record(record.clone())).map_err(CommandError::NotRecorded)?;
        let done = work(&[format!("audit/{}", record.correlation_id)]);
        let now = self.manager.clock.now_ticks();
        let ended = match &done {
            Ok(_) => record.then(now, ActivityStatus::Succeeded, None),
            Err(error) => record.then(now, ActivityStatus::Failed, Some(("error", stdx::error_chain(error)))),
        };
        // Its beginning is written down: without an end it counts as done.
        let _ = block_on(self.manager.activities.record(ended));
        done
    }

    /// Changes names of the database, as an act.
    ///
    /// # Errors
    /// As [`Context::act`], and those of `make`.
    pub fn change(
        &self,
        operation: Operation,
        resource: &str,
        make: impl FnOnce(&Workspace) -> Result<Change, CommandError>,
    ) -> Result<(), CommandError> {
        self.act(operation, resource, |asked| self.manager.vault.change(self.database(), asked, make).map(|_| ()))
    }
}
