//! The store's own keys and its name.

use sequencer::{is_workspace_name, key_of_file};
use tlog::Policy;
use tlog::note::VerifierKey;

use crate::report::Finding;
use crate::run::Run;

/// Reads the keys of a workspace.
pub fn keys_of(run: &Run<'_>, workspace: &str) -> Vec<VerifierKey> {
    let folder = format!("keys/{workspace}");
    let mut keys = Vec::new();
    for path in run.files(&folder) {
        let name = path.rsplit('/').next().unwrap_or_default();
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
    if keys.is_empty() && is_workspace_name(workspace) {
        run.find(Finding::new(folder, "there is no key that can be read"));
    }
    keys
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
