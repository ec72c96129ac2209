//! The documents of acts: JSON, in the bytes that were hashed.

use entities::Change;
use serde::{Deserialize, Serialize};
use tlog::Hash;
use tlog::entry::{Act, ActKind};

use crate::error::LifecycleError;
use crate::hold::Hold;
use crate::retention::Retention;

/// Bytes of a name and characters of a reason at most.
const NAME_MAX: usize = 64;
const REASON_MAX: usize = 1_000;

/// The end of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HoldLift {
    pub name: String,
    pub reason: String,
}

/// An order to destroy the oldest records of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Purge {
    pub table: String,
    /// The number of the first record that stays.
    pub before_record: u64,
    pub reason: String,
}

/// An order to erase cells. Whose they are it does not say: no value of a record is ever in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Erasure {
    pub table: String,
    pub columns: Vec<String>,
    pub n_records: u64,
    pub reason: String,
}

/// What an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    Hold(Hold),
    HoldLift(HoldLift),
    Retention(Retention),
    Purge(Purge),
    Erasure(Erasure),
    /// What names stand for from now on.
    Change(Change),
}

impl Document {
    /// Returns the kind of the act that the document belongs to.
    pub fn kind(&self) -> ActKind {
        match self {
            Document::Hold(_) => ActKind::HoldSet,
            Document::HoldLift(_) => ActKind::HoldLifted,
            Document::Retention(_) => ActKind::PolicySet,
            Document::Purge(_) => ActKind::PurgeOrdered,
            Document::Erasure(_) => ActKind::ErasureOrdered,
            Document::Change(_) => ActKind::EntitiesChanged,
        }
    }

    /// Returns what the act is about, as its entry says it: a hold's or a table's name.
    pub fn subject(&self) -> &str {
        match self {
            Document::Hold(hold) => &hold.name,
            Document::HoldLift(lift) => &lift.name,
            Document::Retention(retention) => &retention.table,
            Document::Purge(purge) => &purge.table,
            Document::Erasure(erasure) => &erasure.table,
            Document::Change(change) => change.subject(),
        }
    }

    /// Returns why, for the acts that have to say it.
    fn reason(&self) -> Option<&str> {
        Some(match self {
            Document::Hold(hold) => &hold.reason,
            Document::HoldLift(lift) => &lift.reason,
            Document::Retention(retention) => &retention.reason,
            Document::Purge(purge) => &purge.reason,
            Document::Erasure(erasure) => &erasure.reason,
            Document::Change(_) => return None,
        })
    }

    /// Makes sure that the document says what an act of its kind has to.
    ///
    /// # Errors
    /// When there is no reason, a name is none, or a number is out of its limits.
    pub fn check(&self) -> Result<(), LifecycleError> {
        match self.reason() {
            Some(reason) if reason.trim().is_empty() => return Err(LifecycleError::NoReason),
            Some(reason) if reason.chars().count() > REASON_MAX => return Err(LifecycleError::LongReason),
            _ => {}
        }
        match self {
            Document::Hold(hold) => check_name(&hold.name).and_then(|()| hold.check()),
            Document::HoldLift(lift) => check_name(&lift.name),
            Document::Retention(retention) => retention.check(),
            Document::Change(change) => Ok(change.check_size()?),
            Document::Purge(_) | Document::Erasure(_) => Ok(()),
        }
    }

    /// Returns the document as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = match self {
            Document::Hold(hold) => serde_json::to_vec(hold),
            Document::HoldLift(lift) => serde_json::to_vec(lift),
            Document::Retention(retention) => serde_json::to_vec(retention),
            Document::Purge(purge) => serde_json::to_vec(purge),
            Document::Erasure(erasure) => serde_json::to_vec(erasure),
            Document::Change(change) => return change.to_bytes(),
        };
        // Names, texts and numbers can always be written.
        bytes.unwrap_or_default()
    }

    /// Reads the document of an act; `None` for an act of a kind that is not about records.
    ///
    /// # Errors
    /// When it is not the document that the act's entry names, or has another form than the act's kind asks for.
    pub fn parse(act: &Act, bytes: &[u8]) -> Result<Option<Document>, LifecycleError> {
        let found = Hash::of(bytes);
        if found != act.document {
            return Err(LifecycleError::Hash { expected: act.document, found });
        }
        fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, LifecycleError> {
            serde_json::from_slice(bytes).map_err(|error| LifecycleError::Document(error.to_string()))
        }
        let document = match act.kind {
            ActKind::HoldSet => Document::Hold(read(bytes)?),
            ActKind::HoldLifted => Document::HoldLift(read(bytes)?),
            ActKind::PolicySet => Document::Retention(read(bytes)?),
            ActKind::PurgeOrdered => Document::Purge(read(bytes)?),
            ActKind::ErasureOrdered => Document::Erasure(read(bytes)?),
            ActKind::EntitiesChanged => Document::Change(read(bytes)?),
            ActKind::KeyAdded | ActKind::KeyRetired | ActKind::LossStated | ActKind::KeysRewrapped => return Ok(None),
        };
        if document.subject() != act.subject {
            return Err(LifecycleError::Kind);
        }
        Ok(Some(document))
    }
}

/// Returns whether an act of this kind has a document here; those about keys and losses have theirs elsewhere.
pub fn has_document(kind: ActKind) -> bool {
    !matches!(kind, ActKind::KeyAdded | ActKind::KeyRetired | ActKind::LossStated | ActKind::KeysRewrapped)
}

fn check_name(name: &str) -> Result<(), LifecycleError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(is_plain);
    if is_name { Ok(()) } else { Err(LifecycleError::Name(name.to_string())) }
}
