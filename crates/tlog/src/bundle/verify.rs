//! Verifying a bundle.

use std::collections::{BTreeMap, BTreeSet};

use super::claim::{Claim, ClaimKind};
use super::consistency::Consistency;
use super::records::{BatchRecords, RowCell};
use super::report::{Report, ShownCell, ShownRow};
use super::silence::{check_silence, heartbeats};
use super::{CHECKPOINT, CLAIM, Files, README_NAME, VERIFY_PY, VERIFY_PY_NAME};
use crate::entry::{BatchEntry, Heartbeat};
use crate::note::SignedNote;
use crate::policy::WitnessState;
use crate::record::SchemaDoc;
use crate::text::{escape, number};
use crate::tree::{subset_root, verify_consistency, verify_inclusion};
use crate::{Checkpoint, Hash, LogProof, Policy, PolicyError, ProofError, TextError};

/// Why a bundle proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("`{file}` is missing")]
    Missing { file: String },
    #[error("`{file}`: {source}")]
    Text { file: String, source: TextError },
    #[error("`{file}`: {source}")]
    Proof { file: String, source: ProofError },
    #[error("`{file}`: {source}")]
    Policy { file: String, source: PolicyError },
    #[error("`{file}`: {why}")]
    Contradiction { file: String, why: String },
}

/// A checkpoint that the verifier saw earlier and believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin(pub Checkpoint);

/// A batch whose entry is in the log.
struct Batch {
    index: u64,
    entry: BatchEntry,
    n_rows: u64,
}

/// Verifies everything that a bundle claims.
///
/// # Errors
/// With the first thing that is wrong. What was found right before that counts for nothing.
pub fn verify(files: &Files, policy: &Policy, pins: &[Pin]) -> Result<Report, Refusal> {
    let claim = Claim::parse(file(files, CLAIM)?).map_err(in_text(CLAIM))?;
    let note_bytes = file(files, CHECKPOINT)?;
    let note = SignedNote::parse(note_bytes).map_err(in_text(CHECKPOINT))?;
    let checkpoint = Checkpoint::parse(&note.text).map_err(in_text(CHECKPOINT))?;
    if checkpoint.origin != claim.origin {
        return contradiction(CHECKPOINT, "the checkpoint is of another log than the claim");
    }
    let mut rows = Vec::new();
    let batches = batches(files, &checkpoint, note_bytes, &mut rows)?;
    let mut proved = Vec::new();
    let mut open = Vec::new();
    for batch in &batches {
        let BatchEntry { table, first, time, .. } = &batch.entry;
        let (span, time) = (span_text(*first, batch.entry.end()), crate::ticks_text(*time).unwrap_or_default());
        let index = batch.index;
        proved.push(format!("entry {index}: {span} of table {table}, sealed at {time} by the vault's clock"));
    }
    let heartbeats = heartbeats(files, &checkpoint, note_bytes, &mut proved)?;
    check_claims(&claim, &batches, &rows, &mut proved, &mut open)?;
    check_silence(&claim, &heartbeats, &mut proved, &mut open)?;
    hidden_columns(&rows, &mut open);

    let earlier = consistencies(files, &checkpoint)?;
    if claim.tables.is_empty() && earlier.is_empty() {
        return contradiction(CLAIM, "nothing is claimed");
    }
    let mut growth = Vec::new();
    for (name, old, _) in &earlier {
        let size = old.size;
        growth.push(format!(
            "the log's checkpoint of size {size} is its beginning: nothing before was changed or removed"
        ));
        if old.origin != checkpoint.origin {
            return contradiction(name, "the earlier checkpoint is of another log");
        }
    }
    for Pin(pin) in pins {
        let is_same = *pin == checkpoint;
        if !is_same && !earlier.iter().any(|(_, old, _)| old == pin) {
            let why = if pin.origin != checkpoint.origin {
                "the pinned checkpoint is of another log".to_string()
            } else if pin.size > checkpoint.size {
                format!("the pinned checkpoint has {} entries: the log was rolled back", pin.size)
            } else {
                format!("nothing shows that the pinned checkpoint of size {} is the beginning of this one", pin.size)
            };
            return contradiction(CHECKPOINT, why);
        }
        growth.push(format!("the pinned checkpoint of size {} is its beginning", pin.size));
    }

    // Signatures come last, because they cost the most.
    let sighting = policy.check(&note).map_err(in_policy(CHECKPOINT))?;
    for (name, _, consistency) in &earlier {
        policy.check_log(&consistency.old).map_err(in_policy(name))?;
    }
    let mut head = vec![format!("the log {} signed a checkpoint of size {}", checkpoint.origin, checkpoint.size)];
    for key in &sighting.signers {
        head.push(format!("it signed with the key {}+{:08x}", key.name(), key.id()));
    }
    let mut silent = Vec::new();
    for witness in &sighting.witnesses {
        let name = &witness.name;
        match witness.state {
            WitnessState::SeenAt(time) => {
                let time = crate::seconds_text(time).unwrap_or_default();
                head.push(format!("witness {name} saw it at {time}"));
            }
            WitnessState::Silent => silent.push(format!("witness {name} did not sign this checkpoint")),
            WitnessState::Unverified => silent.push(format!("witness {name} signs in a way that is not verified here")),
        }
    }
    match &sighting.quorum {
        Some(quorum) => head.push(format!("the quorum {quorum} is met")),
        None => silent.push("no witness is asked for: the log could have shown others another history".to_string()),
    }
    if pins.is_empty() {
        silent.push("no pinned checkpoint was given: that the log was not rolled back is not shown".to_string());
    }
    head.append(&mut growth);
    head.append(&mut proved);
    silent.append(&mut open);
    silent.push("that records were true when they came in, and the vault's clock right".to_string());
    for name in unknown_files(files, &batches, &heartbeats, &earlier) {
        silent.push(format!("file {name} was not looked at"));
    }
    if files.get(VERIFY_PY_NAME).is_some_and(|bytes| bytes != VERIFY_PY.as_bytes()) {
        silent.push("the bundle's verify.py is not this verifier's: do not trust it".to_string());
    }
    rows.sort_by(|a, b| (&a.table, a.record).cmp(&(&b.table, b.record)));
    Ok(Report { proved: head, open: silent, rows })
}

/// Reads every batch, its place in the log, and its records.
fn batches(
    files: &Files,
    checkpoint: &Checkpoint,
    note: &[u8],
    rows: &mut Vec<ShownRow>,
) -> Result<Vec<Batch>, Refusal> {
    let mut indexes = Vec::new();
    for name in files.keys() {
        let of = |suffix| name.strip_prefix("batch-").and_then(|rest: &str| rest.strip_suffix(suffix)).and_then(number);
        if let Some(index) = of(".tlog-proof") {
            indexes.push(index);
        } else if let Some(index) = of(".records") {
            file(files, &super::proof_name(index))?;
        }
    }
    indexes.sort_unstable();
    let mut batches = Vec::new();
    for index in indexes {
        let name = super::proof_name(index);
        let proof = log_proof(files, &name, index, note)?;
        let extra = proof.extra.as_deref().unwrap_or_default();
        let entry = BatchEntry::parse(extra).map_err(in_text(&name))?;
        check_inclusion(&name, extra, &proof, checkpoint)?;
        let name = super::schema_name(&entry.schema_hash);
        let schema = SchemaDoc::parse(file(files, &name)?).map_err(in_text(&name))?;
        if schema.hash() != entry.schema_hash || schema.table != entry.table || schema.id != entry.schema_id {
            return contradiction(&name, "the schema is not that of the batch");
        }
        let name = super::records_name(index);
        let mut n_rows = 0;
        if let Some(bytes) = files.get(&name) {
            let records = BatchRecords::parse(bytes).map_err(in_text(&name))?;
            n_rows = records.rows.len() as u64;
            check_records(&name, &entry, &schema, records, rows)?;
        }
        batches.push(Batch { index, entry, n_rows });
    }
    Ok(batches)
}

/// Reads the proof of an entry, which has to be there and under the bundle's checkpoint.
pub(super) fn log_proof(files: &Files, name: &str, index: u64, note: &[u8]) -> Result<LogProof, Refusal> {
    let proof = LogProof::parse(file(files, name)?).map_err(in_text(name))?;
    if proof.index != index {
        return contradiction(name, "the proof is of another entry than the file's name says");
    }
    if proof.checkpoint.as_bytes() != note {
        return contradiction(name, "the proof's checkpoint is not that of the bundle");
    }
    if proof.extra.is_none() {
        return contradiction(name, "the entry is missing");
    }
    Ok(proof)
}

/// Verifies that an entry is in the log.
pub(super) fn check_inclusion(
    name: &str,
    entry: &[u8],
    proof: &LogProof,
    checkpoint: &Checkpoint,
) -> Result<(), Refusal> {
    let leaf = Hash::leaf(entry);
    verify_inclusion(&leaf, proof.index, checkpoint.size, &proof.path, &checkpoint.root).map_err(in_proof(name))
}

/// Verifies that records are in a batch and says what they show.
fn check_records(
    name: &str,
    entry: &BatchEntry,
    schema: &SchemaDoc,
    records: BatchRecords,
    rows: &mut Vec<ShownRow>,
) -> Result<(), Refusal> {
    let mut leaves = Vec::with_capacity(records.rows.len());
    for row in records.rows {
        let Some(leaf) = row.leaf(entry.schema_id) else { return contradiction(name, "a cell has no salt") };
        leaves.push((row.position, leaf));
        let mut cells = Vec::with_capacity(row.cells.len());
        for row_cell in row.cells {
            let id = row_cell.column();
            let Some(column) = schema.column(id) else {
                return contradiction(name, format!("the schema has no column {id}"));
            };
            let cell = match row_cell {
                RowCell::Hidden { .. } => ShownCell::Hidden,
                RowCell::Shown { kind, cell, .. } if kind == column.kind => ShownCell::Value(cell),
                RowCell::Shown { .. } => {
                    return contradiction(name, format!("column {id} is of type {}", column.kind.word()));
                }
            };
            cells.push((column.name.clone(), cell));
        }
        let record = entry.first.saturating_add(row.position);
        rows.push(ShownRow { table: entry.table.clone(), record, sealed: entry.time, cells });
    }
    let root = subset_root(entry.count, &leaves, &records.hashes).map_err(in_proof(name))?;
    if root == entry.root {
        Ok(())
    } else {
        Err(Refusal::Proof { file: name.to_string(), source: ProofError::Root { expected: entry.root, found: root } })
    }
}

/// Holds the batches and records against the claim.
fn check_claims(
    claim: &Claim,
    batches: &[Batch],
    rows: &[ShownRow],
    proved: &mut Vec<String>,
    open: &mut Vec<String>,
) -> Result<(), Refusal> {
    for batch in batches {
        if !claim.tables.iter().any(|table| table.table == batch.entry.table) {
            return contradiction(CLAIM, format!("nothing is claimed about table {}", batch.entry.table));
        }
    }
    for table_claim in &claim.tables {
        let table = &table_claim.table;
        let own: Vec<&Batch> = batches.iter().filter(|batch| batch.entry.table == *table).collect();
        let records: Vec<u64> = rows.iter().filter(|row| row.table == *table).map(|row| row.record).collect();
        let n_records = records.len() as u64;
        match table_claim.kind {
            ClaimKind::Rows { count } => {
                if n_records != count {
                    return contradiction(
                        CLAIM,
                        format!("records of table {table} that are claimed: {count}; that are there: {n_records}"),
                    );
                }
                if own.iter().any(|batch| batch.n_rows == 0) {
                    return contradiction(CLAIM, format!("a batch of table {table} shows no record"));
                }
                proved.push(format!("table {table}: {} unchanged since sealing", records_text(count)));
                open.push(format!("table {table}: that there are no other records like these: they are a selection"));
            }
            ClaimKind::Silent { .. } => {
                if !own.is_empty() {
                    return contradiction(CLAIM, format!("table {table} is claimed to be silent and has a batch"));
                }
            }
            ClaimKind::Range { first, count } => {
                check_chain(table, &own)?;
                let end = first.saturating_add(count);
                if records.iter().any(|record| !(first..end).contains(record)) || n_records != count {
                    return contradiction(
                        CLAIM,
                        format!("the records of table {table} are not those that are claimed"),
                    );
                }
                let span = span_text(first, end);
                proved.push(format!("table {table}: {span} complete and unchanged since sealing"));
                let holder = |record: u64| {
                    let batch = own.iter().find(|batch| batch.entry.first <= record && record < batch.entry.end())?;
                    crate::ticks_text(batch.entry.time)
                };
                if let Some(time) = first.checked_sub(1).and_then(holder) {
                    proved.push(format!("table {table}: the record before them was sealed at {time}"));
                }
                if let Some(time) = holder(end) {
                    proved.push(format!("table {table}: the record after them was sealed at {time}"));
                }
                open.push(format!(
                    "table {table}: that no other batch has the same numbers: who reads the whole log can tell"
                ));
            }
        }
    }
    Ok(())
}

/// Verifies that batches follow each other: numbers without a gap, each naming the one before it.
fn check_chain(table: &str, batches: &[&Batch]) -> Result<(), Refusal> {
    for pair in batches.windows(2) {
        let [before, after] = pair else { continue };
        if after.entry.first != before.entry.end() || after.entry.prev != Some(before.entry.leaf()) {
            let file = super::proof_name(after.index);
            return contradiction(&file, format!("a batch of table {table} before it is missing"));
        }
    }
    Ok(())
}

/// Says which columns are hidden in how many records.
fn hidden_columns(rows: &[ShownRow], open: &mut Vec<String>) {
    let mut hidden: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in rows {
        for (name, _) in row.cells.iter().filter(|(_, cell)| *cell == ShownCell::Hidden) {
            *hidden.entry((&row.table, name)).or_default() += 1;
        }
    }
    for ((table, column), count) in hidden {
        open.push(format!(
            "table {table}: what column {column} held in {}: it is hidden or erased",
            records_text(count)
        ));
    }
}

/// Reads the earlier checkpoints and verifies that the log grew from them; by size.
fn consistencies(files: &Files, checkpoint: &Checkpoint) -> Result<Vec<(String, Checkpoint, Consistency)>, Refusal> {
    let mut found = Vec::new();
    for (name, bytes) in files {
        let Some(size) = name.strip_prefix("consistency-").and_then(number) else { continue };
        let consistency = Consistency::parse(bytes).map_err(in_text(name))?;
        let old = Checkpoint::parse(&consistency.old.text).map_err(in_text(name))?;
        if old.size != size {
            return contradiction(name, "the earlier checkpoint has another size than the file's name says");
        }
        verify_consistency(old.size, checkpoint.size, &consistency.proof, &old.root, &checkpoint.root)
            .map_err(in_proof(name))?;
        found.push((name.clone(), old, consistency));
    }
    found.sort_by_key(|(_, old, _)| old.size);
    Ok(found)
}

/// Returns the names of files that took no part.
fn unknown_files(
    files: &Files,
    batches: &[Batch],
    heartbeats: &[(u64, Heartbeat)],
    earlier: &[(String, Checkpoint, Consistency)],
) -> Vec<String> {
    let mut known = BTreeSet::from([CLAIM, CHECKPOINT, VERIFY_PY_NAME, README_NAME].map(str::to_string));
    for batch in batches {
        known.insert(super::proof_name(batch.index));
        known.insert(super::records_name(batch.index));
        known.insert(super::schema_name(&batch.entry.schema_hash));
    }
    known.extend(heartbeats.iter().map(|(index, _)| super::heartbeat_name(*index)));
    known.extend(earlier.iter().map(|(name, ..)| name.clone()));
    let unknown = files.keys().filter(|name| !known.contains(*name));
    unknown
        .map(|name| {
            let mut escaped = String::new();
            escape(name, &mut escaped);
            escaped
        })
        .collect()
}

/// Names the records with the numbers in `[first, end)`, of which there is one at least.
fn span_text(first: u64, end: u64) -> String {
    match end - 1 {
        last if last == first => format!("record {first}"),
        last => format!("records {first} to {last}"),
    }
}

fn records_text(count: u64) -> String {
    if count == 1 { "1 record".to_string() } else { format!("{count} records") }
}

fn file<'a>(files: &'a Files, name: &str) -> Result<&'a [u8], Refusal> {
    files.get(name).map(Vec::as_slice).ok_or_else(|| Refusal::Missing { file: name.to_string() })
}

pub(super) fn in_text(file: &str) -> impl Fn(TextError) -> Refusal {
    move |source| Refusal::Text { file: file.to_string(), source }
}

fn in_proof(file: &str) -> impl Fn(ProofError) -> Refusal {
    move |source| Refusal::Proof { file: file.to_string(), source }
}

fn in_policy(file: &str) -> impl Fn(PolicyError) -> Refusal {
    move |source| Refusal::Policy { file: file.to_string(), source }
}

pub(super) fn contradiction<T>(file: &str, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Contradiction { file: file.to_string(), why: why.into() })
}
