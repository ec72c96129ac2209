//! Keys that sign checkpoints: in files, or wherever else a [`Signer`] has them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::note::{NoteSignature, VerifierKey};

use crate::storage::{Disk, replace};

/// Something that signs a log's checkpoints.
pub trait Signer: Send + Sync {
    /// Returns the public part; its name is the log's origin.
    fn verifier(&self) -> &VerifierKey;

    /// Signs a checkpoint's text.
    ///
    /// # Errors
    /// When the key cannot be used now, as a text for whoever runs the node.
    fn sign(&self, text: &str) -> Result<NoteSignature, String>;
}

impl Signer for tlog::note::Signer {
    fn verifier(&self) -> &VerifierKey {
        tlog::note::Signer::verifier(self)
    }

    fn sign(&self, text: &str) -> Result<NoteSignature, String> {
        Ok(tlog::note::Signer::sign(self, text, 0))
    }
}

/// Something that knows the keys of workspaces.
pub trait Keys: Send {
    /// Returns the keys of a workspace's log, which all have its origin as their name; at least one.
    ///
    /// # Errors
    /// When there are none or they cannot be used, as a text for whoever runs the node.
    fn signers(&self, workspace: &str) -> Result<Vec<Arc<dyn Signer>>, String>;
}

/// Returns whether a text may name a workspace: 1 to 128 letters of ASCII, digits, `-` and `_`, so that it can name a folder.
pub fn is_workspace_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=128).contains(&name.len()) && name.bytes().all(is_plain)
}

const HEADER: &str = "vidimus.key.v1";

/// A folder with a folder of key files for each workspace, which only their owner may read.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    root: PathBuf,
}

impl KeyFolder {
    /// Names a folder of keys.
    pub fn new(root: impl Into<PathBuf>) -> KeyFolder {
        KeyFolder { root: root.into() }
    }

    /// Writes a new key for a workspace out of 32 random bytes and returns its public part. A log that has checkpoints uses it after
    /// a rotation only.
    ///
    /// # Errors
    /// When the names are none, or the file cannot be written or is there.
    pub fn create(&self, workspace: &str, origin: &str, secret: &[u8; 32]) -> io::Result<VerifierKey> {
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        if !is_workspace_name(workspace) {
            return Err(invalid(format!("`{workspace}` does not name a workspace")));
        }
        let signer = tlog::note::Signer::log(origin, secret).map_err(|error| invalid(error.to_string()))?;
        let folder = Disk::open_private(&self.root)?;
        let path = format!("{workspace}/{:08x}.key", signer.verifier().id());
        if self.root.join(&path).try_exists()? {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        replace(&folder, &path, format!("{HEADER}\nname {origin}\nsecret {secret}\n").as_bytes())?;
        Ok(signer.verifier().clone())
    }

    /// Returns the workspaces that have a key, ascending. A process that died while it made one may have left an empty folder or half
    /// a file, which are none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn workspaces(&self) -> io::Result<Vec<String>> {
        let mut workspaces = Vec::new();
        for name in list(&self.root)?.into_iter().filter(|name| is_workspace_name(name)) {
            if list(&self.root.join(&name))?.iter().any(|name| name.ends_with(".key")) {
                workspaces.push(name);
            }
        }
        workspaces.sort();
        Ok(workspaces)
    }

    /// Removes what a process left that died while it wrote a key. Only the process that has the store may do that.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove_remains(&self) -> io::Result<()> {
        for workspace in list(&self.root)?.into_iter().filter(|name| is_workspace_name(name)) {
            let folder = self.root.join(workspace);
            for name in list(&folder)?.into_iter().filter(|name| name.ends_with(".key.tmp")) {
                fs::remove_file(folder.join(name))?;
            }
        }
        Ok(())
    }
}

impl Keys for KeyFolder {
    fn signers(&self, workspace: &str) -> Result<Vec<Arc<dyn Signer>>, String> {
        if !is_workspace_name(workspace) {
            return Err(format!("`{workspace}` does not name a workspace"));
        }
        let folder = self.root.join(workspace);
        let unreadable = |path: &Path, error: io::Error| format!("cannot read `{}`: {error}", path.display());
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
            let path = entry.map_err(|error| unreadable(&folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "key") {
                paths.push(path);
            }
        }
        paths.sort();
        let signers: Result<Vec<Arc<dyn Signer>>, String> = paths.iter().map(|path| read_key(path)).collect();
        signers.and_then(|signers| {
            if signers.is_empty() { Err(format!("no keys in `{}`", folder.display())) } else { Ok(signers) }
        })
    }
}

/// Returns the names in a folder; none if there is no such folder, or it is a file.
fn list(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let names: Result<Vec<_>, io::Error> = entries.map(|entry| Ok(entry?.file_name().into_string().ok())).collect();
    Ok(names?.into_iter().flatten().collect())
}

fn read_key(path: &Path) -> Result<Arc<dyn Signer>, String> {
    let error = |why: &str| format!("`{}`: {why}", path.display());
    #[cfg(unix)]
    {
        let metadata = fs::metadata(path).map_err(|why| error(&why.to_string()))?;
        let mode = std::os::unix::fs::MetadataExt::mode(&metadata);
        if mode & 0o077 != 0 {
            return Err(error("others than its owner may read or change the key"));
        }
    }
    let text = fs::read_to_string(path).map_err(|why| error(&why.to_string()))?;
    Ok(Arc::new(parse_key(&text).map_err(|why| error(&why))?))
}

fn parse_key(text: &str) -> Result<tlog::note::Signer, String> {
    let mut lines = text.lines();
    let (header, name, secret) = (lines.next(), lines.next(), lines.next());
    let name = name.and_then(|line| line.strip_prefix("name "));
    let secret = secret.and_then(|line| line.strip_prefix("secret ")).and_then(tlog::Hash::from_hex);
    let (Some(HEADER), Some(name), Some(secret), None) = (header, name, secret, lines.next()) else {
        return Err("not a key file".to_string());
    };
    tlog::note::Signer::log(name, &secret.0).map_err(|error| error.to_string())
}

/// Returns the public part of a key file, whose name is `file_name`, if every byte of it is as [`KeyFolder::create`] wrote it.
///
/// # Errors
/// What is wrong with it, as a text that shows nothing of the secret.
pub fn key_of_file(file_name: &str, bytes: &[u8]) -> Result<VerifierKey, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not a key file".to_string())?;
    let signer = parse_key(text)?;
    // Any other way to write the same lines is not ours; the digits were read in their one form.
    if text.lines().count() != 3 || !text.ends_with('\n') || text.contains('\r') {
        return Err("not a key file".to_string());
    }
    let expected = format!("{:08x}.key", signer.verifier().id());
    if expected != file_name {
        return Err(format!("its key belongs into a file `{expected}`"));
    }
    Ok(signer.verifier().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_for_their_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = KeyFolder::new(folder.path());
        assert!(keys.signers("contoso").is_err());
        let key = keys.create("contoso", "vault.example/contoso", &[3; 32]).expect("a key");
        assert!(keys.create("contoso", "vault.example/contoso", &[3; 32]).is_err(), "a key is not overwritten");
        let signers = keys.signers("contoso").expect("keys");
        assert!(signers.iter().map(|signer| signer.verifier()).eq([&key]));
        let name = format!("{:08x}.key", key.id());
        let bytes = fs::read(folder.path().join("contoso").join(&name)).expect("a file");
        assert_eq!(key_of_file(&name, &bytes), Ok(key.clone()));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(key_of_file(&name, &flipped).is_err(), "bit {bit}");
        }
        // A process died while it made two others.
        fs::create_dir(folder.path().join("empty")).expect("a folder");
        fs::create_dir(folder.path().join("half")).expect("a folder");
        fs::write(folder.path().join("half/0123abcd.key.tmp"), HEADER).expect("written");
        assert_eq!(keys.workspaces().expect("names"), ["contoso"]);
        assert!(keys.signers("half").is_err());
        keys.remove_remains().expect("removed");
        assert!(!folder.path().join("half/0123abcd.key.tmp").exists());
        for name in ["", "../contoso", "a/b", "a.b", "a b"] {
            assert!(keys.create(name, "x", &[1; 32]).is_err() && keys.signers(name).is_err(), "{name}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = folder.path().join(format!("contoso/{:08x}.key", key.id()));
            assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
            assert!(keys.signers("contoso").is_err_and(|why| why.contains("others than its owner")));
        }
    }
}
