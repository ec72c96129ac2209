//! Evidence from a server: where the records of a query are in the log, the bundle about them, and the folder that holds it.

use crate::remote::Server;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::io::{Cursor, Read};
use std::path::Path;
use tlog::bundle::{self, Files, Report};
use tlog::note::SignedNote;
use tlog::{Checkpoint, Policy};
use zip::ZipArchive;

/// The columns that say where in the log a record is: the entry of its batch, and its position in it.
pub const ENTRY_COLUMN: &str = query::LOG_ENTRY_COLUMN;
pub const POSITION_COLUMN: &str = query::LOG_POSITION_COLUMN;

/// A bundle, and the policy that trusts the keys which the server names.
pub struct Evidence {
    pub files: Files,
    pub policy: String,
}

impl Evidence {
    /// Fetches a bundle about records of a table: `wanted` says which, as the endpoint for proofs reads it. Cells of the columns in
    /// `hidden` are not shown.
    pub fn fetch(
        server: &Server,
        workspace: &str,
        table: &str,
        wanted: Value,
        hidden: &[String],
    ) -> anyhow::Result<Evidence> {
        let body = json!({ "tables": { table: wanted }, "hidden": hidden }).to_string().into_bytes();
        let path = format!("/v1/workspaces/{workspace}");
        let zipped = server.call("POST", &format!("{path}/proofs"), &[], body)?.accepted()?;
        let shown = server.call("GET", &path, &[], Vec::new())?.accepted()?;
        let shown: Value = serde_json::from_slice(&shown).context("the server's answer is no JSON")?;
        let keys = shown["keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let policy = keys.map(|key| format!("log {key}\n")).chain(["quorum none\n".to_string()]).collect();
        Ok(Evidence { files: unpack(zipped)?, policy })
    }

    /// Verifies the bundle as a stranger would who trusts the keys that the server names.
    pub fn verify(&self) -> anyhow::Result<Report> {
        let policy = Policy::parse(&self.policy).context("the server's keys are none")?;
        bundle::verify(&self.files, &policy, &[]).context("the server's evidence is not valid")
    }

    /// Returns the checkpoint that the bundle leads to.
    pub fn checkpoint(&self) -> anyhow::Result<Checkpoint> {
        let note = self.files.get("checkpoint").context("the server's evidence has no checkpoint")?;
        Ok(Checkpoint::parse(&SignedNote::parse(note)?.text)?)
    }

    /// Writes the bundle into a new folder, which is there when all of it is.
    pub fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        let failed = || format!("cannot write {}", folder.display());
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(folder.file_name().unwrap_or_default());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".unfinished");
        // As any other folder that this user makes: the process's mask narrows it.
        let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let unfinished = builder.tempdir_in(parent).with_context(failed)?;
        for (name, bytes) in &self.files {
            let path = unfinished.path().join(name);
            std::fs::write(&path, bytes).with_context(failed)?;
            std::fs::File::open(&path).and_then(|file| file.sync_all()).with_context(failed)?;
        }
        check_new(folder)?;
        std::fs::rename(unfinished.path(), folder).with_context(failed)?;
        // It is kept under its own name now.
        let _ = unfinished.keep();
        Ok(())
    }

    /// Returns how to verify the bundle in a folder.
    pub fn instructions(&self, folder: &Path) -> String {
        let folder = folder.display();
        format!(
            "Whoever trusts this key of the log verifies them with a policy of these lines:\n\n{}\nThen:  vidimus-verify {folder} \
             --policy POLICY   or   python3 {folder}/verify.py {folder} --policy POLICY",
            self.policy
        )
    }
}

/// Makes sure that nothing is where something new is to be.
pub fn check_new(path: &Path) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        bail!("{} is there already", path.display());
    }
    Ok(())
}

/// Returns a query without what ends its last statement, so that an operator can follow.
pub fn open_ended(query: &str) -> &str {
    query.trim_end_matches(|c: char| c.is_whitespace() || c == ';')
}

fn unpack(zipped: Vec<u8>) -> anyhow::Result<Files> {
    let mut archive = ZipArchive::new(Cursor::new(zipped)).context("the server's answer is no bundle")?;
    let mut files = Files::new();
    for place in 0..archive.len() {
        let mut file = archive.by_index(place)?;
        let name = file.name().context("the server's answer is no bundle")?.to_string();
        if name.contains(['/', '\\']) || name.starts_with('.') {
            bail!("the server's answer is no bundle: it has a file `{name}`");
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        files.insert(name, bytes);
    }
    Ok(files)
}
