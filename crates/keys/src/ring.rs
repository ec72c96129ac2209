//! A workspace's keys in one file.
//!
//! ```text
//! root key ──wraps──► workspace key, new with each generation of the file ──box──► data keys by purpose and epoch
//!
//! magic VIDIMUSK | version u16 | generation u64 | bytes of root's name u32 | name | bytes u32 | wrapped workspace key
//! | bytes of the box u32 | box
//! box: number of epochs u32 | per epoch, ascending: purpose u8, epoch u64, is alive u8, since i64, data key 32 if alive
//! ```
//!
//! The workspace key encrypts one box and is then forgotten. So the present generation's key opens no older one: what was destroyed
//! stays destroyed for whoever has a copy of the older file, once the root key of then is gone.

use std::collections::BTreeMap;

use stdx::Entropy;

use crate::KeyError;
use crate::backend::{BackendError, KeyBackend, RootId, WrappedKey};
use crate::cipher::{open_box, seal_box};
use crate::codec::{Decoder, Encoder, context};
use crate::generations::Found;
use crate::mode::StoreId;
use crate::purpose::{EpochInfo, EpochState, Purpose};
use crate::secret::Key;

/// How the file's name begins; its generation follows.
pub const STEM: &str = "ring";
const MAGIC: &[u8; 8] = b"VIDIMUSK";
const VERSION: u16 = 1;

/// The data keys of a workspace.
#[derive(Clone, Default)]
pub struct Ring {
    epochs: BTreeMap<(Purpose, u64), Epoch>,
}

#[derive(Clone)]
struct Epoch {
    /// `None` once it was destroyed.
    key: Option<Key>,
    since_ticks: i64,
}

/// Why there is no key.
pub enum NoKey {
    Unknown,
    Destroyed,
}

impl Ring {
    /// Returns the key of an epoch.
    pub fn key(&self, purpose: Purpose, epoch: u64) -> Result<Key, NoKey> {
        let epoch = self.epochs.get(&(purpose, epoch)).ok_or(NoKey::Unknown)?;
        epoch.key.clone().ok_or(NoKey::Destroyed)
    }

    /// Returns the number of the latest epoch; 0 if there was none.
    pub fn latest(&self, purpose: Purpose) -> u64 {
        self.of(purpose).last().map_or(0, |(epoch, _)| epoch)
    }

    fn of(&self, purpose: Purpose) -> impl Iterator<Item = (u64, &Epoch)> {
        self.epochs.range((purpose, 0)..=(purpose, u64::MAX)).map(|((_, number), epoch)| (*number, epoch))
    }

    /// Returns the epochs of a purpose, ascending.
    pub fn epochs(&self, purpose: Purpose) -> Vec<EpochInfo> {
        let latest = self.latest(purpose);
        let info = |(epoch, found): (u64, &Epoch)| {
            let state = match &found.key {
                None => EpochState::Destroyed,
                Some(_) if epoch == latest => EpochState::Current,
                Some(_) => EpochState::Former,
            };
            EpochInfo { epoch, state, since_ticks: found.since_ticks }
        };
        self.of(purpose).map(info).collect()
    }

    /// Begins an epoch and returns its number.
    pub fn begin(&mut self, purpose: Purpose, now_ticks: i64, entropy: &dyn Entropy) -> Result<u64, KeyError> {
        let number = self.latest(purpose) + 1;
        let epoch = Epoch { key: Some(Key::random(entropy)?), since_ticks: now_ticks };
        self.epochs.insert((purpose, number), epoch);
        Ok(number)
    }

    /// Forgets the key of an epoch that there is.
    pub fn destroy(&mut self, purpose: Purpose, epoch: u64, now_ticks: i64) {
        if let Some(epoch) = self.epochs.get_mut(&(purpose, epoch)) {
            *epoch = Epoch { key: None, since_ticks: now_ticks };
        }
    }
}

/// Where a ring belongs.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub store: StoreId,
    pub workspace: &'a str,
}

impl Place<'_> {
    fn wrap_context(&self, generation: u64) -> Vec<u8> {
        let parts: [&[u8]; 3] = [&self.store.0, self.workspace.as_bytes(), &generation.to_be_bytes()];
        context("vidimus workspace key v1", &parts)
    }

    fn box_context(&self, header: &[u8]) -> Vec<u8> {
        context("vidimus data keys v1", &[&self.store.0, self.workspace.as_bytes(), header])
    }
}

/// Returns the bytes of a ring's file under the backend's present root key, and that key's name.
pub fn seal_ring(
    ring: &Ring,
    generation: u64,
    place: Place<'_>,
    backend: &dyn KeyBackend,
    entropy: &dyn Entropy,
) -> Result<(Vec<u8>, RootId), KeyError> {
    let workspace_key = Key::random(entropy)?;
    let wrapped = backend.wrap(&place.wrap_context(generation), &workspace_key).map_err(KeyError::Root)?;
    let mut contents = Encoder::default();
    contents.u32(u32::try_from(ring.epochs.len()).unwrap_or(u32::MAX));
    for ((purpose, number), epoch) in &ring.epochs {
        contents.u8(purpose.code()).u64(*number).u8(u8::from(epoch.key.is_some())).i64(epoch.since_ticks);
        if let Some(key) = &epoch.key {
            contents.raw(key.expose());
        }
    }
    let mut file = Encoder::default();
    file.raw(MAGIC).u16(VERSION).u64(generation).bytes(wrapped.root.as_str().as_bytes()).bytes(&wrapped.bytes);
    let sealed = seal_box(&workspace_key, &place.box_context(&file.0), &contents.0, entropy)?;
    file.bytes(&sealed);
    Ok((file.0.to_vec(), wrapped.root))
}

/// A ring's file before it is opened.
pub struct SealedRing<'a> {
    path: &'a str,
    generation: u64,
    wrapped: WrappedKey,
    header: &'a [u8],
    sealed: &'a [u8],
}

impl<'a> SealedRing<'a> {
    /// Reads the file's outer form.
    pub fn parse(found: &'a Found) -> Result<SealedRing<'a>, KeyError> {
        SealedRing::read(found).ok_or_else(|| KeyError::damaged(&found.path))
    }

    fn read(found: &'a Found) -> Option<SealedRing<'a>> {
        let mut decoder = Decoder(&found.bytes);
        if decoder.take(8)? != MAGIC || decoder.u16()? != VERSION || decoder.u64()? != found.generation {
            return None;
        }
        let root = RootId::new(std::str::from_utf8(decoder.bytes()?).ok()?)?;
        let wrapped = WrappedKey { root, bytes: decoder.bytes()?.to_vec() };
        let header = found.bytes.get(..found.bytes.len() - decoder.0.len())?;
        let sealed = decoder.bytes()?;
        let is_padded = decoder.0.iter().all(|byte| *byte == 0);
        let (path, generation) = (found.path.as_str(), found.generation);
        is_padded.then_some(SealedRing { path, generation, wrapped, header, sealed })
    }

    /// Returns the root key that is needed to open it.
    pub fn root(&self) -> &RootId {
        &self.wrapped.root
    }

    /// Opens the file with the first backend that has its root key.
    pub fn open<'b>(
        &self,
        place: Place<'_>,
        backends: impl Iterator<Item = &'b dyn KeyBackend>,
    ) -> Result<Ring, KeyError> {
        let mut unwrapped = Err(BackendError::UnknownRoot(self.wrapped.root.clone()));
        for backend in backends {
            unwrapped = backend.unwrap(&place.wrap_context(self.generation), &self.wrapped);
            if !matches!(unwrapped, Err(BackendError::UnknownRoot(_))) {
                break;
            }
        }
        let workspace_key = match unwrapped {
            Err(BackendError::NotAuthentic(_)) => return Err(KeyError::damaged(self.path)),
            other => other.map_err(KeyError::Root)?,
        };
        let contents = open_box(&workspace_key, &place.box_context(self.header), self.sealed);
        contents.and_then(|contents| parse(&contents)).ok_or_else(|| KeyError::damaged(self.path))
    }
}

fn parse(contents: &[u8]) -> Option<Ring> {
    let mut decoder = Decoder(contents);
    let mut ring = Ring::default();
    for _ in 0..decoder.u32()? {
        let place = (Purpose::from_code(decoder.u8()?)?, decoder.u64()?);
        let is_alive = decoder.u8()? == 1;
        let since_ticks = decoder.i64()?;
        let key = if is_alive { Some(Key::from_slice(decoder.take(Key::BYTES)?)?) } else { None };
        ring.epochs.insert(place, Epoch { key, since_ticks });
    }
    decoder.0.is_empty().then_some(ring)
}
