//! What stands in a command, for its body.

use crate::error::CommandError;
use crate::reader::{Name, Reader};
use std::collections::BTreeMap;

/// What was read of a command, and the rest, which its body reads.
pub struct Args<'a> {
    /// The words of the grammar that were there, in order and as the grammar has them.
    pub words: Vec<String>,
    names: BTreeMap<String, Vec<Name>>,
    pub reader: Reader<'a>,
}

impl<'a> Args<'a> {
    /// Makes what is known before anything is read.
    pub fn new(reader: Reader<'a>) -> Args<'a> {
        Args { words: Vec::new(), names: BTreeMap::new(), reader }
    }

    /// Notes what stands where the grammar has a key.
    pub fn set(&mut self, key: &str, names: Vec<Name>) {
        self.names.insert(key.to_string(), names);
    }

    /// Returns whether a word is there that may be missing.
    pub fn has(&self, word: &str) -> bool {
        self.names.contains_key(word)
    }

    /// Returns whether a word of the grammar is there, of those among which one may choose.
    pub fn is(&self, word: &str) -> bool {
        self.words.iter().any(|found| found == word)
    }

    /// Returns the names at a key.
    pub fn names(&self, key: &str) -> &[Name] {
        self.names.get(key).map_or(&[], Vec::as_slice)
    }

    /// Returns the name at a key, which the grammar has in every form of the command.
    ///
    /// # Errors
    /// When the grammar has it not; a fault of ours.
    pub fn name(&self, key: &str) -> Result<&Name, CommandError> {
        self.names(key).first().ok_or_else(|| CommandError::Internal(format!("the command has no `{key}`")))
    }
}
