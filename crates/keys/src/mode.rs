//! Whether a store is encrypted, which is said once, when it is made.
//!
//! ```text
//! vidimus.keys.v1
//! mode encrypted                or: mode plain, and no more lines
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

/// Says what a new store is, or checks that the store is what it is to be, and returns the name of an encrypted one.
///
/// # Errors
/// [`KeyError::OtherMode`], [`KeyError::Downgraded`], [`KeyError::NotEmpty`] and [`KeyError::Damaged`], and when the folder cannot
/// be read or written.
pub fn settle(storage: &dyn Storage, wanted: Mode, entropy: &dyn Entropy) -> Result<Option<StoreId>, KeyError> {
    let found = read_mode(storage)?;
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
    if found.is_some() {
        return Ok(None);
    }
    let id = match wanted {
        Mode::Plain => None,
        Mode::Encrypted => {
            let mut id = StoreId([0; 16]);
            entropy.fill(&mut id.0).map_err(KeyError::Entropy)?;
            Some(id)
        }
    };
    replace(storage, MODE_FILE, to_text(id).as_bytes()).map_err(KeyError::io(MODE_FILE))?;
    Ok(id)
}

/// Returns what the file says, for those who only look; `None` when it is not there. An encrypted store comes with its name.
///
/// # Errors
/// [`KeyError::Damaged`], and when it cannot be read.
pub fn read_mode(storage: &dyn Storage) -> Result<Option<(Mode, Option<StoreId>)>, KeyError> {
    let Some(bytes) = storage.read(MODE_FILE).map_err(KeyError::io(MODE_FILE))? else { return Ok(None) };
    let id = parse(&bytes).ok_or_else(|| KeyError::damaged(MODE_FILE))?;
    Ok(Some((if id.is_some() { Mode::Encrypted } else { Mode::Plain }, id)))
}

fn to_text(id: Option<StoreId>) -> String {
    let Some(StoreId(id)) = id else { return format!("{HEADER}\nmode {}\n", Mode::Plain.name()) };
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{HEADER}\nmode {}\nstore {id}\n", Mode::Encrypted.name())
}

/// Reads the text: the name of an encrypted store, or `Some(None)` for a plain one.
fn parse(bytes: &[u8]) -> Option<Option<StoreId>> {
    let digits = std::str::from_utf8(bytes).ok()?.lines().nth(2).and_then(|line| line.strip_prefix("store "));
    let id = match digits {
        None => None,
        Some(digits) => {
            let mut id = [0; 16];
            for (byte, pair) in id.iter_mut().zip(digits.as_bytes().as_chunks::<2>().0) {
                *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
            }
            Some(StoreId(id))
        }
    };
    // There is one way to write it.
    (to_text(id).as_bytes() == bytes).then_some(id)
}

/// Says of a store that has plain keys that it is a plain one.
pub(crate) fn refuse_plain_keys(storage: &dyn Storage) -> Result<(), KeyError> {
    match find_keys(storage)?.plain {
        Some(path) => Err(KeyError::NotEmpty { path }),
        None => Ok(()),
    }
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

    fn settle(disk: &Simulated, wanted: Mode) -> Result<Option<StoreId>, KeyError> {
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
        for mode in [Some(StoreId([0x8f; 16])), None] {
            let text = to_text(mode);
            assert_eq!(parse(text.as_bytes()), Some(mode));
            for bit in 0..text.len() * 8 {
                let mut flipped = text.clone().into_bytes();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let found = parse(&flipped);
                let is_other_store = |id: Option<StoreId>| mode.is_some() && id.is_some() && id != mode;
                assert!(found.is_none_or(is_other_store), "bit {bit}");
            }
        }
    }
}
