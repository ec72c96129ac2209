//! The witness's key in a file that only its owner may read.
//!
//! ```text
//! vidimus.witness-key.v1
//! name witness.example/w1
//! secret <64 hexadecimal digits>
//! ```

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tlog::note::{Signer, VerifierKey};

use crate::error::KeyError;

const HEADER: &str = "vidimus.witness-key.v1";

fn key_path(folder: &Path) -> PathBuf {
    folder.join("witness.key")
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    move |source| KeyError::Io { path: path.to_path_buf(), source }
}

/// Writes a new key into a folder out of 32 random bytes, which no other key may share, and returns its public part.
///
/// # Errors
/// When the name is not that of a key, or the file cannot be written or is there: a witness has one key.
pub fn create_key(folder: &Path, name: &str, secret: &[u8; 32]) -> Result<VerifierKey, KeyError> {
    let signer = Signer::witness(name, secret).map_err(|source| KeyError::Name { name: name.to_string(), source })?;
    fs::create_dir_all(folder).map_err(io_error(folder))?;
    let path = key_path(folder);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(io_error(&path))?;
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("{HEADER}\nname {name}\nsecret {secret}\n");
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io_error(&path))?;
    #[cfg(unix)]
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error(folder))?;
    Ok(signer.verifier().clone())
}

/// Reads the key in a folder.
///
/// # Errors
/// When it is not there, not a key, or others than its owner may read it.
pub fn read_key(folder: &Path) -> Result<Signer, KeyError> {
    let path = key_path(folder);
    #[cfg(unix)]
    {
        let metadata = fs::metadata(&path).map_err(io_error(&path))?;
        if std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0 {
            return Err(KeyError::Open { path });
        }
    }
    let text = fs::read_to_string(&path).map_err(io_error(&path))?;
    let mut lines = text.lines();
    let (header, name, secret) = (lines.next(), lines.next(), lines.next());
    let name = name.and_then(|line| line.strip_prefix("name "));
    let secret = secret.and_then(|line| line.strip_prefix("secret ")).and_then(tlog::Hash::from_hex);
    let (Some(HEADER), Some(name), Some(secret), None) = (header, name, secret, lines.next()) else {
        return Err(KeyError::Form { path });
    };
    Signer::witness(name, &secret.0).map_err(|source| KeyError::Name { name: name.to_string(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("w1");
        assert!(matches!(read_key(&folder), Err(KeyError::Io { .. })));
        assert!(matches!(create_key(&folder, "a b", &[3; 32]), Err(KeyError::Name { .. })));
        let key = create_key(&folder, "witness.example/w1", &[3; 32]).expect("a key");
        assert_eq!(read_key(&folder).expect("a key").verifier(), &key);
        let again = create_key(&folder, "witness.example/w1", &[4; 32]);
        assert!(matches!(again, Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists));
        let path = key_path(&folder);
        let text = fs::read_to_string(&path).expect("text");
        assert_eq!(text, format!("{HEADER}\nname witness.example/w1\nsecret {}\n", "03".repeat(32)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
            assert!(matches!(read_key(&folder), Err(KeyError::Open { .. })));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("changed");
        }
        for other in [text.replace("v1", "v2"), text.replace("03", "0x"), format!("{text}more\n"), String::new()] {
            fs::write(&path, other).expect("written");
            assert!(matches!(read_key(&folder), Err(KeyError::Form { .. })));
        }
    }
}
