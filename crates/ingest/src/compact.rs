//! Joining small files into larger ones: a query opens fewer, and an index over more rows leaves out more.
//!
//! Neighbours are joined when there are enough of them and the largest is no more than half of the result, so that each row is written
//! again about as often as the number of rows can be halved.

use extents::LiveExtent;
use tlog::Hash;
use tlog::entry::SeqRange;

use crate::error::VaultError;
use crate::table::Table;
use crate::vault::{Inner, Vault};
use crate::workspace::Workspace;

/// Files that are joined at least.
const FILES_MIN: usize = 4;
/// Files that are joined at most: each has a line in the new file's entry.
const FILES_MAX: usize = 256;
/// Batches in one file at most: each has its seeds.
const BATCHES_MAX: usize = 200_000;

impl Vault {
    /// Joins small files as long as there are any to be joined; returns how many files were written.
    ///
    /// # Errors
    /// When a file is not what was sealed, or a new one cannot be written.
    pub fn compact(&self) -> Result<usize, VaultError> {
        let mut n_written = 0;
        for workspace in self.inner.all_workspaces() {
            for table in workspace.tables() {
                while self.inner.compact_once(&workspace, &table)? {
                    n_written += 1;
                }
            }
        }
        Ok(n_written)
    }
}

impl Inner {
    /// Joins some files of a table; returns whether there were any.
    pub fn compact_once(&self, workspace: &Workspace, table: &Table) -> Result<bool, VaultError> {
        let rewriting = table.rewriting();
        let files = {
            let state = table.state();
            let mut live: Vec<&LiveExtent> = state.catalog.live.values().collect();
            live.sort_by_key(|live| live.extent.records.first().map(|range| range.first));
            let sizes: Vec<Size> = live
                .iter()
                .map(|live| {
                    let batches = &state.catalog.batches;
                    let place = |record: u64| batches.partition_point(|batch| batch.first < record);
                    let n_batches = |range: &SeqRange| {
                        place(range.first.saturating_add(range.count)).saturating_sub(place(range.first))
                    };
                    Size {
                        // One that cannot be read is joined with nothing.
                        is_whole: state.files.get(&live.extent.file).is_some_and(|file| file.is_ok()),
                        n_rows: live.extent.rows,
                        n_batches: live.extent.records.iter().map(n_batches).sum(),
                        n_ranges: live.extent.records.len(),
                    }
                })
                .collect();
            let chosen = choose(&sizes, self.options.flush_rows as u64);
            let chosen = chosen.and_then(|chosen| live.get(chosen)).unwrap_or_default();
            chosen.iter().map(|live| live.extent.file).collect::<Vec<Hash>>()
        };
        if files.is_empty() {
            return Ok(false);
        }
        self.rewrite(workspace, table, &files, &rewriting)?;
        Ok(true)
    }
}

/// What counts of a file.
#[derive(Debug, Clone, Copy)]
struct Size {
    is_whole: bool,
    n_rows: u64,
    n_batches: usize,
    n_ranges: usize,
}

/// Returns the longest run of neighbours that may be joined, the first of those.
fn choose(sizes: &[Size], rows_max: u64) -> Option<std::ops::Range<usize>> {
    let mut best: Option<std::ops::Range<usize>> = None;
    for first in 0..sizes.len() {
        let (mut n_rows, mut n_batches, mut n_ranges, mut largest) = (0_u64, 0, 0, 0);
        for (place, size) in sizes.iter().enumerate().skip(first).take(FILES_MAX) {
            n_rows = n_rows.saturating_add(size.n_rows);
            n_batches += size.n_batches;
            n_ranges += size.n_ranges;
            largest = largest.max(size.n_rows);
            if !size.is_whole || n_rows > rows_max || n_batches > BATCHES_MAX || n_ranges > FILES_MAX {
                break;
            }
            let len = place + 1 - first;
            let is_even = largest.saturating_mul(2) <= n_rows;
            if len >= FILES_MIN && is_even && best.as_ref().is_none_or(|best| len > best.len()) {
                best = Some(first..place + 1);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(rows: &[u64]) -> Vec<Size> {
        rows.iter().map(|n_rows| Size { is_whole: *n_rows > 0, n_rows: *n_rows, n_batches: 1, n_ranges: 1 }).collect()
    }

    #[test]
    fn neighbours_of_like_size_are_joined() {
        for (rows, expected) in [
            (&[1, 1, 1][..], None),
            (&[1, 1, 1, 1], Some(0..4)),
            (&[100, 1, 1, 1, 1], Some(1..5)),
            (&[4, 1, 1, 1, 1], Some(0..5)),
            (&[50, 50, 50, 50], None),
            (&[90, 1, 1, 0, 1, 1], None),
            (&[1, 1, 1, 1, 100, 1, 1, 1, 1, 1], Some(5..10)),
        ] {
            assert_eq!(choose(&sizes(rows), 100), expected, "{rows:?}");
        }
    }

    #[test]
    fn rows_are_written_again_a_few_times_only() {
        let (mut files, mut n_written, n_rows) = (Vec::new(), 0, 10_000);
        for _ in 0..n_rows {
            files.extend([1]);
            while let Some(chosen) = choose(&sizes(&files), 1_000) {
                let sum: u64 = files.splice(chosen.clone(), [0]).sum();
                files[chosen.start] = sum;
                n_written += sum;
            }
        }
        assert!(n_written < 8 * n_rows, "{n_written}");
        assert!(files.len() < 30, "{}", files.len());
        assert_eq!(files.iter().sum::<u64>(), n_rows);
    }
}
