//! The thread that looks after what is kept: it finishes what was ordered, destroys what has expired, and joins small files.

use std::sync::PoisonError;

use stdx::error_chain;

use crate::error::{ActError, VaultError};
use crate::file::remove_doomed;
use crate::table::{Rewriting, Table};
use crate::vault::{FlushFailure, Inner};
use crate::workspace::Workspace;

impl Inner {
    /// Looks after the files until the store is closed.
    pub fn run_keeper(&self) {
        let Some(every) = self.options.keep_every else { return };
        let mut n_failures = 0;
        while !self.wait_for_close(every) {
            let failed = self.keep().err();
            n_failures = if failed.is_some() { n_failures + 1 } else { 0 };
            let failure = failed.map(|(workspace, table, why)| FlushFailure { workspace, table, why, n_failures });
            *self.keep_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        }
    }

    /// Looks at every table once; an error of one does not keep the others from it. Returns the first error with its place.
    fn keep(&self) -> Result<(), (String, String, String)> {
        let mut first = Ok(());
        let mut take = |workspace: &str, table: &str, result: Result<(), ActError>| {
            if let (Err(error), Ok(())) = (result, &first) {
                first = Err((workspace.to_string(), table.to_string(), error_chain(&error)));
            }
        };
        for workspace in self.all_workspaces() {
            for table in workspace.tables() {
                if self.wait_for_close(std::time::Duration::ZERO) {
                    return first;
                }
                take(workspace.name(), table.name(), self.keep_table(&workspace, &table));
            }
        }
        take("", "", self.finish_forgetting().map_err(ActError::Vault));
        first
    }

    fn keep_table(&self, workspace: &Workspace, table: &Table) -> Result<(), ActError> {
        self.finish_erasures(workspace, table, &table.rewriting())?;
        self.expire_table(workspace, table)?;
        while self.compact_once(workspace, table)? {
            if self.wait_for_close(std::time::Duration::ZERO) {
                break;
            }
        }
        Ok(())
    }

    /// Writes the files anew that have records or cells which the log says are gone, and removes those that could not be removed before.
    pub fn finish_erasures(
        &self,
        workspace: &Workspace,
        table: &Table,
        rewriting: &Rewriting<'_>,
    ) -> Result<(), VaultError> {
        remove_doomed(workspace, table, rewriting)?;
        loop {
            let next = {
                let state = table.state();
                let catalog = &state.catalog;
                let is_due = |live: &&extents::LiveExtent| {
                    // One that cannot be read cannot be written anew; its table says so when it is asked.
                    state.files.get(&live.extent.file).is_some_and(|file| file.is_ok())
                        && (catalog.unerased(live).next().is_some() || catalog.is_in_part_expired(live))
                };
                catalog.live.values().find(is_due).map(|live| live.extent.file)
            };
            match next {
                Some(file) => self.rewrite(workspace, table, &[file], rewriting)?,
                None => return Ok(()),
            }
        }
    }
}
