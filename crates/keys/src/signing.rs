//! Keys that sign logs, sealed: what [`sequencer::KeyFolder`] is for a plain store.
//!
//! ```text
//! contoso/0a0b0c0d.key      vidimus.key.v2
//!                           sealed <hexadecimal digits of a blob>
//! the blob                  name <origin>
//!                           secret <64 hexadecimal digits>
//! ```

use std::sync::Arc;

use sequencer::storage::replace;
use sequencer::{Keys, Signer};
use tlog::note::VerifierKey;
use zeroize::Zeroizing;

use crate::KeyError;
use crate::purpose::Purpose;
use crate::sealer::Sealer;
use crate::secret::Key;
use crate::store::KeyStore;

/// The first line of a sealed key file.
pub const HEADER: &str = "vidimus.key.v2";

/// The sealed signing keys of a store.
#[derive(Clone)]
pub struct SealedKeys {
    store: Arc<KeyStore>,
}

impl SealedKeys {
    /// Takes the signing keys of a store.
    pub fn new(store: Arc<KeyStore>) -> SealedKeys {
        SealedKeys { store }
    }

    /// Writes a new signing key for a workspace and returns its public part. A log that has checkpoints uses it after a rotation only.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`] when the origin names no log, [`KeyError::SigningKeyExists`], and as [`KeyStore::sealer`] or when it cannot be
    /// written.
    pub fn create(&self, workspace: &str, origin: &str, secret: &Key) -> Result<VerifierKey, KeyError> {
        let sealer = self.store.sealer(workspace)?;
        let signer = tlog::note::Signer::log(origin, secret.expose())
            .map_err(|error| KeyError::NotAKey { path: origin.to_string(), why: error.to_string() })?;
        let path = format!("{workspace}/{:08x}.key", signer.verifier().id());
        let storage = &self.store.surroundings().storage;
        if storage.read(&path).map_err(KeyError::io(&path))?.is_some() {
            return Err(KeyError::SigningKeyExists { path });
        }
        let mut text = Zeroizing::new(Vec::with_capacity(origin.len() + 128));
        text.extend_from_slice(format!("name {origin}\nsecret ").as_bytes());
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).map_or(b'0', |digit| digit as u8);
        for byte in secret.expose() {
            text.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        text.push(b'\n');
        self.write(&sealer, &path, &mut text)?;
        Ok(signer.verifier().clone())
    }

    /// Seals the signing keys of a workspace in the current epoch, if they are not, so that former epochs can be destroyed.
    /// Returns how many were sealed anew.
    ///
    /// # Errors
    /// As [`SealedKeys::open_all`], and when one cannot be written.
    pub fn reseal(&self, workspace: &str) -> Result<usize, KeyError> {
        let sealer = self.store.sealer(workspace)?;
        let current = sealer.current_key(Purpose::Signing)?.0;
        let mut n_sealed = 0;
        for path in self.paths(workspace)? {
            let blob = self.read(&path)?;
            if Sealer::epoch_of(&path, &blob)?.1 == current {
                continue;
            }
            let mut text = open(&sealer, &path, blob)?;
            self.write(&sealer, &path, &mut text)?;
            n_sealed += 1;
        }
        Ok(n_sealed)
    }

    /// Returns the signing keys of a workspace, ascending by their files' names.
    ///
    /// # Errors
    /// [`KeyError::NotSealed`], [`KeyError::NotAuthentic`], [`KeyError::NotAKey`], and as [`KeyStore::sealer`] or when one cannot be read.
    pub fn open_all(&self, workspace: &str) -> Result<Vec<tlog::note::Signer>, KeyError> {
        let sealer = self.store.sealer(workspace)?;
        let open = |path: &String| {
            let text = open(&sealer, path, self.read(path)?)?;
            parse_key(&text).map_err(|why| KeyError::NotAKey { path: path.clone(), why })
        };
        self.paths(workspace)?.iter().map(open).collect()
    }

    fn paths(&self, workspace: &str) -> Result<Vec<String>, KeyError> {
        let names = self.store.surroundings().storage.list(workspace).map_err(KeyError::io(workspace))?;
        let names = names.into_iter().filter(|name| name.ends_with(".key"));
        Ok(names.map(|name| format!("{workspace}/{name}")).collect())
    }

    /// Returns the blob in a file.
    fn read(&self, path: &str) -> Result<Vec<u8>, KeyError> {
        let bytes = self.store.surroundings().storage.read(path).map_err(KeyError::io(path))?;
        let bytes = bytes.ok_or_else(|| KeyError::io(path)(std::io::ErrorKind::NotFound.into()))?;
        let blob = parse_file(&bytes);
        blob.ok_or_else(|| KeyError::NotSealed { object: path.to_string() })
    }

    fn write(&self, sealer: &Sealer, path: &str, text: &mut Zeroizing<Vec<u8>>) -> Result<(), KeyError> {
        // Room enough: the secret is not left behind where the bytes were before.
        text.reserve_exact(Sealer::OVERHEAD_BYTES);
        sealer.seal(Purpose::Signing, path, text)?;
        let file = file_text(text);
        let storage = &self.store.surroundings().storage;
        replace(storage.as_ref(), path, file.as_bytes()).map_err(KeyError::io(path))
    }
}

fn file_text(blob: &[u8]) -> String {
    let digits: String = blob.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{HEADER}\nsealed {digits}\n")
}

fn parse_file(bytes: &[u8]) -> Option<Vec<u8>> {
    let digits = bytes.strip_prefix(HEADER.as_bytes())?.strip_prefix(b"\nsealed ")?.strip_suffix(b"\n")?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let blob: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
    // There is one way to write it.
    (file_text(&blob).as_bytes() == bytes).then_some(blob)
}

fn open(sealer: &Sealer, path: &str, blob: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut text = Zeroizing::new(blob);
    sealer.open(Purpose::Signing, path, &mut text)?;
    Ok(text)
}

fn parse_key(text: &[u8]) -> Result<tlog::note::Signer, String> {
    let not_a_key = || "it holds no key in a form that is known".to_string();
    let text = std::str::from_utf8(text).map_err(|_| not_a_key())?;
    let mut lines = text.lines();
    let name = lines.next().and_then(|line| line.strip_prefix("name ")).ok_or_else(not_a_key)?;
    let digits = lines.next().and_then(|line| line.strip_prefix("secret ")).ok_or_else(not_a_key)?;
    let secret = Zeroizing::new(tlog::Hash::from_hex(digits).ok_or_else(not_a_key)?.0);
    if lines.next().is_some() {
        return Err(not_a_key());
    }
    tlog::note::Signer::log(name, &secret).map_err(|error| error.to_string())
}

impl Keys for SealedKeys {
    fn signers(&self, workspace: &str) -> Result<Vec<Arc<dyn Signer>>, String> {
        let signers = self.open_all(workspace).map_err(|error| stdx::error_chain(&error))?;
        if signers.is_empty() {
            return Err(format!("the workspace `{workspace}` has no signing keys"));
        }
        Ok(signers.into_iter().map(|signer| Arc::new(signer) as Arc<dyn Signer>).collect())
    }
}
