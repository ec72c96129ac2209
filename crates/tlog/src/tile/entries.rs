//! Bundles of entries: each with its length before it, in two bytes.

use super::TILE_WIDTH;

/// The longest entry in bytes: what two bytes can count.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// A bundle of entries cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("an entry of {bytes} bytes is longer than {ENTRY_BYTES_MAX} bytes")]
    TooLong { bytes: usize },
    #[error("the bundle ends within an entry")]
    CutOff,
    #[error("the bundle has {found} entries where {expected} are expected")]
    Count { expected: u16, found: usize },
}

/// Writes a bundle of entries.
///
/// # Errors
/// When an entry is too long, or there are more than a tile has hashes.
///
/// # Source
/// C2SP tlog-tiles, "Log entries".
pub fn entry_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, EntryError> {
    let mut bundle = Vec::new();
    for (n_before, entry) in entries.into_iter().enumerate() {
        if n_before as u64 == TILE_WIDTH {
            return Err(EntryError::Count { expected: TILE_WIDTH as u16, found: n_before + 1 });
        }
        let len = u16::try_from(entry.len()).map_err(|_| EntryError::TooLong { bytes: entry.len() })?;
        bundle.extend(len.to_be_bytes());
        bundle.extend(entry);
    }
    Ok(bundle)
}

/// Reads a bundle of `width` entries.
///
/// # Errors
/// When it has another number of entries or ends within one.
pub fn parse_entry_bundle(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, EntryError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bundle;
    while !rest.is_empty() {
        let (len, after) = rest.split_first_chunk::<2>().ok_or(EntryError::CutOff)?;
        let len = usize::from(u16::from_be_bytes(*len));
        let (entry, after) = after.split_at_checked(len).ok_or(EntryError::CutOff)?;
        entries.push(entry);
        rest = after;
    }
    if entries.len() == usize::from(width) {
        Ok(entries)
    } else {
        Err(EntryError::Count { expected: width, found: entries.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let long = vec![7; ENTRY_BYTES_MAX];
        let entries: Vec<&[u8]> = vec![b"one", b"", &long];
        let bundle = entry_bundle(entries.clone()).expect("short enough");
        assert_eq!(parse_entry_bundle(&bundle, 3), Ok(entries));
        assert_eq!(parse_entry_bundle(&bundle, 2), Err(EntryError::Count { expected: 2, found: 3 }));
        assert_eq!(parse_entry_bundle(&bundle[..bundle.len() - 1], 3), Err(EntryError::CutOff));
        assert_eq!(parse_entry_bundle(&[0], 1), Err(EntryError::CutOff));
        assert_eq!(entry_bundle([&*vec![0; 65_536]]), Err(EntryError::TooLong { bytes: 65_536 }));
        assert!(entry_bundle(std::iter::repeat_n(&b""[..], 257)).is_err());
    }
}
