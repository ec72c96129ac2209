//! The store's own keys and its name.

use std::sync::Arc;

use keys::{KeyError, KeyStore, MODE_FILE, Mode, SealedKeys};
use sequencer::key_of_file;
use stdx::error_chain;
use tlog::Policy;
use tlog::note::VerifierKey;

use crate::access::Access;
use crate::report::Finding;
use crate::run::Run;

/// Reads the keys of a workspace, which must have one if it has a log.
pub fn keys_of(run: &Run<'_>, workspace: &str, has_log: bool) -> Vec<VerifierKey> {
    let folder = format!("keys/{workspace}");
    match &run.access {
        Access::Plain => {}
        Access::Sealed(store) => return sealed_keys_of(run, workspace, has_log, store),
        Access::Closed => {
            let files = run.files(&folder);
            let bytes = files.iter().filter_map(|path| run.path(path).metadata().ok()).map(|file| file.len()).sum();
            run.leave(folder, bytes, "sealed keys: nothing can be said of them without the root keys");
            return Vec::new();
        }
    }
    let mut keys = Vec::new();
    for path in run.files(&folder) {
        let name = path.rsplit('/').next().unwrap_or_default();
        if run.is_leftover(&path) {
            continue;
        }
        if !name.ends_with(".key") {
            let bytes = run.path(&path).metadata().map_or(0, |file| file.len());
            run.leave(&path, bytes, "no file of a key");
            continue;
        }
        let Some(bytes) = run.read(&path) else { continue };
        let len = bytes.len() as u64;
        match key_of_file(name, &bytes) {
            Ok(key) => keys.push(key),
            Err(why) => run.find(Finding::new(&path, why).at(0..len)),
        }
        if let Some(mode) = shared_mode(run, &path) {
            run.find(Finding::new(&path, "others than its owner may read or change the key").differs("600", mode));
        }
    }
    if keys.is_empty() && has_log {
        run.find(Finding::new(folder, "there is no key that can be read"));
    } else if keys.is_empty() {
        run.leave(folder, 0, "a workspace without a key and without a log: it was being made when the process ended");
    }
    keys
}

/// Opens the keys of a workspace of an encrypted store.
fn sealed_keys_of(run: &Run<'_>, workspace: &str, has_log: bool, store: &Arc<KeyStore>) -> Vec<VerifierKey> {
    let folder = format!("keys/{workspace}");
    for path in run.files(&folder) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let bytes = run.path(&path).metadata().map_or(0, |file| file.len());
        if run.is_leftover(&path) {
            continue;
        }
        if !name.ends_with(".key") && !name.starts_with("ring.") {
            run.leave(&path, bytes, "no file of a key");
        }
        run.count(|counts| counts.n_files += 1);
        run.add_bytes(bytes);
        if let Some(mode) = shared_mode(run, &path) {
            run.find(Finding::new(&path, "others than its owner may read or change the key").differs("600", mode));
        }
    }
    match SealedKeys::new(store.clone()).open_all(workspace) {
        Ok(signers) if signers.is_empty() && has_log => {
            run.find(Finding::new(folder, "there is no key that can be read"));
            Vec::new()
        }
        Ok(signers) => signers.iter().map(|signer| signer.verifier().clone()).collect(),
        Err(KeyError::NoWorkspace(_)) if !has_log => Vec::new(),
        Err(error) => {
            let path = match &error {
                KeyError::Damaged { path } | KeyError::NotAKey { path, .. } => format!("keys/{path}"),
                KeyError::NotSealed { object } | KeyError::NotAuthentic { object } => format!("keys/{object}"),
                _ => folder,
            };
            run.find(Finding::new(path, error_chain(&error)));
            Vec::new()
        }
    }
}

/// Looks at what is beside the folders of workspaces: what says whether the store is encrypted, and its root keys.
pub fn check_key_files(run: &Run<'_>) {
    let mode = format!("keys/{MODE_FILE}");
    if !run.path(&mode).exists() && !run.folders("keys").is_empty() {
        run.find(Finding::new(mode, "it is missing: nothing says whether the store is encrypted"));
    }
    for path in run.files("keys").into_iter().filter(|path| path.matches('/').count() == 1) {
        let name = path.strip_prefix("keys/").unwrap_or_default();
        let bytes = run.path(&path).metadata().map_or(0, |file| file.len());
        let is_root = name.starts_with("root.") && !name.ends_with(".tmp");
        if run.is_leftover(&path) || name.ends_with(".lock") {
            continue;
        }
        match (&run.access, name) {
            (Access::Plain, MODE_FILE) if run.mode() != Some(Mode::Plain) => {
                run.find(Finding::new(path, "it does not say whether the store is encrypted").at(0..bytes));
                continue;
            }
            // It was read before anything else, and had the one form that there is.
            (Access::Plain | Access::Sealed(_), MODE_FILE) => {}
            (Access::Sealed(_), _) if is_root => {}
            (Access::Plain, _) if is_root => {
                run.find(Finding::new(path, "it belongs to an encrypted store, and this is a plain one"));
                continue;
            }
            (Access::Closed, _) if is_root || name == MODE_FILE => {
                run.leave(path, bytes, "of an encrypted store: nothing can be said of it without the root keys");
                continue;
            }
            _ => {
                run.leave(path, bytes, "no file of a key");
                continue;
            }
        }
        run.count(|counts| counts.n_files += 1);
        run.add_bytes(bytes);
    }
}

#[cfg(unix)]
fn shared_mode(run: &Run<'_>, path: &str) -> Option<String> {
    let mode = std::os::unix::fs::MetadataExt::mode(&run.path(path).metadata().ok()?);
    (mode & 0o077 != 0).then(|| format!("{:o}", mode & 0o777))
}

#[cfg(not(unix))]
fn shared_mode(_: &Run<'_>, _: &str) -> Option<String> {
    None
}

/// Returns what trusts the store's own keys; `None` without keys.
pub fn own_policy(keys: &[VerifierKey]) -> Option<Policy> {
    let lines: String = keys.iter().map(|key| format!("log {key}\n")).collect();
    Policy::parse(&format!("{lines}quorum none\n")).ok().filter(|_| !keys.is_empty())
}

/// Compares the store's name with the origins of its logs, which begin with it.
pub fn check_origin(run: &Run<'_>, origins: &[(String, String)]) {
    let path = "origin";
    let Some(bytes) = run.read(path) else {
        if !origins.is_empty() {
            run.find(Finding::new(path, "it is missing"));
        }
        return;
    };
    let len = bytes.len() as u64;
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
    let Some(text) = text.filter(|text| !text.is_empty() && !text.contains(char::is_whitespace)) else {
        run.find(Finding::new(path, "it is no line with a name").at(0..len));
        return;
    };
    for (workspace, origin) in origins {
        let expected = format!("{text}/{workspace}");
        if expected != *origin {
            let what = format!("it is not what the name of the log of `{workspace}` begins with");
            let own = origin.strip_suffix(&format!("/{workspace}")).unwrap_or(origin);
            run.find(Finding::new(path, what).at(0..len).differs(own, text));
        }
    }
    if origins.is_empty() {
        run.leave(path, len, "there is no log yet that begins with it");
    }
}
