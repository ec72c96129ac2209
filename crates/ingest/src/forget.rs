//! Having the write-ahead log forget what was erased or destroyed: its files are written again and again, and old records stay in them.
//!
//! A mark in the folder says that something is to be forgotten, from before it is ordered until nothing of it is left.

use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sequencer::SubmitError;
use sequencer::storage::replace;
use stdx::crash_point;

use crate::error::VaultError;
use crate::table::Table;
use crate::vault::Inner;
use crate::workspace::Workspace;

/// The mark.
const MARK: &str = "forgetting";
/// The right to have the write-ahead log forget something, with the mark set.
pub(crate) type Forgetting<'a> = MutexGuard<'a, ()>;

/// How long to wait for the sequencer each time, and for the next of its files to go at most.
const WAIT: Duration = Duration::from_millis(20);
const GONE_WAIT: Duration = Duration::from_secs(300);

impl Inner {
    /// Marks that the write-ahead log holds something that is to be forgotten.
    pub fn begin_forgetting(&self) -> Result<Forgetting<'_>, VaultError> {
        let forgetting = self.forgetting.lock().unwrap_or_else(PoisonError::into_inner);
        replace(&*self.storage, MARK, b"").map_err(VaultError::io(MARK))?;
        crash_point("forget.marked");
        Ok(forgetting)
    }

    /// Does what somebody began and did not finish.
    pub fn finish_forgetting(&self) -> Result<(), VaultError> {
        let forgetting = self.forgetting.lock().unwrap_or_else(PoisonError::into_inner);
        match self.storage.read(MARK).map_err(VaultError::io(MARK))? {
            Some(_) => self.forget(forgetting),
            None => Ok(()),
        }
    }

    /// Writes all that is in memory to files, and waits until nothing of it is left in the write-ahead log.
    ///
    /// # Errors
    /// When a file cannot be written, or the store is closed before; then the next start goes on.
    pub fn forget(&self, _forgetting: Forgetting<'_>) -> Result<(), VaultError> {
        let not_sealed = |why: SubmitError| VaultError::NotSealed { why: why.to_string() };
        // What cannot be written to files now is known before another file of the write-ahead log is begun in vain.
        self.flush_all()?;
        let newest = loop {
            match self.sequencer.forget() {
                Ok(newest) => break newest,
                Err(SubmitError::Busy { .. }) if !self.wait_for_close(WAIT) => self.flush_all()?,
                Err(error) => return Err(not_sealed(error)),
            }
        };
        crash_point("forget.begun");
        self.flush_all()?;
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            let status = self.sequencer.status();
            if status.oldest_segment >= newest {
                break;
            }
            if let Some(stop) = status.stopped {
                return Err(not_sealed(SubmitError::Stopped(stop)));
            }
            if status.oldest_segment != seen {
                (seen, since) = (status.oldest_segment, Instant::now());
            } else if since.elapsed() >= GONE_WAIT {
                let why = "the write-ahead log does not let go of its old files".to_string();
                return Err(VaultError::NotSealed { why });
            }
            if self.wait_for_close(WAIT) {
                return Err(VaultError::NotSealed { why: "the store is being closed".to_string() });
            }
        }
        self.storage.remove(MARK).map_err(VaultError::io(MARK))?;
        crash_point("forget.done");
        self.storage.sync_folder("").map_err(VaultError::io(MARK))
    }

    /// Writes everything that is in memory to files; what comes meanwhile need not be waited for.
    pub fn flush_all(&self) -> Result<(), VaultError> {
        for workspace in self.all_workspaces() {
            for table in workspace.tables() {
                let end = table.state().catalog.next();
                self.flush_below(&workspace, &table, end)?;
            }
        }
        Ok(())
    }

    /// Writes the records of a table that are below one to files.
    pub fn flush_below(&self, workspace: &Workspace, table: &Table, end: u64) -> Result<(), VaultError> {
        let is_hot = || table.state().hot.batches.first().is_some_and(|hot| hot.records.first < end);
        while is_hot() && self.flush_table(workspace, table)? {}
        Ok(())
    }
}
