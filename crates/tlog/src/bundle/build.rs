//! Putting a bundle together.

use std::collections::BTreeMap;

use super::claim::{Claim, ClaimKind, TableClaim};
use super::records::BatchRecords;
use super::{Consistency, Files};
use crate::entry::{BatchEntry, Heartbeat};
use crate::note::SignedNote;
use crate::record::SchemaDoc;
use crate::{Checkpoint, Hash, LogProof, TextError};

/// A bundle cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Checkpoint(#[from] TextError),
    #[error("the earlier checkpoint of {size} entries is not earlier")]
    NotEarlier { size: u64 },
}

/// Collects evidence and writes a bundle's files. It does not verify: [`super::verify`] does, before a bundle leaves the vault.
#[derive(Debug, Clone)]
pub struct BundleBuilder {
    checkpoint: Checkpoint,
    note: String,
    rows: BTreeMap<String, u64>,
    ranges: BTreeMap<String, (u64, u64)>,
    silent: BTreeMap<String, u64>,
    files: Files,
}

impl BundleBuilder {
    /// Starts a bundle under a signed checkpoint.
    ///
    /// # Errors
    /// When the note is not a checkpoint.
    pub fn new(note: &SignedNote) -> Result<BundleBuilder, BuildError> {
        let checkpoint = Checkpoint::parse(&note.text)?;
        let note = note.to_text();
        let files = Files::from([
            (super::CHECKPOINT.to_string(), note.clone().into_bytes()),
            (super::VERIFY_PY_NAME.to_string(), super::VERIFY_PY.as_bytes().to_vec()),
            (super::README_NAME.to_string(), super::README.as_bytes().to_vec()),
        ]);
        Ok(BundleBuilder {
            checkpoint,
            note,
            rows: BTreeMap::new(),
            ranges: BTreeMap::new(),
            silent: BTreeMap::new(),
            files,
        })
    }

    /// Adds a batch with its path to the checkpoint and the records to be shown. Neighbours of a range come without records: they
    /// show when the record before and the one after it were sealed.
    pub fn batch(
        &mut self,
        index: u64,
        entry: &BatchEntry,
        path: Vec<Hash>,
        schema: &SchemaDoc,
        records: Option<&BatchRecords>,
    ) {
        let extra = Some(entry.to_text().into_bytes());
        let proof = LogProof { extra, index, path, checkpoint: self.note.clone() };
        self.files.insert(super::proof_name(index), proof.to_text().into_bytes());
        self.files.insert(super::schema_name(&schema.hash()), schema.to_text().into_bytes());
        if let Some(records) = records {
            *self.rows.entry(entry.table.clone()).or_default() += records.rows.len() as u64;
            self.files.insert(super::records_name(index), records.to_text().into_bytes());
        }
    }

    /// Claims that the records of a table with these numbers are complete. Without this, its records are claimed one by one.
    pub fn range(&mut self, table: &str, first: u64, count: u64) {
        self.ranges.insert(table.to_string(), (first, count));
    }

    /// Adds a heartbeat with its path to the checkpoint, for claims of silence.
    pub fn heartbeat(&mut self, index: u64, entry: &Heartbeat, path: Vec<Hash>) {
        let extra = Some(entry.to_text().into_bytes());
        let proof = LogProof { extra, index, path, checkpoint: self.note.clone() };
        self.files.insert(super::heartbeat_name(index), proof.to_text().into_bytes());
    }

    /// Claims that nothing was sealed in a table between the first and the last heartbeat that were added: at each that names the table
    /// its next record would have had this number. It takes the place of another claim about the table.
    pub fn silent(&mut self, table: &str, next: u64) {
        self.silent.insert(table.to_string(), next);
    }

    /// Adds the proof that an earlier checkpoint is the beginning of this one.
    ///
    /// # Errors
    /// When it is not a checkpoint or not earlier.
    pub fn consistency(&mut self, old: SignedNote, proof: Vec<Hash>) -> Result<(), BuildError> {
        let size = Checkpoint::parse(&old.text)?.size;
        if size > self.checkpoint.size {
            return Err(BuildError::NotEarlier { size });
        }
        self.files.insert(super::consistency_name(size), Consistency { proof, old }.to_text().into_bytes());
        Ok(())
    }

    /// Returns the files.
    pub fn finish(mut self) -> Files {
        let mut kinds = BTreeMap::new();
        for (table, count) in self.rows {
            kinds.insert(table, ClaimKind::Rows { count });
        }
        for (table, (first, count)) in self.ranges {
            kinds.insert(table, ClaimKind::Range { first, count });
        }
        for (table, next) in self.silent {
            kinds.insert(table, ClaimKind::Silent { next });
        }
        let tables = kinds.into_iter().map(|(table, kind)| TableClaim { table, kind }).collect();
        let claim = Claim { origin: self.checkpoint.origin, tables };
        self.files.insert(super::CLAIM.to_string(), claim.to_text().into_bytes());
        self.files
    }
}
