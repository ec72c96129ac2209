//! What is in a workspace's tables, as its log says: batches, the files that hold them, and what of them may be gone.

use std::collections::BTreeMap;

use tlog::entry::{Act, BatchEntry, Entry, Extent, Lifecycle, Redaction, SeqRange};
use tlog::{Hash, TextError};

/// A batch of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRef {
    /// Its index in the log.
    pub entry: u64,
    pub first: u64,
    pub count: u64,
    pub schema_id: u32,
    pub schema_hash: Hash,
    pub root: Hash,
    pub time: i64,
}

/// A file that holds records which are in no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveExtent {
    /// The index of its entry in the log.
    pub entry: u64,
    pub extent: Extent,
}

/// What the log says of one table.
#[derive(Debug, Clone, Default)]
pub struct TableCatalog {
    /// In the log's order, which is that of record numbers.
    pub batches: Vec<BatchRef>,
    /// By the hash of the file.
    pub live: BTreeMap<Hash, LiveExtent>,
    /// Runs of records that were destroyed by a lifecycle policy, ascending and joined.
    pub expired: Vec<SeqRange>,
    /// Cells that were ordered to be erased: by record and column, the entry that says so.
    pub erased: BTreeMap<u64, BTreeMap<u16, u64>>,
    /// The leaf hash of the last batch.
    last_leaf: Option<Hash>,
}

/// What the log says of all tables.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub tables: BTreeMap<String, TableCatalog>,
    /// Acts of governance with the indices of their entries.
    pub acts: Vec<(u64, Act)>,
    /// Entries that were read.
    pub n_entries: u64,
}

/// The log contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    #[error("entry {entry} cannot be read")]
    Entry { entry: u64, source: TextError },
    #[error("entry {entry}: {why} in table `{table}`")]
    Contradiction { entry: u64, table: String, why: String },
}

impl TableCatalog {
    /// Returns the number of the table's next record.
    pub fn next(&self) -> u64 {
        self.batches.last().map_or(0, |batch| batch.first.saturating_add(batch.count))
    }

    /// Returns the batch of a log entry.
    pub fn batch(&self, entry: u64) -> Option<&BatchRef> {
        let idx = self.batches.binary_search_by_key(&entry, |batch| batch.entry).ok()?;
        self.batches.get(idx)
    }

    /// Returns the batch that holds a record.
    pub fn batch_of(&self, record: u64) -> Option<&BatchRef> {
        let idx = self.batches.partition_point(|batch| batch.first <= record).checked_sub(1)?;
        self.batches.get(idx).filter(|batch| record - batch.first < batch.count)
    }

    /// Returns the runs of records that are in live files or expired, ascending and joined.
    pub fn stored(&self) -> Vec<SeqRange> {
        let in_files = self.live.values().flat_map(|live| live.extent.records.iter().copied());
        join(in_files.chain(self.expired.iter().copied()).collect())
    }

    /// Takes up a batch that the sequencer has just numbered.
    pub fn push_batch(&mut self, batch: BatchRef) {
        self.batches.push(batch);
    }

    /// Takes up a file that was just sealed.
    ///
    /// # Errors
    /// When it contradicts what is known.
    pub fn push_extent(&mut self, entry: u64, extent: &Extent) -> Result<(), String> {
        self.add_extent(entry, extent)
    }

    /// Returns whether all records of a run were destroyed.
    pub fn is_expired(&self, range: &SeqRange) -> bool {
        covers(&self.expired, range)
    }

    /// Returns whether some of a file's records were destroyed, and are there yet.
    pub fn has_expired(&self, live: &LiveExtent) -> bool {
        live.extent.records.iter().any(|range| self.expired.iter().any(|expired| overlap(expired, range)))
    }

    /// Returns whether some of a file's records were destroyed, and not all.
    pub fn is_in_part_expired(&self, live: &LiveExtent) -> bool {
        self.has_expired(live) && !live.extent.records.iter().all(|range| self.is_expired(range))
    }

    /// Returns the number of the first record that was sealed at a moment, in ticks, or later.
    pub fn first_since(&self, time: i64) -> u64 {
        let idx = self.batches.partition_point(|batch| batch.time < time);
        self.batches.get(idx).map_or(self.next(), |batch| batch.first)
    }

    /// Returns the columns of which cells have to be erased in a file yet, by record: what was ordered after the file was sealed.
    pub fn unerased<'a>(&'a self, live: &'a LiveExtent) -> impl Iterator<Item = (u64, Vec<u16>)> + 'a {
        let of_range = |range: &SeqRange| self.erased.range(range.first..range.first.saturating_add(range.count));
        let due = |columns: &BTreeMap<u16, u64>| -> Vec<u16> {
            columns.iter().filter(|(_, entry)| **entry > live.entry).map(|(column, _)| *column).collect()
        };
        let records = live.extent.records.iter().flat_map(of_range);
        records.map(move |(record, columns)| (*record, due(columns))).filter(|(_, columns)| !columns.is_empty())
    }

    /// Takes up an order to erase cells that was just sealed.
    pub fn push_redaction(&mut self, entry: u64, redaction: &Redaction) {
        let columns = self.erased.entry(redaction.record).or_default();
        for column in &redaction.columns {
            columns.entry(*column).or_insert(entry);
        }
    }

    /// Takes up the destruction of records that was just sealed.
    ///
    /// # Errors
    /// When it contradicts what is known.
    pub fn push_lifecycle(&mut self, lifecycle: &Lifecycle) -> Result<(), String> {
        self.add_lifecycle(lifecycle)
    }

    /// Takes up an entry about this table.
    fn add(&mut self, index: u64, entry: &Entry) -> Result<(), String> {
        match entry {
            Entry::Batch(batch) => self.add_batch(index, batch),
            Entry::Extent(extent) => self.add_extent(index, extent),
            Entry::Lifecycle(lifecycle) => self.add_lifecycle(lifecycle),
            Entry::Redaction(redaction) => {
                if redaction.record >= self.next() {
                    return Err(format!("cells of record {} are erased, which was never sealed", redaction.record));
                }
                self.push_redaction(index, redaction);
                Ok(())
            }
            Entry::Act(_) | Entry::Heartbeat(_) => Ok(()),
        }
    }

    fn add_batch(&mut self, index: u64, batch: &BatchEntry) -> Result<(), String> {
        if batch.first != self.next() || batch.prev != self.last_leaf {
            return Err(format!("the batch does not follow the one before, which ends at {}", self.next()));
        }
        self.last_leaf = Some(batch.leaf());
        self.batches.push(BatchRef {
            entry: index,
            first: batch.first,
            count: batch.count,
            schema_id: batch.schema_id,
            schema_hash: batch.schema_hash,
            root: batch.root,
            time: batch.time,
        });
        Ok(())
    }

    fn add_extent(&mut self, index: u64, extent: &Extent) -> Result<(), String> {
        let mut replaced = Vec::new();
        for file in &extent.replaces {
            match self.live.get(file) {
                Some(live) => replaced.extend(live.extent.records.iter().copied()),
                None => return Err(format!("the file replaces {file}, which is not live")),
            }
        }
        if !extent.replaces.is_empty() && !extent.records.iter().all(|range| covers(&join(replaced.clone()), range)) {
            return Err("the file has records that those it replaces have not".to_string());
        }
        let stays = join(extent.records.iter().chain(&self.expired).copied().collect());
        if let Some(range) = replaced.iter().find(|range| !covers(&stays, range)) {
            return Err(format!(
                "records {} and on leave their file, and nothing says that they are gone",
                range.first
            ));
        }
        if extent.records.iter().any(|range| range.first.saturating_add(range.count) > self.next()) {
            return Err("the file has records that were never sealed".to_string());
        }
        let others = self.live.iter().filter(|(file, _)| !extent.replaces.contains(file));
        let mut taken = others.flat_map(|(_, live)| live.extent.records.iter());
        if let Some(range) = taken.find(|range| extent.records.iter().any(|own| overlap(own, range))) {
            return Err(format!("record {} or a later one is in two files", range.first));
        }
        self.live.retain(|file, _| !extent.replaces.contains(file));
        self.live.insert(extent.file, LiveExtent { entry: index, extent: extent.clone() });
        Ok(())
    }

    fn add_lifecycle(&mut self, lifecycle: &Lifecycle) -> Result<(), String> {
        let SeqRange { first, count } = lifecycle.records;
        if first.saturating_add(count) > self.next() {
            return Err("the lifecycle destroys records that were never sealed".to_string());
        }
        let expired = join(self.expired.iter().chain([&lifecycle.records]).copied().collect());
        for file in &lifecycle.files {
            match self.live.get(file) {
                Some(live) if live.extent.records.iter().all(|range| covers(&expired, range)) => {}
                Some(_) => return Err(format!("the lifecycle destroys {file}, which has other records")),
                None => return Err(format!("the lifecycle destroys {file}, which is not live")),
            }
        }
        self.live.retain(|file, _| !lifecycle.files.contains(file));
        self.expired = expired;
        Ok(())
    }
}

impl Catalog {
    /// Takes up the next entry of the log.
    ///
    /// # Errors
    /// When the entry has no form that is known, or contradicts those before it.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Entry, CatalogError> {
        let index = self.n_entries;
        let entry = Entry::parse(bytes).map_err(|source| CatalogError::Entry { entry: index, source })?;
        let table = match &entry {
            Entry::Batch(batch) => Some(&batch.table),
            Entry::Extent(extent) => Some(&extent.table),
            Entry::Lifecycle(lifecycle) => Some(&lifecycle.table),
            Entry::Redaction(redaction) => Some(&redaction.table),
            Entry::Act(_) | Entry::Heartbeat(_) => None,
        };
        if let Some(table) = table {
            let known = self.tables.entry(table.clone()).or_default();
            let contradiction = |why| CatalogError::Contradiction { entry: index, table: table.clone(), why };
            known.add(index, &entry).map_err(contradiction)?;
        }
        if let Entry::Act(act) = &entry {
            self.acts.push((index, act.clone()));
        }
        self.n_entries += 1;
        Ok(entry)
    }
}

fn overlap(a: &SeqRange, b: &SeqRange) -> bool {
    a.first < b.first.saturating_add(b.count) && b.first < a.first.saturating_add(a.count)
}

/// Returns whether a run lies in one of joined runs.
pub fn covers(joined: &[SeqRange], range: &SeqRange) -> bool {
    let end = range.first.saturating_add(range.count);
    joined.iter().any(|by| by.first <= range.first && end <= by.first.saturating_add(by.count))
}

/// Sorts runs and joins those that touch.
pub fn join(mut ranges: Vec<SeqRange>) -> Vec<SeqRange> {
    ranges.sort_by_key(|range| range.first);
    let mut joined: Vec<SeqRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.first.saturating_add(last.count) >= range.first => {
                let end = range.first.saturating_add(range.count).max(last.first.saturating_add(last.count));
                last.count = end - last.first;
            }
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog::entry::FilePart;

    fn batch(first: u64, count: u64, prev: Option<Hash>) -> BatchEntry {
        let hash = Hash::of(b"");
        let table = "T".to_string();
        BatchEntry { table, schema_id: 1, schema_hash: hash, first, count, time: 0, root: hash, prev }
    }

    fn extent(name: &str, records: &[(u64, u64)], replaces: &[&str]) -> Entry {
        let hash = |name: &str| Hash::of(name.as_bytes());
        let records: Vec<SeqRange> =
            records.iter().map(|(first, count)| SeqRange { first: *first, count: *count }).collect();
        Entry::Extent(Extent {
            table: "T".to_string(),
            path: name.to_string(),
            bytes: 4,
            rows: records.iter().map(|range| range.count).sum(),
            file: hash(name),
            row_groups: Vec::new(),
            terms: None,
            footer: FilePart { bytes: 0, hash: hash(name) },
            records,
            replaces: replaces.iter().map(|name| hash(name)).collect(),
            time: 0,
        })
    }

    /// Takes up entries, each of which is refused with the text beside it, or taken if there is none.
    fn catalog_of(entries: &[(Entry, &str)]) -> Catalog {
        let mut catalog = Catalog::default();
        for (entry, error) in entries {
            let found =
                catalog.add(entry.to_text().as_bytes()).map_or_else(|error| error.to_string(), |_| String::new());
            assert!(found.contains(error) && found.is_empty() == error.is_empty(), "{found} {error}");
        }
        catalog
    }

    #[test]
    fn records_leave_their_files_when_an_entry_says_so() {
        let first = batch(0, 5, None);
        let second = batch(5, 5, Some(first.leaf()));
        let lifecycle = |first, count, files: &[&str]| {
            let files = files.iter().map(|name| Hash::of(name.as_bytes())).collect();
            let (table, policy) = ("T".to_string(), "act/0".to_string());
            let records = SeqRange { first, count };
            Entry::Lifecycle(Lifecycle { table, policy, records, files, n_holds: 0, time: 0 })
        };
        let entries = [
            (Entry::Batch(first), ""),
            (Entry::Batch(second), ""),
            (extent("a", &[(0, 10)], &[]), ""),
            (extent("b", &[(5, 5)], &["a"]), "records 0 and on leave their file"),
            (lifecycle(0, 5, &["a"]), "which has other records"),
            (lifecycle(0, 5, &["x"]), "not live"),
            (lifecycle(0, 5, &[]), ""),
            (extent("b", &[(5, 5)], &["a"]), ""),
            (lifecycle(5, 5, &["b"]), ""),
        ];
        let catalog = catalog_of(&entries);
        let table = &catalog.tables["T"];
        assert_eq!((table.live.len(), table.stored()), (0, vec![SeqRange { first: 0, count: 10 }]));
    }

    #[test]
    fn the_live_files_follow_from_the_log() {
        let first = batch(0, 5, None);
        let second = batch(5, 5, Some(first.leaf()));
        let entries = [
            (Entry::Batch(first.clone()), ""),
            (extent("a", &[(0, 6)], &[]), "never sealed"),
            (extent("a", &[(0, 5)], &[]), ""),
            (Entry::Batch(first), "does not follow"),
            (Entry::Batch(batch(5, 5, None)), "entry 2 cannot be read"),
            (Entry::Batch(second), ""),
            (extent("b", &[(4, 2)], &[]), "in two files"),
            (extent("b", &[(5, 5)], &[]), ""),
            (extent("c", &[(0, 10)], &["a"]), "that those it replaces have not"),
            (extent("c", &[(0, 10)], &["a", "x"]), "not live"),
            (extent("c", &[(0, 10)], &["a", "b"]), ""),
        ];
        let catalog = catalog_of(&entries);
        let table = &catalog.tables["T"];
        assert_eq!(table.live.keys().copied().collect::<Vec<_>>(), [Hash::of(b"c")]);
        assert_eq!((table.next(), table.stored()), (10, vec![SeqRange { first: 0, count: 10 }]));
        assert_eq!(table.batch_of(7).map(|batch| batch.entry), Some(2));
        assert_eq!((table.batch(2).map(|batch| batch.first), table.batch_of(10)), (Some(5), None));
    }
}
