//! What a backup consists of.

use serde::{Deserialize, Serialize};
use tlog::{Hash, ticks_text};

use crate::error::BackupError;
use crate::place::Place;

const FORMAT: &str = "vidimus.backup.v1";
/// The folder of manifests.
const FOLDER: &str = "manifests/";

/// A whole backup. Its bytes are hashed, and the hash is in its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Manifest {
    pub format: String,
    /// When it was begun: whatever was acknowledged before is in it.
    pub made: String,
    pub made_ticks: i64,
    /// The store's name.
    pub origin: String,
    pub is_encrypted: bool,
    pub workspaces: Vec<WorkspacePart>,
    /// Keys that encrypt, themselves encrypted.
    pub keys: Vec<StoredFile>,
}

/// A workspace in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WorkspacePart {
    pub name: String,
    /// The signed checkpoint that covers what is here.
    pub checkpoint: String,
    /// The public keys of its log, as far as they were known.
    pub log_keys: Vec<String>,
    pub files: Vec<StoredFile>,
    /// Batches whose records are in no file yet.
    pub tail: Vec<TailBatch>,
}

/// A file of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StoredFile {
    /// Relative to the store's folder.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

/// A batch as the write-ahead log has it: what its leaves were made with, then its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TailBatch {
    /// Its index in the log.
    pub entry: u64,
    pub leaf_material_bytes: u64,
    pub bytes: u64,
    pub sha256: String,
}

/// A backup that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupInfo {
    /// When it was begun, in ticks.
    pub made: i64,
    pub name: String,
}

/// Returns the name of a blob.
pub fn blob_name(sha256: &str) -> String {
    format!("blobs/{}/{sha256}", sha256.get(..2).unwrap_or_default())
}

impl Manifest {
    pub fn new(made_ticks: i64, origin: &str, is_encrypted: bool) -> Manifest {
        Manifest {
            format: FORMAT.to_string(),
            made: ticks_text(made_ticks).unwrap_or_default(),
            made_ticks,
            origin: origin.to_string(),
            is_encrypted,
            workspaces: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Returns the manifest's name and bytes.
    pub fn to_bytes(&self) -> (String, Vec<u8>) {
        // Texts and numbers can always be written.
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        (format!("{FOLDER}{:020}-{}.json", self.made_ticks.max(0), Hash::of(&bytes)), bytes)
    }

    /// Reads a backup's manifest.
    pub fn read(place: &Place, info: &BackupInfo) -> Result<Manifest, BackupError> {
        let bytes = place.read_all(&info.name)?;
        let damaged = |why: String| BackupError::Damaged { place: place.to_string(), name: info.name.clone(), why };
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if manifest.to_bytes() != (info.name.clone(), bytes) {
            return Err(damaged("it is not what its name says".to_string()));
        }
        if manifest.format != FORMAT {
            return Err(damaged(format!("`{}` is a form that is not known", manifest.format)));
        }
        let paths = manifest.keys.iter().map(|file| (file, "keys/".to_string()));
        let of = |part: &'_ WorkspacePart| format!("ws/{}/", part.name);
        let paths = paths
            .chain(manifest.workspaces.iter().flat_map(|part| part.files.iter().map(move |file| (file, of(part)))));
        for (file, folder) in paths {
            let is_inside = file.path.strip_prefix(&folder).is_some_and(is_plain);
            if !is_inside || Hash::from_hex(&file.sha256).is_none() {
                return Err(damaged(format!("`{}` is no path of a store", file.path)));
            }
        }
        Ok(manifest)
    }
}

/// Returns whether a path stays in its folder.
fn is_plain(path: &str) -> bool {
    !path.contains('\\') && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Returns the backups in a place, oldest first.
///
/// # Errors
/// When the place cannot be read.
pub fn list(place: &Place) -> Result<Vec<BackupInfo>, BackupError> {
    let info = |name: String| {
        let (made, hash) = name.strip_prefix(FOLDER)?.strip_suffix(".json")?.split_once('-')?;
        Hash::from_hex(hash)?;
        Some(BackupInfo { made: made.parse().ok()?, name })
    };
    let mut backups: Vec<BackupInfo> = place.list(FOLDER)?.into_keys().filter_map(info).collect();
    backups.sort();
    Ok(backups)
}

/// Returns the newest backup that is not later than a time.
pub fn newest(place: &Place, to: Option<i64>) -> Result<Option<BackupInfo>, BackupError> {
    Ok(list(place)?.into_iter().rfind(|backup| to.is_none_or(|to| backup.made <= to)))
}
