//! Having the write-ahead log forget what was erased or destroyed: its files are written again and again, and old records stay in them.
//!
//! A mark in the folder says that something is to be forgotten, from before it is ordered until nothing of it is left.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use sequencer::SubmitError;
use sequencer::storage::replace;
use stdx::crash_point;

use crate::error::VaultError;
use crate::vault::Inner;

/// The mark.
const MARK: &str = "forgetting";
/// The right to have the write-ahead log forget something, with the mark set.
pub(crate) type Forgetting<'a> = MutexGuard<'a, ()>;

/// How long to wait for the sequencer each time.
const WAIT: Duration = Duration::from_millis(20);

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
        let newest = loop {
            match self.sequencer.forget() {
                Ok(newest) => break newest,
                Err(SubmitError::Busy { .. }) if !self.wait_for_close(WAIT) => self.flush_all()?,
                Err(error) => return Err(not_sealed(error)),
            }
        };
        crash_point("forget.begun");
        self.flush_all()?;
        while self.sequencer.status().oldest_segment < newest {
            if let Some(stop) = self.sequencer.status().stopped {
                return Err(not_sealed(SubmitError::Stopped(stop)));
            }
            if self.wait_for_close(WAIT) {
                return Err(VaultError::NotSealed { why: "the store is being closed".to_string() });
            }
        }
        self.storage.remove(MARK).map_err(VaultError::io(MARK))?;
        crash_point("forget.done");
        self.storage.sync_folder("").map_err(VaultError::io(MARK))
    }

    /// Writes everything that is in memory to files.
    pub fn flush_all(&self) -> Result<(), VaultError> {
        for workspace in self.all_workspaces() {
            for table in workspace.tables() {
                while self.flush_table(&workspace, &table)? {}
            }
        }
        Ok(())
    }
}
