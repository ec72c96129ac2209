//! Columnar files by Parquet's own encryption, which other programs can read when they are given the keys.
//!
//! ```text
//! data key, salt ──HKDF──► key of the file's footer, a key for each column
//! key metadata in the file: magic VIDIMUSP | version u8 | epoch u64 | salt 32 | 0, or 1 and the column's path
//! ```
//!
//! Pages, their headers, the indexes of pages and the footer are encrypted, each bound to its place in the file and, by the AAD prefix,
//! to the store, workspace and path. What the library does not encrypt must not be written: Bloom filters, and bytes that somebody puts
//! between the pages. [`check_encrypted`] has to come before reading: the library reads a plain file with decryption properties as
//! readily.
//!
//! The properties hold keys in memory that is not wiped, and those of encryption show them when they are printed for debugging.
//!
//! # Source
//! Parquet Modular Encryption, <https://parquet.apache.org/docs/file-format/data-pages/encryption/>.

use std::sync::Arc;

use parquet::encryption::decrypt::{FileDecryptionProperties, KeyRetriever};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::errors::ParquetError;
use parquet::schema::types::SchemaDescriptor;

use crate::KeyError;
use crate::cipher::{SALT_BYTES, Salt, derive, random_salt};
use crate::codec::Decoder;
use crate::purpose::Purpose;
use crate::sealer::Sealer;
use crate::secret::Key;

const MAGIC: &[u8; 8] = b"VIDIMUSP";
const VERSION: u8 = 1;
const LABEL: &str = "vidimus parquet v1";
/// The last bytes of a file whose footer is encrypted; a plain one has `PAR1`.
const ENCRYPTED_END: &[u8; 4] = b"PARE";

/// Refuses a file whose footer is not encrypted; `end` are the file's last four bytes or more.
///
/// # Errors
/// [`KeyError::NotSealed`].
pub fn check_encrypted(object: &str, end: &[u8]) -> Result<(), KeyError> {
    if end.ends_with(ENCRYPTED_END) { Ok(()) } else { Err(KeyError::NotSealed { object: object.to_string() }) }
}

impl Sealer {
    /// Returns how a new Parquet file is encrypted in the current epoch, all of it with one key; `object` is its path.
    ///
    /// # Errors
    /// [`KeyError::EpochDestroyed`] when the workspace has left, and when there are no random bytes.
    pub fn parquet_encryption(&self, object: &str) -> Result<Arc<FileEncryptionProperties>, KeyError> {
        self.encryption(object, None)
    }

    /// Returns how a new Parquet file is encrypted in the current epoch with a key of its own for the footer and for every column of
    /// `schema`, so that somebody can be given the keys of some columns.
    ///
    /// # Errors
    /// As [`Sealer::parquet_encryption`].
    pub fn parquet_encryption_by_column(
        &self,
        object: &str,
        schema: &SchemaDescriptor,
    ) -> Result<Arc<FileEncryptionProperties>, KeyError> {
        self.encryption(object, Some(schema))
    }

    fn encryption(
        &self,
        object: &str,
        schema: Option<&SchemaDescriptor>,
    ) -> Result<Arc<FileEncryptionProperties>, KeyError> {
        let (epoch, key) = self.current_key(Purpose::Extents)?;
        let salt = random_salt(self.entropy.as_ref())?;
        let module =
            |module: Module| (self.module_key(&key, epoch, &salt, object, &module), metadata(epoch, &salt, &module));
        let (footer_key, footer_metadata) = module(Module::Footer);
        let mut builder = FileEncryptionProperties::builder(footer_key.expose().to_vec())
            .with_footer_key_metadata(footer_metadata)
            .with_aad_prefix(self.aad_prefix(object));
        for column in schema.map(SchemaDescriptor::columns).unwrap_or_default() {
            let path = column.path().string();
            let (key, metadata) = module(Module::Column(&path));
            builder = builder.with_column_key_and_metadata(&path, key.expose().to_vec(), metadata);
        }
        builder.build().map_err(|source| KeyError::Parquet { object: object.to_string(), source })
    }

    /// Returns how the Parquet file at the path `object` is decrypted. Keys are derived when the file asks for them.
    ///
    /// # Errors
    /// When the library refuses to make the properties.
    pub fn parquet_decryption(&self, object: &str) -> Result<Arc<FileDecryptionProperties>, KeyError> {
        let retriever = Retriever { sealer: self.clone(), object: object.to_string() };
        let builder = FileDecryptionProperties::with_key_retriever(Arc::new(retriever));
        let built = builder.with_aad_prefix(self.aad_prefix(object)).build();
        built.map_err(|source| KeyError::Parquet { object: object.to_string(), source })
    }

    /// Returns what every module of a file is bound to. The epoch is in the keys.
    fn aad_prefix(&self, object: &str) -> Vec<u8> {
        self.context(LABEL, Purpose::Extents, 0, object)
    }

    fn module_key(&self, key: &Key, epoch: u64, salt: &Salt, object: &str, module: &Module<'_>) -> Key {
        let mut context = self.context(LABEL, Purpose::Extents, epoch, object);
        context.extend(module.to_bytes());
        derive(key, salt, &context)
    }
}

/// What a key of a file is for.
enum Module<'a> {
    Footer,
    Column(&'a str),
}

impl Module<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Module::Footer => vec![0],
            Module::Column(path) => [&[1], path.as_bytes()].concat(),
        }
    }
}

fn metadata(epoch: u64, salt: &Salt, module: &Module<'_>) -> Vec<u8> {
    let mut metadata = Vec::with_capacity(8 + 1 + 8 + SALT_BYTES + 1);
    metadata.extend_from_slice(MAGIC);
    metadata.push(VERSION);
    metadata.extend(epoch.to_be_bytes());
    metadata.extend_from_slice(salt);
    metadata.extend(module.to_bytes());
    metadata
}

/// Derives the keys that a file asks for.
struct Retriever {
    sealer: Sealer,
    object: String,
}

impl Retriever {
    fn retrieve(&self, metadata: &[u8]) -> Result<Key, KeyError> {
        let parse = || {
            let mut decoder = Decoder(metadata);
            if decoder.take(8)? != MAGIC || decoder.u8()? != VERSION {
                return None;
            }
            let (epoch, salt) = (decoder.u64()?, decoder.array()?);
            let module = match decoder.u8()? {
                0 if decoder.0.is_empty() => Module::Footer,
                1 => Module::Column(std::str::from_utf8(decoder.0).ok()?),
                _ => return None,
            };
            Some((epoch, salt, module))
        };
        let (epoch, salt, module) = parse().ok_or_else(|| KeyError::NotSealed { object: self.object.clone() })?;
        let key = self.sealer.key(Purpose::Extents, epoch)?;
        Ok(self.sealer.module_key(&key, epoch, &salt, &self.object, &module))
    }
}

impl KeyRetriever for Retriever {
    fn retrieve_key(&self, key_metadata: &[u8]) -> parquet::errors::Result<Vec<u8>> {
        let key = self.retrieve(key_metadata).map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(key.expose().to_vec())
    }
}
