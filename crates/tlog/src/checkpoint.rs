//! Checkpoints: the size and root of a log at one time.

use crate::text::{Lines, is_name};
use crate::{Hash, TextError};

/// A checkpoint's contents, signed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    pub root: Hash,
}

impl Checkpoint {
    /// Returns the note's text. There are no extension lines: nobody audits them, and ML-DSA cosignatures do not cover them.
    ///
    /// # Source
    /// C2SP tlog-checkpoint, "Note text".
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads a note's text.
    ///
    /// # Errors
    /// When it is not a checkpoint's, or has extension lines: a log of ours writes none.
    pub fn parse(text: &str) -> Result<Checkpoint, TextError> {
        let checkpoint = Checkpoint::parse_any_root(text)?;
        if checkpoint.has_false_root() {
            return Err(TextError { what: "checkpoint", line: 3, why: "not the root of an empty tree".to_string() });
        }
        Ok(checkpoint)
    }

    /// Reads a note's text, also that of an empty tree with a root of its own, which a witness has to tell from other texts.
    pub(crate) fn parse_any_root(text: &str) -> Result<Checkpoint, TextError> {
        let mut lines = Lines::new("checkpoint", text.as_bytes())?;
        let origin = lines.next().filter(|origin| is_name(origin)).ok_or_else(|| lines.error("no origin"))?;
        let size = lines.next().ok_or_else(|| lines.error("no size"))?;
        let size = lines.as_number(size)?;
        let root = lines.next().and_then(Hash::from_base64).ok_or_else(|| lines.error("no root"))?;
        lines.end()?;
        Ok(Checkpoint { origin: origin.to_string(), size, root })
    }

    /// Returns whether it says of an empty tree that it has another root than that of nothing.
    pub(crate) fn has_false_root(&self) -> bool {
        self.size == 0 && self.root != Hash::EMPTY_ROOT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_have_one_form() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).expect("a checkpoint");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.text(), text);
        for other in [
            "".to_string(),
            text.replace("20852163", "020852163"),
            text.replace("20852163", "+20852163"),
            text.replace("I=", "J="),
            text.replace("I=\n", "I="),
            text.replace("I=\n", "I=\n\n"),
            format!("{text}extension\n"),
            text.replace("example.com/behind-the-sofa", ""),
            text.replace("20852163", "0"),
        ] {
            assert!(Checkpoint::parse(&other).is_err(), "{other:?}");
        }
    }
}
