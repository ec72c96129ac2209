//! The file of root keys.
//!
//! ```text
//! magic VIDIMUSR | version u16 | generation u64 | Argon2id: KiB u32, passes u32, lanes u32, salt 32 | bytes of the box u32 | box
//! box: number of roots u16 | per root: name 8, key 32
//! ```
//!
//! The box is bound to the store, the generation and the parameters; zeroes fill the last block.

use argon2::{Algorithm, Argon2, Params, Version};
use stdx::Entropy;

use super::{Passphrase, failed};
use crate::backend::{BackendError, RootId};
use crate::cipher::{open_box, seal_box};
use crate::codec::{Decoder, Encoder, context};
use crate::generations::Found;
use crate::mode::StoreId;
use crate::secret::Key;

/// How the file's name begins; its generation follows.
pub const STEM: &str = "root";
const MAGIC: &[u8; 8] = b"VIDIMUSR";
const VERSION: u16 = 1;
const SALT_BYTES: usize = 32;

/// What each try of a passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Default for Cost {
    /// Returns 64 MiB, three passes and four lanes.
    ///
    /// # Source
    /// RFC 9106, section 4, the second recommended option.
    fn default() -> Cost {
        Cost { memory_kib: 64 * 1024, passes: 3, lanes: 4 }
    }
}

impl Cost {
    /// What a file may ask for: a changed one could otherwise take all memory before it is found to be changed.
    const MAX: Cost = Cost { memory_kib: 4 * 1024 * 1024, passes: 64, lanes: 64 };

    fn params(self) -> Result<Params, BackendError> {
        let Cost { memory_kib, passes, lanes } = self;
        let is_bounded = memory_kib <= Cost::MAX.memory_kib && passes <= Cost::MAX.passes && lanes <= Cost::MAX.lanes;
        let params = Params::new(memory_kib, passes, lanes, Some(Key::BYTES)).ok().filter(|_| is_bounded);
        params.ok_or(BackendError::Cost { memory_kib, passes, lanes })
    }
}

/// The key that a passphrase gives, and how it was made.
#[derive(Clone)]
pub struct FileKey {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    key: Key,
}

impl FileKey {
    /// Makes a key with a new salt.
    pub fn new(passphrase: &Passphrase, cost: Cost, entropy: &dyn Entropy) -> Result<FileKey, BackendError> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt).map_err(BackendError::Entropy)?;
        FileKey::derive(passphrase, cost, salt)
    }

    fn derive(passphrase: &Passphrase, cost: Cost, salt: [u8; SALT_BYTES]) -> Result<FileKey, BackendError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params()?);
        let mut key = Key::from_bytes([0; Key::BYTES]);
        let Cost { memory_kib, passes, lanes } = cost;
        let out_of_bounds = |_| BackendError::Cost { memory_kib, passes, lanes };
        argon2.hash_password_into(passphrase.expose(), &salt, key.expose_mut()).map_err(out_of_bounds)?;
        Ok(FileKey { cost, salt, key })
    }
}

/// A root key.
#[derive(Clone, PartialEq)]
pub struct Root {
    pub id: RootId,
    name: [u8; 8],
    pub key: Key,
}

impl Root {
    /// Makes a new one.
    pub fn random(entropy: &dyn Entropy) -> Result<Root, BackendError> {
        let mut name = [0; 8];
        entropy.fill(&mut name).map_err(BackendError::Entropy)?;
        Root::new(name, Key::random(entropy).map_err(failed)?).ok_or(BackendError::Missing)
    }

    fn new(name: [u8; 8], key: Key) -> Option<Root> {
        let digits: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Root { id: RootId::new(&format!("passphrase/{digits}"))?, name, key })
    }
}

/// What the file holds.
#[derive(Clone)]
pub struct RootFile {
    pub key: FileKey,
    /// In the order in which they were made; the last one wraps.
    pub roots: Vec<Root>,
}

impl RootFile {
    /// Returns the root key that wraps.
    pub fn current(&self) -> Option<&Root> {
        self.roots.last()
    }

    /// Returns the file's bytes.
    pub fn to_bytes(&self, generation: u64, store: StoreId, entropy: &dyn Entropy) -> Result<Vec<u8>, BackendError> {
        let mut contents = Encoder::default();
        contents.u16(u16::try_from(self.roots.len()).unwrap_or(u16::MAX));
        for root in &self.roots {
            contents.raw(&root.name).raw(root.key.expose());
        }
        let mut file = Encoder::default();
        let Cost { memory_kib, passes, lanes } = self.key.cost;
        file.raw(MAGIC).u16(VERSION).u64(generation).u32(memory_kib).u32(passes).u32(lanes).raw(&self.key.salt);
        let sealed = seal_box(&self.key.key, &box_context(store, &file.0), &contents.0, entropy).map_err(failed)?;
        file.bytes(&sealed);
        Ok(file.0.to_vec())
    }

    /// Reads the file with a passphrase.
    pub fn open(found: &Found, store: StoreId, passphrase: &Passphrase) -> Result<RootFile, BackendError> {
        let parsed = Parsed::new(found)?;
        let key = FileKey::derive(passphrase, parsed.cost, parsed.salt)?;
        parsed.open(found, store, key)
    }

    /// Reads the file with the key that its passphrase gave before.
    pub fn open_with(found: &Found, store: StoreId, key: FileKey) -> Result<RootFile, BackendError> {
        let parsed = Parsed::new(found)?;
        if (parsed.cost, parsed.salt) != (key.cost, key.salt) {
            return Err(BackendError::Locked { path: found.path.clone() });
        }
        parsed.open(found, store, key)
    }
}

fn box_context(store: StoreId, header: &[u8]) -> Vec<u8> {
    context("vidimus root keys v1", &[&store.0, header])
}

/// The file as it is before it is opened.
struct Parsed<'a> {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    header: &'a [u8],
    sealed: &'a [u8],
}

impl<'a> Parsed<'a> {
    fn new(found: &'a Found) -> Result<Parsed<'a>, BackendError> {
        Parsed::parse(found).ok_or_else(|| BackendError::NotAKeyFile { path: found.path.clone() })
    }

    fn parse(found: &'a Found) -> Option<Parsed<'a>> {
        let mut decoder = Decoder(&found.bytes);
        if decoder.take(8)? != MAGIC || decoder.u16()? != VERSION || decoder.u64()? != found.generation {
            return None;
        }
        let cost = Cost { memory_kib: decoder.u32()?, passes: decoder.u32()?, lanes: decoder.u32()? };
        let salt = decoder.array()?;
        let header = found.bytes.get(..found.bytes.len() - decoder.0.len())?;
        let sealed = decoder.bytes()?;
        decoder.0.iter().all(|byte| *byte == 0).then_some(Parsed { cost, salt, header, sealed })
    }

    fn open(&self, found: &Found, store: StoreId, key: FileKey) -> Result<RootFile, BackendError> {
        let locked = || BackendError::Locked { path: found.path.clone() };
        let contents = open_box(&key.key, &box_context(store, self.header), self.sealed).ok_or_else(locked)?;
        let mut decoder = Decoder(&contents);
        let n_roots = decoder.u16().ok_or_else(locked)?;
        let mut read = || Root::new(decoder.array()?, Key::from_slice(decoder.take(Key::BYTES)?)?);
        let roots: Option<Vec<Root>> = (0..n_roots).map(|_| read()).collect();
        let roots = roots.filter(|roots| !roots.is_empty()).ok_or_else(locked)?;
        Ok(RootFile { key, roots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// # Source
    /// RFC 9106, section 5.3: the test vector of Argon2id, with its secret and associated data, which are not used here.
    #[test]
    fn argon2id_gives_the_published_value() {
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(argon2::AssociatedData::new(&[4; 12]).expect("data"))
            .build()
            .expect("parameters");
        let argon2 =
            Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).expect("a short secret");
        let mut tag = [0; 32];
        argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).expect("a tag");
        let digits: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digits, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    #[test]
    fn a_file_may_not_ask_for_everything() {
        let refused = [(u32::MAX, 3, 4), (64, 1000, 1), (8 * 65, 1, 65), (1, 1, 1), (64, 0, 1), (64, 1, 0)];
        for (memory_kib, passes, lanes) in refused {
            let cost = Cost { memory_kib, passes, lanes };
            assert!(matches!(cost.params(), Err(BackendError::Cost { .. })), "{cost:?}");
        }
        Cost::default().params().expect("the default");
    }
}
