//! A small store of keys on a simulated disk.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::sync::{Arc, Mutex};

use keys::{
    BackendError, Cost, KeyError, KeyStore, Mode, Passphrase, PassphraseBackend, Surroundings, Unusable, settle,
};
use sequencer::storage::simulated::Simulated;
use stdx::{Entropy, FixedClock, Rng};

/// Random bytes that follow from a seed.
pub struct SeededEntropy(Mutex<Rng>);

impl SeededEntropy {
    pub fn shared(seed: u64) -> Arc<dyn Entropy> {
        Arc::new(SeededEntropy(Mutex::new(Rng::from_seed(seed))))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        let mut rng = self.0.lock().expect("a lock");
        bytes.iter_mut().for_each(|byte| *byte = rng.next_u64() as u8);
        Ok(())
    }
}

/// A try costs nothing, so that tests are quick.
pub const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

pub fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).expect("a passphrase")
}

pub const WORDS: &str = "correct horse battery staple";

/// A disk, and what makes random bytes.
pub struct World {
    pub disk: Simulated,
    pub entropy: Arc<dyn Entropy>,
}

/// An open store and its backend.
pub struct Open {
    pub backend: Arc<PassphraseBackend>,
    pub store: Arc<KeyStore>,
    pub unusable: Vec<Unusable>,
}

impl World {
    pub fn new(seed: u64) -> World {
        World { disk: Simulated::new(seed), entropy: SeededEntropy::shared(seed) }
    }

    /// Opens the root keys, or makes them where there are none.
    pub fn backend(&self, words: &str) -> Result<Arc<PassphraseBackend>, BackendError> {
        let service = |error: KeyError| BackendError::Service(error.to_string());
        let id = settle(&self.disk, Mode::Encrypted, self.entropy.as_ref()).map_err(service)?;
        let id = id.expect("an encrypted store has a name");
        let storage = Arc::new(self.disk.clone());
        match PassphraseBackend::open(storage.clone(), id, &passphrase(words), self.entropy.clone()) {
            Err(BackendError::Missing) => {
                PassphraseBackend::create(storage, id, &passphrase(words), CHEAP, self.entropy.clone()).map(Arc::new)
            }
            other => other.map(Arc::new),
        }
    }

    pub fn around(&self, backend: Arc<PassphraseBackend>) -> Surroundings {
        Surroundings {
            storage: Arc::new(self.disk.clone()),
            backend,
            former: Vec::new(),
            entropy: self.entropy.clone(),
            clock: Arc::new(FixedClock(7)),
        }
    }

    pub fn open_with(&self, words: &str) -> Result<Open, KeyError> {
        let backend = self.backend(words).map_err(KeyError::Root)?;
        let (store, unusable) = KeyStore::open(self.around(backend.clone()))?;
        Ok(Open { backend, store: Arc::new(store), unusable })
    }

    /// Opens a store with the workspaces `contoso` and `fabrikam`.
    pub fn open(&self) -> Open {
        let open = self.open_with(WORDS).expect("a store");
        for workspace in ["contoso", "fabrikam"] {
            match open.store.add_workspace(workspace) {
                Ok(()) | Err(KeyError::WorkspaceExists(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        open
    }
}

/// Calls `check` with every variant of `bytes` that differs in one bit; in the zeroes at the end, with one for each byte.
pub fn flip_every_bit(bytes: &[u8], mut check: impl FnMut(usize, Vec<u8>)) {
    let n_written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let padding = (n_written..bytes.len()).map(|byte| byte * 8 + byte % 8);
    for bit in (0..n_written * 8).chain(padding) {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        check(bit, flipped);
    }
}
