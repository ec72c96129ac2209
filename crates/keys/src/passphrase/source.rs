//! Where a passphrase comes from.

use std::fmt;
use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::backend::BackendError;
use crate::secret::SecretBytes;

/// A passphrase, which is never shown.
#[derive(Clone)]
pub struct Passphrase(SecretBytes);

impl Passphrase {
    /// Makes a passphrase of bytes.
    ///
    /// # Errors
    /// [`BackendError::EmptyPassphrase`].
    pub fn new(bytes: Vec<u8>) -> Result<Passphrase, BackendError> {
        if bytes.is_empty() { Err(BackendError::EmptyPassphrase) } else { Ok(Passphrase(SecretBytes::new(bytes))) }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(secret)")
    }
}

/// Somewhere to get a passphrase from.
pub enum PassphraseSource {
    /// A file's first line; the file is to be its owner's only.
    File(PathBuf),
    /// An environment variable. Whatever runs as the same user can read it, and children inherit it: a file is better.
    Environment(String),
    /// Whoever sits at the terminal.
    Prompt(Box<dyn Fn() -> io::Result<String>>),
}

impl PassphraseSource {
    /// Gets the passphrase.
    ///
    /// # Errors
    /// [`BackendError::Passphrase`] and [`BackendError::EmptyPassphrase`].
    pub fn get(&self) -> Result<Passphrase, BackendError> {
        let (from, text) = match self {
            PassphraseSource::File(path) => (format!("`{}`", path.display()), read_line(path)),
            PassphraseSource::Environment(name) => {
                let not_there = |error| io::Error::new(io::ErrorKind::NotFound, not_readable(&error));
                (format!("the environment variable `{name}`"), std::env::var(name).map_err(not_there))
            }
            PassphraseSource::Prompt(ask) => ("the prompt".to_string(), ask()),
        };
        let text = text.map_err(|source| BackendError::Passphrase { from, source })?;
        Passphrase::new(text.into_bytes())
    }
}

/// Says what is wrong with a variable without its value, which the system's own message has.
fn not_readable(error: &std::env::VarError) -> &'static str {
    match error {
        std::env::VarError::NotPresent => "it is not set",
        std::env::VarError::NotUnicode(_) => "it is not text",
    }
}

fn read_line(path: &PathBuf) -> io::Result<String> {
    use std::io::Read;
    let mut file = std::fs::File::open(path)?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&file.metadata()?) & 0o077 != 0 {
        let why = "others than its owner may read or change the file";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(PASSPHRASE_FILE_BYTES_MAX as usize + 1));
    file.by_ref().take(PASSPHRASE_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PASSPHRASE_FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long for a passphrase"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))?;
    Ok(text.lines().next().unwrap_or_default().to_string())
}

/// 4 KiB are more than anybody types.
const PASSPHRASE_FILE_BYTES_MAX: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_a_files_first_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("passphrase");
        let write = |text: &[u8]| {
            std::fs::write(&path, text).expect("written");
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("changed");
            PassphraseSource::File(path.clone()).get()
        };
        assert_eq!(write(b"six words\r\nnote").expect("a passphrase").expose(), b"six words");
        assert_eq!(write(b" six words ").expect("a passphrase").expose(), b" six words ");
        assert!(matches!(write(b"\n"), Err(BackendError::EmptyPassphrase)));
        assert!(matches!(write(&[0xff, 0xfe]), Err(BackendError::Passphrase { .. })));
        assert!(matches!(write(&[b'x'; 5000]), Err(BackendError::Passphrase { .. })));
        #[cfg(unix)]
        {
            write(b"six words").expect("a passphrase");
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("changed");
            let found = PassphraseSource::File(path.clone()).get();
            assert!(matches!(found, Err(BackendError::Passphrase { .. })));
        }
    }

    #[test]
    fn a_passphrase_may_be_asked_for() {
        let asked = PassphraseSource::Prompt(Box::new(|| Ok("six words".to_string()))).get();
        assert_eq!(asked.expect("a passphrase").expose(), b"six words");
        let variable = PassphraseSource::Environment("VIDIMUS_NO_SUCH_VARIABLE".to_string()).get();
        assert_eq!(
            variable.err().map(|error| error.to_string()).as_deref(),
            Some("the passphrase cannot be read from the environment variable `VIDIMUS_NO_SUCH_VARIABLE`")
        );
    }
}
