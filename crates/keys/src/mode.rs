//! Whether a store is encrypted, which is said once, when it is made.
//!
//! ```text
//! vidimus.keys.v1
//! mode encrypted
//! store 8f0c...                 32 hexadecimal digits that tell this store from others
//! ```
//!
//! Whoever starts a node says whether its store is encrypted; the file only has to agree. It cannot be asked instead: who can change
//! the disk could change the answer. A file that is gone where there are keys, or that says `plain` beside them, stops the start.

use sequencer::storage::{Storage, replace};
use stdx::Entropy;

use crate::KeyError;

/// The file that says it. Its name holds a dot, as no workspace's does.
pub const MODE_FILE: &str = "mode.v1";
const HEADER: &str = "vidimus.keys.v1";

/// What a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is encrypted.
    Plain,
    /// Whatever has a [`Purpose`](crate::Purpose) is encrypted.
    Encrypted,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Plain => "plain",
            Mode::Encrypted => "encrypted",
        }
    }
}

/// Tells a store's keys from those of others that have the same root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreId(pub [u8; 16]);

/// Says what a new store is, or checks that the store is what it is to be, and returns its name.
///
/// # Errors
/// [`KeyError::OtherMode`], [`KeyError::Downgraded`], [`KeyError::NotEmpty`] and [`KeyError::Damaged`], and when the folder cannot
/// be read or written.
pub fn settle(storage: &dyn Storage, wanted: Mode, entropy: &dyn Entropy) -> Result<StoreId, KeyError> {
    let text = storage.read(MODE_FILE).map_err(KeyError::io(MODE_FILE))?;
    let found = text.map(|text| parse(&text).ok_or_else(|| KeyError::damaged(MODE_FILE))).transpose()?;
    match found {
        Some((found, _)) if found != wanted => {
            return Err(KeyError::OtherMode { found: found.name(), wanted: wanted.name() });
        }
        Some((Mode::Encrypted, id)) => return Ok(id),
        _ => {}
    }
    let keys = find_keys(storage)?;
    if let Some(path) = keys.encrypted {
        return Err(KeyError::Downgraded { path, mode: MODE_FILE });
    }
    if let (Mode::Encrypted, Some(path)) = (wanted, keys.plain) {
        return Err(KeyError::NotEmpty { path });
    }
    if let Some((_, id)) = found {
        return Ok(id);
    }
    let mut id = StoreId([0; 16]);
    entropy.fill(&mut id.0).map_err(KeyError::Entropy)?;
    replace(storage, MODE_FILE, to_text(wanted, id).as_bytes()).map_err(KeyError::io(MODE_FILE))?;
    Ok(id)
}

fn to_text(mode: Mode, id: StoreId) -> String {
    let id: String = id.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{HEADER}\nmode {}\nstore {id}\n", mode.name())
}

fn parse(bytes: &[u8]) -> Option<(Mode, StoreId)> {
    let mut lines = std::str::from_utf8(bytes).ok()?.lines().skip(1);
    let mode = lines.next()?.strip_prefix("mode ")?;
    let mode = [Mode::Plain, Mode::Encrypted].into_iter().find(|m| m.name() == mode)?;
    let digits = lines.next()?.strip_prefix("store ")?.as_bytes();
    let mut id = [0; 16];
    for (byte, pair) in id.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // There is one way to write it.
    (to_text(mode, StoreId(id)).as_bytes() == bytes).then_some((mode, StoreId(id)))
}

/// Paths of keys that tell what the store was.
struct FoundKeys {
    encrypted: Option<String>,
    plain: Option<String>,
}

fn find_keys(storage: &dyn Storage) -> Result<FoundKeys, KeyError> {
    let mut found = FoundKeys { encrypted: None, plain: None };
    for name in storage.list("").map_err(KeyError::io(""))? {
        if name.starts_with(crate::passphrase::STEM) && name.contains('.') {
            found.encrypted = Some(name);
        } else if sequencer::is_workspace_name(&name) {
            for file in storage.list(&name).map_err(KeyError::io(&name))? {
                let path = format!("{name}/{file}");
                if file.starts_with(crate::ring::STEM) && file.contains('.') {
                    found.encrypted = Some(path);
                } else if file.ends_with(".key") {
                    let bytes = storage.read(&path).map_err(KeyError::io(&path))?.unwrap_or_default();
                    let is_sealed = bytes.starts_with(crate::signing::HEADER.as_bytes());
                    *(if is_sealed { &mut found.encrypted } else { &mut found.plain }) = Some(path);
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sequencer::storage::simulated::Simulated;
    use stdx::SystemEntropy;

    fn settle(disk: &Simulated, wanted: Mode) -> Result<StoreId, KeyError> {
        super::settle(disk, wanted, &SystemEntropy)
    }

    #[test]
    fn a_store_stays_what_it_is() {
        for (mode, other) in [(Mode::Plain, Mode::Encrypted), (Mode::Encrypted, Mode::Plain)] {
            let disk = Simulated::new(1);
            let id = settle(&disk, mode).expect("a store");
            assert_eq!(settle(&disk, mode).expect("the same store"), id);
            assert!(matches!(settle(&disk, other), Err(KeyError::OtherMode { .. })));
        }
    }

    #[test]
    fn an_encrypted_store_is_not_taken_for_a_plain_one() {
        for path in ["root.0000000001", "contoso/ring.0000000001", "contoso/0a0b0c0d.key"] {
            let bytes = if path.ends_with(".key") { crate::signing::HEADER.as_bytes() } else { b"x" };
            for mode in [Mode::Plain, Mode::Encrypted] {
                let disk = Simulated::new(1);
                disk.write(path, bytes).expect("written");
                assert!(matches!(settle(&disk, mode), Err(KeyError::Downgraded { .. })), "{path}");
            }
            let disk = Simulated::new(1);
            settle(&disk, Mode::Plain).expect("a store");
            disk.write(path, bytes).expect("written");
            assert!(matches!(settle(&disk, Mode::Plain), Err(KeyError::Downgraded { .. })), "{path}");
        }
    }

    #[test]
    fn plain_keys_do_not_become_those_of_an_encrypted_store() {
        let disk = Simulated::new(1);
        disk.write("contoso/0a0b0c0d.key", b"vidimus.key.v1\n").expect("written");
        assert!(matches!(settle(&disk, Mode::Encrypted), Err(KeyError::NotEmpty { .. })));
        settle(&disk, Mode::Plain).expect("a plain store from before there was such a file");
    }

    #[test]
    fn every_other_text_is_refused() {
        let text = to_text(Mode::Encrypted, StoreId([0x8f; 16]));
        assert_eq!(parse(text.as_bytes()), Some((Mode::Encrypted, StoreId([0x8f; 16]))));
        for bit in 0..text.len() * 8 {
            let mut flipped = text.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let found = parse(&flipped);
            assert!(found.is_none_or(|(mode, id)| mode == Mode::Encrypted && id != StoreId([0x8f; 16])), "bit {bit}");
        }
    }
}
