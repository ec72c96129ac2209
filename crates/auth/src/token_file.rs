//! The file of tokens: a first line that says what it is, then a line a token, fields separated by tabs:
//!
//! ```text
//! # vidimus tokens 1
//! 5f0c...  ci  Log Analytics Reader,Monitoring Metrics Publisher  prod,test  2026-11-01T...Z  -  <sha256 in hex>
//! ```
//!
//! It is replaced as a whole, by way of a file beside it: whoever reads it sees the old or the new one.

use crate::token::SecretDigest;
use crate::{Role, Token, TokenError, Workspaces};
use schema::ticks;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const FIRST_LINE: &str = "# vidimus tokens 1";
/// Stands for every workspace.
const ALL_WORKSPACES: &str = "*";
/// Stands for no end.
const NEVER: &str = "-";

/// What tells one state of the file from another: it is always replaced, so a new one has another inode or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

/// Returns the state of the file; `None` when there is none.
pub(crate) fn stamp(path: &Path) -> Result<Option<Stamp>, TokenError> {
    match std::fs::metadata(path) {
        Ok(found) => {
            if found.mode() & 0o077 != 0 {
                return Err(TokenError::OpenToOthers { path: path.to_path_buf() });
            }
            let modified = (found.mtime(), found.mtime_nsec());
            Ok(Some(Stamp { inode: found.ino(), bytes: found.size(), modified }))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TokenError::File { step: "read", path: path.to_path_buf(), source }),
    }
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Vec<Token>, TokenError> {
    parse(&read_text(path)?).map_err(|line| TokenError::Damaged { path: path.to_path_buf(), line })
}

/// Reads a file's text.
pub(crate) fn read_text(path: &Path) -> Result<String, TokenError> {
    std::fs::read_to_string(path).map_err(|source| TokenError::File { step: "read", path: path.to_path_buf(), source })
}

/// Reads a file's text; the number of the first bad line when there is one.
fn parse(text: &str) -> Result<Vec<Token>, usize> {
    let mut lines = text.lines().zip(1..);
    match lines.next() {
        Some((FIRST_LINE, _)) => {}
        _ => return Err(1),
    }
    lines.map(|(line, number)| token(line).ok_or(number)).collect()
}

fn token(line: &str) -> Option<Token> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [id, name, roles, workspaces, created, expires, digest] = fields.as_slice() else { return None };
    let Granted { roles, workspaces, created, expires } = Granted::of_fields([roles, workspaces, created, expires])?;
    let digest = SecretDigest(digest_bytes(digest)?);
    Some(Token { id: id.to_string(), name: name.to_string(), roles, workspaces, created, expires, digest })
}

/// What a line grants, and for how long: the fields that lines of tokens and of applications share.
pub(crate) struct Granted {
    pub roles: Vec<Role>,
    pub workspaces: Workspaces,
    pub created: i64,
    pub expires: Option<i64>,
}

impl Granted {
    pub fn of_fields([roles, workspaces, created, expires]: [&str; 4]) -> Option<Granted> {
        let workspaces = match workspaces {
            ALL_WORKSPACES => Workspaces::All,
            names => Workspaces::Named(names.split(',').map(str::to_string).collect()),
        };
        let expires = match expires {
            NEVER => None,
            text => Some(ticks::parse_datetime(text)?),
        };
        let roles = roles.split(',').map(Role::from_name).collect::<Option<Vec<_>>>()?;
        Some(Granted { roles, workspaces, created: ticks::parse_datetime(created)?, expires })
    }

    /// Returns the fields, separated by tabs.
    pub fn fields(roles: &[Role], workspaces: &Workspaces, created: i64, expires: Option<i64>) -> String {
        let roles: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        let workspaces = match workspaces {
            Workspaces::All => ALL_WORKSPACES.to_string(),
            Workspaces::Named(names) => names.join(","),
        };
        let expires = expires.map_or_else(|| NEVER.to_string(), ticks::datetime_text);
        format!("{}\t{workspaces}\t{}\t{expires}", roles.join(","), ticks::datetime_text(created))
    }
}

pub(crate) fn digest_bytes(hex: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect();
    if digits.len() != 64 {
        return None;
    }
    bytes.try_into().ok()
}

fn line(token: &Token) -> String {
    let granted = Granted::fields(&token.roles, &token.workspaces, token.created, token.expires);
    format!("{}\t{}\t{granted}\t{}\n", token.id, token.name, hex(&token.digest.0))
}

/// Returns bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Replaces the file; what was there stays when this fails.
pub(crate) fn write(path: &Path, tokens: &[Token]) -> Result<(), TokenError> {
    let mut text = format!("{FIRST_LINE}\n");
    tokens.iter().for_each(|token| text.push_str(&line(token)));
    write_text(path, &text)
}

/// Replaces a file that only its owner may read; what was there stays when this fails.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), TokenError> {
    let beside = beside(path, "new");
    let failed = |source| TokenError::File { step: "write", path: path.to_path_buf(), source };
    // One that was left behind may be readable by others: it is not written to.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Waits until no other process changes the file; the lock ends when what this returns is dropped.
pub(crate) fn lock(path: &Path) -> Result<File, TokenError> {
    let lock = beside(path, "lock");
    let failed = |source| TokenError::File { step: "lock", path: lock.clone(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

pub(crate) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_back() {
        let token = Token {
            id: "0a1b".into(),
            name: "log shipper".into(),
            roles: vec![Role::LogAnalyticsReader, Role::MonitoringMetricsPublisher],
            workspaces: Workspaces::Named(vec!["prod".into(), "test".into()]),
            created: 638_000_000_000_000_000,
            expires: Some(639_000_000_000_000_001),
            digest: SecretDigest::of("x"),
        };
        let all = Token { workspaces: Workspaces::All, expires: None, ..token.clone() };
        let text = format!("{FIRST_LINE}\n{}{}", line(&token), line(&all));
        assert_eq!(parse(&text), Ok(vec![token, all]));
    }

    #[test]
    fn a_damaged_line_is_named() {
        let good = "a\tn\tOwner\t*\t2026-01-01T00:00:00Z\t-\t";
        let digest = "00".repeat(32);
        assert!(parse(&format!("{FIRST_LINE}\n{good}{digest}")).is_ok());
        let bad = [
            (String::new(), 1),
            ("# vidimus tokens 2\n".into(), 1),
            (format!("{FIRST_LINE}\n{good}{digest}\n\n"), 3),
            (format!("{FIRST_LINE}\n{good}{}", &digest[1..]), 2),
            (format!("{FIRST_LINE}\n{good}{}z", &digest[1..]), 2),
            (format!("{FIRST_LINE}\n{}{digest}", good.replace("Owner", "King")), 2),
            (format!("{FIRST_LINE}\n{}{digest}", good.replace("2026-01-01T00:00:00Z", "soon")), 2),
            (format!("{FIRST_LINE}\n{good}{digest}\tmore"), 2),
        ];
        for (text, line) in bad {
            assert_eq!(parse(&text), Err(line), "{text}");
        }
    }
}
