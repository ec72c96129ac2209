//! A text and the signatures under it.

use super::{NoteSignature, Signer};
use crate::TextError;
use crate::text::Lines;

/// The most signatures that are read; the specification asks for 16 at least.
const SIGNATURES_MAX: usize = 64;

/// A note: a text that ends with a line feed, and signatures that have not been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    pub text: String,
    pub signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Signs a text that ends with a line feed.
    pub fn sign(text: String, signer: &Signer) -> SignedNote {
        let signatures = vec![signer.sign(&text, 0)];
        SignedNote { text, signatures }
    }

    /// Reads a note.
    ///
    /// # Errors
    /// When it is not UTF-8, has control characters, no signatures, or lines under the text that are none.
    ///
    /// # Source
    /// C2SP signed-note, "Format".
    pub fn parse(bytes: &[u8]) -> Result<SignedNote, TextError> {
        let lines = Lines::new("signed note", bytes)?;
        let error = |why: &str| lines.error(why);
        let note = std::str::from_utf8(bytes).map_err(|_| error("not UTF-8"))?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(error("control characters"));
        }
        // The text may have empty lines of its own: the last one ends it.
        let (text, below) = note.rsplit_once("\n\n").ok_or_else(|| error("no empty line before the signatures"))?;
        let below = below.strip_suffix('\n').ok_or_else(|| error("the last line has no end"))?;
        let signatures: Option<Vec<_>> = below.split('\n').map(NoteSignature::parse).collect();
        let signatures = signatures.ok_or_else(|| error("a line under the text is not a signature"))?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(error("too many signatures"));
        }
        Ok(SignedNote { text: format!("{text}\n"), signatures })
    }

    /// Returns the note as it is written.
    pub fn to_text(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for signature in &self.signatures {
            note.push_str(&signature.line());
            note.push('\n');
        }
        note
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Verified, VerifierKey};
    use super::*;

    const EXAMPLE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn the_specification_s_example_verifies() {
        let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let key = VerifierKey::parse(vkey).expect("a key");
        let note = SignedNote::parse(EXAMPLE.as_bytes()).expect("a note");
        assert_eq!(note.text, "This is an example message.\n");
        assert_eq!(note.signatures[0].verify(&note.text, &key), Some(Verified::Signed));
        assert_eq!(note.signatures[0].verify("This is another message.\n", &key), None);
        assert_eq!(note.to_text(), EXAMPLE);
    }

    #[test]
    fn cosignatures_cover_their_time() {
        let witness = Signer::witness("witness.example/w1", &[7; 32]).expect("a key");
        let signature = witness.sign("text\n", 1_679_315_147);
        assert_eq!(signature.verify("text\n", witness.verifier()), Some(Verified::SeenAt(1_679_315_147)));
        for bit in 0..signature.bytes.len() * 8 {
            let mut other = signature.clone();
            other.bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(other.verify("text\n", witness.verifier()), None, "bit {bit}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let line = EXAMPLE.lines().nth(2).expect("a line");
        for note in [
            String::new(),
            "text\n".to_string(),
            "text\n\n".to_string(),
            format!("text\n\n{line}"),
            format!("text\n\n{line}\r\n"),
            format!("text\n\n{line}\n\n"),
            format!("text\n\n{line} \n"),
            format!("te\txt\n\n{line}\n"),
            format!("text\n\n{}\n", line.replace("M=", "N=")),
            format!("text\n\n{}\n", line.replace('=', "")),
            format!("text\n\n{}\n", line.replace("example.com/foo", "a+b")),
            format!("text\n\n{}\n", line.replace('\u{2014}', "-")),
        ] {
            assert!(SignedNote::parse(note.as_bytes()).is_err(), "{note:?}");
        }
        let many = format!("text\n\n{}", format!("{line}\n").repeat(16));
        assert_eq!(SignedNote::parse(many.as_bytes()).map(|note| note.signatures.len()), Ok(16));
    }
}
