//! A bucket or container of an object store, under a prefix.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};
use tlog::Hash;
use tokio::runtime::Runtime;
use url::Url;

/// Bytes of one part of a large object; S3 wants 5 MiB at least.
const PART_BYTES: usize = 16 << 20;

/// Backups in an object store.
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    name: String,
    runtime: Runtime,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Objects {
    /// Opens what a URL names; what else is needed comes from the environment, in the names that the store's own tools know.
    pub fn open(url: &Url) -> Result<Objects, Failure> {
        let (store, prefix) = object_store::parse_url_opts(url, environment())?;
        Ok(Objects::of(Arc::from(store), url.as_str(), prefix.as_ref())?)
    }

    pub fn of(store: Arc<dyn ObjectStore>, name: &str, prefix: &str) -> io::Result<Objects> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Objects { store, prefix: Path::from(prefix), name: name.to_string(), runtime })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    pub fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, Failure> {
        let prefix = self.path(folder);
        let found: Vec<_> = self.runtime.block_on(self.store.list(Some(&prefix)).try_collect())?;
        let relative = |path: &Path| {
            let mut parts = path.prefix_match(&self.prefix)?;
            let first = parts.next()?.as_ref().to_string();
            Some(parts.fold(first, |name, part| format!("{name}/{}", part.as_ref())))
        };
        Ok(found.iter().filter_map(|object| Some((relative(&object.location)?, object.size))).collect())
    }

    /// Writes an object: it is there as a whole once all its parts are.
    pub fn put(&self, name: &str, reader: &mut dyn Read, hash: &Hash) -> Result<bool, Failure> {
        let path = self.path(name);
        let mut hasher = Sha256::new();
        let mut part = next_part(reader)?;
        hasher.update(&part);
        if part.len() < PART_BYTES {
            let is_it = Hash(hasher.finalize().into()) == *hash;
            if is_it {
                self.runtime.block_on(self.store.put(&path, PutPayload::from(part)))?;
            }
            return Ok(is_it);
        }
        let mut upload = self.runtime.block_on(self.store.put_multipart(&path))?;
        let done = (|| -> Result<bool, Failure> {
            while !part.is_empty() {
                self.runtime.block_on(upload.put_part(PutPayload::from(part)))?;
                part = next_part(reader)?;
                hasher.update(&part);
            }
            Ok(Hash(hasher.finalize().into()) == *hash)
        })();
        match done {
            Ok(true) => self.runtime.block_on(upload.complete()).map(|_| true).map_err(Failure::from),
            other => {
                // What stays of the parts is the store's to clear away.
                let _ = self.runtime.block_on(upload.abort());
                other
            }
        }
    }

    pub fn read(&self, name: &str, writer: &mut dyn Write) -> Result<Hash, Failure> {
        let path = self.path(name);
        self.runtime.block_on(async {
            let mut stream = self.store.get(&path).await?.into_stream();
            let mut hasher = Sha256::new();
            while let Some(bytes) = stream.try_next().await? {
                hasher.update(&bytes);
                writer.write_all(&bytes)?;
            }
            Ok(Hash(hasher.finalize().into()))
        })
    }
}

/// Returns the variables that say how object stores are reached.
fn environment() -> Vec<(String, String)> {
    let is_meant = |name: &str| ["AWS_", "AZURE_"].iter().any(|prefix| name.starts_with(prefix));
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| is_meant(name))
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect()
}

fn next_part(reader: &mut dyn Read) -> io::Result<Bytes> {
    let mut part = Vec::new();
    reader.take(PART_BYTES as u64).read_to_end(&mut part)?;
    Ok(Bytes::from(part))
}
