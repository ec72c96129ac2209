//! An act of governance that evidence depends on: holds, policies, keys, losses.

use super::Text;
use super::redaction::authorities;
use crate::text::Lines;
use crate::{Hash, TextError};

pub(super) const HEADER: &str = "vidimus.act.v1";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActKind {
    /// A legal hold begins.
    HoldSet,
    /// A legal hold ends.
    HoldLifted,
    /// A retention policy is set or changed.
    PolicySet,
    /// A key may sign for the log from now on.
    KeyAdded,
    /// A key no longer signs for the log.
    KeyRetired,
    /// A log begins anew after a loss: the document holds the last checkpoint that was witnessed and says what is missing.
    LossStated,
    /// Cells of records are to be erased; an entry for each record says which.
    ErasureOrdered,
    /// The oldest records of a table are to be destroyed, whatever its retention policy says.
    PurgeOrdered,
    /// The workspace's keys, which encrypt what is at rest, are under another root key from now on.
    KeysRewrapped,
    /// What names stand for changes: tables, functions, mappings.
    EntitiesChanged,
}

const WORDS: [(ActKind, &str); 10] = [
    (ActKind::HoldSet, "hold-set"),
    (ActKind::HoldLifted, "hold-lifted"),
    (ActKind::PolicySet, "policy-set"),
    (ActKind::KeyAdded, "key-added"),
    (ActKind::KeyRetired, "key-retired"),
    (ActKind::LossStated, "loss-stated"),
    (ActKind::ErasureOrdered, "erasure-ordered"),
    (ActKind::PurgeOrdered, "purge-ordered"),
    (ActKind::KeysRewrapped, "keys-rewrapped"),
    (ActKind::EntitiesChanged, "entities-changed"),
];

/// The entry of an act. Its particulars are in a document of the control plane, of which only the hash is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub kind: ActKind,
    /// The hold, policy or key; not a person.
    pub subject: String,
    pub document: Hash,
    /// Who asked and who approved, as references to records of the control plane; at least one.
    pub authorities: Vec<String>,
    /// When, in ticks.
    pub time: i64,
}

impl Act {
    /// Returns the entry as it is written.
    pub fn to_text(&self) -> String {
        let word = WORDS.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, word)| word);
        Text::new(HEADER)
            .line("kind", word)
            .line("subject", &self.subject)
            .line("document", self.document)
            .lines("authority", &self.authorities)
            .time(self.time)
            .0
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Act, TextError> {
        let mut lines = Lines::new("act", bytes)?;
        lines.expect(HEADER)?;
        let word = lines.field("kind")?;
        let kind = WORDS.iter().find(|(_, other)| *other == word).map(|(kind, _)| *kind);
        let kind = kind.ok_or_else(|| lines.error("unknown kind of act"))?;
        let subject = lines.name("subject")?;
        let document = lines.hash("document")?;
        let authorities = authorities(&mut lines)?;
        let time = lines.time("time")?;
        lines.end()?;
        Ok(Act { kind, subject, document, authorities, time })
    }
}
