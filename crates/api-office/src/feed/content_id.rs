//! Ids of content: which part of the log a blob is, and that we said so.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::content_type::ContentType;

/// Bytes of the authentication code that are in an id.
const MAC_BYTES: usize = 16;

/// A blob: records of a content type in some entries of the log, at some positions of their batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    /// When it became available, in ticks.
    pub created: i64,
    /// The first entry, and the one after the last.
    pub from: u64,
    pub to: u64,
    /// Which five hundred positions of each batch.
    pub chunk: u64,
}

/// Why an id is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdError {
    /// It has another form.
    Malformed,
    /// It has the form of one, and was not made here for this workspace.
    Unknown,
}

impl Part {
    /// Returns the id: `created$from$to$chunk$type$code`.
    pub fn id(&self, kind: ContentType, workspace: &str, secret: &[u8]) -> String {
        let text = self.text(kind);
        let mac = mac(&text, workspace, secret).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
        let code: String = mac.iter().take(MAC_BYTES).map(|byte| format!("{byte:02x}")).collect();
        format!("{text}${code}")
    }

    fn text(&self, kind: ContentType) -> String {
        format!("{}${}${}${}${}", self.created, self.from, self.to, self.chunk, kind.code())
    }

    /// Reads an id.
    pub fn parse(id: &str, workspace: &str, secret: &[u8]) -> Result<(Part, ContentType), IdError> {
        let parts: Vec<&str> = id.split('$').collect();
        let [created, from, to, chunk, kind, code] = parts.as_slice() else { return Err(IdError::Malformed) };
        let number = |text: &str| -> Result<u64, IdError> {
            let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|_| is_plain).ok_or(IdError::Malformed)
        };
        let created = i64::try_from(number(created)?).map_err(|_| IdError::Malformed)?;
        let part = Part { created, from: number(from)?, to: number(to)?, chunk: number(chunk)? };
        let kind = ContentType::from_code(kind).ok_or(IdError::Malformed)?;
        let code = bytes(code).filter(|code| code.len() == MAC_BYTES).ok_or(IdError::Malformed)?;
        let mac = mac(&part.text(kind), workspace, secret).ok_or(IdError::Unknown)?;
        mac.verify_truncated_left(&code).map_err(|_| IdError::Unknown)?;
        Ok((part, kind))
    }
}

fn mac(text: &str, workspace: &str, secret: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("vidimus content\n{workspace}\n{text}").as_bytes());
    Some(mac)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Part = Part { created: 639_158_256_000_000_000, from: 32, to: 64, chunk: 1 };

    #[test]
    fn an_id_says_what_it_is_of_and_holds_for_its_workspace_alone() {
        for kind in ContentType::ALL {
            let id = PART.id(kind, "prod", b"secret");
            assert_eq!(Part::parse(&id, "prod", b"secret"), Ok((PART, kind)));
            assert_eq!(Part::parse(&id, "test", b"secret"), Err(IdError::Unknown));
            assert_eq!(Part::parse(&id, "prod", b"other"), Err(IdError::Unknown));
        }
    }

    #[test]
    fn no_changed_id_is_one() {
        let id = PART.id(ContentType::Exchange, "prod", b"secret");
        for at in 0..id.len() {
            for with in ["0", "1", "f", "$", "-", "é", ""] {
                let changed = format!("{}{with}{}", &id[..at], &id[at + 1..]);
                assert!(changed == id || Part::parse(&changed, "prod", b"secret").is_err(), "{changed}");
            }
        }
        for id in
            ["", "$", "1$2$3$4$aad", "1$2$3$4$aad$", "1$2$3$4$aad$zz", "+1$2$3$4$aad$00000000000000000000000000000000"]
        {
            assert_eq!(Part::parse(id, "prod", b"secret"), Err(IdError::Malformed), "{id}");
        }
    }
}
