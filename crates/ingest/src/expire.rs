//! The end of records: when their retention is over, or somebody with the right to it orders a purge.
//!
//! Whole batches go, the oldest first. An entry says which, and on which act; then the files go, or are written anew without them. What a
//! legal hold covers stays, with all of its file.

use std::sync::Arc;

use extents::LiveExtent;
use lifecycle::{DAY, Document, Purge, Rules};
use stdx::crash_point;
use tlog::Hash;
use tlog::entry::{Entry, Lifecycle, SeqRange};

use crate::error::{ActError, VaultError};
use crate::file::remove_doomed;
use crate::table::{Rewriting, Table};
use crate::vault::{Inner, Vault};
use crate::workspace::Workspace;

/// Files in one entry at most: each takes 70 bytes of the 65,535 that an entry may have.
const FILES_MAX: usize = 800;

/// What was destroyed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Destroyed {
    pub n_records: u64,
    pub n_files: usize,
    /// Records that stay because a legal hold covers their files.
    pub n_held: u64,
}

impl Vault {
    /// Destroys the records of a table that were sealed before a moment, in ticks, whatever its retention says. Batches go as wholes.
    ///
    /// # Errors
    /// When there is no such table, the act cannot be done, or files cannot be removed.
    pub fn purge(
        &self,
        workspace: &str,
        table: &str,
        before: i64,
        reason: &str,
        authorities: &[String],
    ) -> Result<Destroyed, ActError> {
        let inner = &self.inner;
        let workspace = inner.governed(workspace)?;
        let unknown = || ActError::UnknownTable { name: table.to_string() };
        let table = workspace.find_table(table).ok_or_else(unknown)?;
        let mut governance = workspace.govern()?;
        let before_record = table.state().catalog.first_since(before);
        let (name, reason) = (table.name().to_string(), reason.to_string());
        let document = Document::Purge(Purge { table: name, before_record, reason });
        let act = inner.seal_act(&workspace, &mut governance.rules, document, authorities)?;
        inner.destroy(&workspace, &table, &governance.rules, before_record, act, 0)
    }

    /// Destroys what the retention of its table does not keep any more; returns what went in all tables together.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub fn expire(&self) -> Result<Destroyed, ActError> {
        let mut sum = Destroyed::default();
        for workspace in self.inner.all_workspaces() {
            for table in workspace.tables() {
                let Destroyed { n_records, n_files, n_held } = self.inner.expire_table(&workspace, &table)?;
                sum.n_records += n_records;
                sum.n_files += n_files;
                sum.n_held += n_held;
            }
        }
        Ok(sum)
    }
}

impl Inner {
    /// Destroys what the retention of a table does not keep any more. A file that is cut is cut when a day of it is over.
    pub fn expire_table(&self, workspace: &Workspace, table: &Table) -> Result<Destroyed, ActError> {
        let governance = workspace.govern()?;
        let now = self.clock.now_ticks();
        let rules = &governance.rules;
        let (Some(before), Some(policy)) = (rules.expiry(table.name(), now), rules.policy(table.name())) else {
            return Ok(Destroyed::default());
        };
        let cut = table.state().catalog.first_since(before);
        self.destroy(workspace, table, rules, cut, policy.entry, DAY)
    }

    /// Destroys records below `cut`, the first of a batch, on the word of the act of entry `act`. A file with later records is cut if it has
    /// records that were sealed `cut_after` ticks before the cut.
    fn destroy(
        &self,
        workspace: &Workspace,
        table: &Table,
        rules: &Rules,
        cut: u64,
        act: u64,
        cut_after: i64,
    ) -> Result<Destroyed, ActError> {
        self.flush_below(workspace, table, cut)?;
        let mut destroyed = Destroyed::default();
        // What is decided here of files has to hold until it is sealed.
        let rewriting = table.rewriting();
        let (runs, n_held) = self.runs(table, rules, cut, cut_after)?;
        destroyed.n_held = n_held;
        if runs.is_empty() {
            return Ok(destroyed);
        }
        let forgetting = self.begin_forgetting()?;
        for run in runs {
            destroyed.n_records += run.count;
            destroyed.n_files += self.destroy_run(workspace, table, rules, run, act, &rewriting)?;
        }
        self.finish_erasures(workspace, table, &rewriting)?;
        drop(rewriting);
        self.forget(forgetting)?;
        Ok(destroyed)
    }

    /// Returns the runs of records below a cut that are in files and can go, and the number of those that a hold keeps.
    fn runs(&self, table: &Table, rules: &Rules, cut: u64, cut_after: i64) -> Result<(Vec<SeqRange>, u64), ActError> {
        let state = table.state();
        let mut runs = Vec::new();
        let mut n_held = 0;
        let end_time = state.catalog.batch_of(cut).map_or(i64::MAX, |batch| batch.time);
        for live in state.catalog.live.values() {
            let below: Vec<SeqRange> = live.extent.records.iter().filter_map(|range| below(range, cut)).collect();
            let first = below.first().and_then(|range| state.catalog.batch_of(range.first));
            let Some(first) = first else { continue };
            let is_cut = below != live.extent.records;
            if is_cut && end_time.saturating_sub(first.time) < cut_after {
                continue;
            }
            let broken = |source: &Arc<extents::ExtentError>| {
                let table = table.name().to_string();
                VaultError::Extent { table, source: source.clone() }
            };
            let file = state.files.get(&live.extent.file).map(|file| file.as_ref().map_err(broken)).transpose()?;
            let (low, high) = file.and_then(|file| file.times()).unwrap_or((i64::MIN, i64::MAX));
            if rules.hold_on(table.name(), low, high).is_some() {
                n_held += below.iter().map(|range| range.count).sum::<u64>();
                continue;
            }
            runs.extend(below);
        }
        Ok((extents::join(runs), n_held))
    }

    /// Seals that a run of records is destroyed, and removes the files that have no others; returns how many.
    fn destroy_run(
        &self,
        workspace: &Workspace,
        table: &Table,
        rules: &Rules,
        run: SeqRange,
        act: u64,
        rewriting: &Rewriting<'_>,
    ) -> Result<usize, ActError> {
        let mut n_files = 0;
        let mut rest = run;
        while rest.count > 0 {
            // Each entry names all files that have none but destroyed records then: there is none that nothing will remove.
            let run = first_part(rest, gone_files(table, rest).iter().map(end).collect());
            rest = SeqRange { first: run.first + run.count, count: rest.count - run.count };
            let gone = gone_files(table, run);
            let files: Vec<Hash> = gone.iter().map(|live| live.extent.file).collect();
            let lifecycle = Lifecycle {
                table: table.name().to_string(),
                policy: format!("act/{act}"),
                records: run,
                files,
                n_holds: rules.holds().len() as u64,
                time: self.clock.now_ticks(),
            };
            self.seal_entry(workspace, Entry::Lifecycle(lifecycle.clone()))?;
            crash_point("expire.sealed");
            let mut state = table.state();
            state.catalog.push_lifecycle(&lifecycle).map_err(VaultError::Internal)?;
            for live in &gone {
                state.files.remove(&live.extent.file);
                state.doomed.push(live.extent.path.clone());
            }
            drop(state);
            remove_doomed(workspace, table, rewriting)?;
            n_files += gone.len();
        }
        Ok(n_files)
    }
}

/// Returns the files that have no other records than those of a run and those that were destroyed before.
fn gone_files(table: &Table, run: SeqRange) -> Vec<LiveExtent> {
    let state = table.state();
    let expired = extents::join(state.catalog.expired.iter().copied().chain([run]).collect());
    let is_gone = |live: &&LiveExtent| live.extent.records.iter().all(|range| extents::covers(&expired, range));
    state.catalog.live.values().filter(is_gone).cloned().collect()
}

/// Returns the number after that of a file's last record.
fn end(live: &LiveExtent) -> u64 {
    live.extent.records.last().map_or(0, |range| range.first.saturating_add(range.count))
}

/// Returns as much of a run, from its first record on, as takes no more files with it than an entry can name; `ends` are those of all files
/// that go with the whole run.
fn first_part(run: SeqRange, mut ends: Vec<u64>) -> SeqRange {
    ends.sort_unstable();
    let end = ends.get(FILES_MAX - 1).filter(|end| ends.len() > FILES_MAX && **end > run.first);
    end.map_or(run, |end| SeqRange { first: run.first, count: run.count.min(end - run.first) })
}

/// Returns the part of a run that is below a record.
fn below(range: &SeqRange, cut: u64) -> Option<SeqRange> {
    let count = cut.saturating_sub(range.first).min(range.count);
    (count > 0).then_some(SeqRange { first: range.first, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_many_files_takes_several_entries() {
        let run = SeqRange { first: 100, count: 4_000 };
        let ends = |n: u64| (1..=n).rev().map(|file| 100 + file * 4).collect::<Vec<u64>>();
        assert_eq!(first_part(run, ends(800)), run);
        assert_eq!(first_part(run, ends(1_000)), SeqRange { first: 100, count: 3_200 });
        assert_eq!(first_part(run, Vec::new()), run);
    }
}
