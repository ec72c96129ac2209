//! `vidimus restore`: a store out of a backup.

use super::verify::read_note;
use crate::store::OWN_WORKSPACE;
use anyhow::Context;
use backup::{Place, RestoreOptions, restore};
use clap::Args;
use keys::{Passphrase, PassphraseSource};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use stdx::SystemClock;

/// Make a store out of a backup, in a new folder.
///
/// Its logs begin with the entries of before and go on under other names, with keys of their own; the first entry of each states where it
/// comes from and what may be lost. Old evidence stays valid.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Where the backups are, as `vidimus backup` was told.
    #[arg(value_name = "SOURCE")]
    source: String,
    /// The folder that is made.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The newest backup that is not later; by default the newest.
    #[arg(long, value_name = "DATETIME", value_parser = super::query::instant)]
    to: Option<i64>,
    /// A checkpoint or receipt that a witness, an auditor or a sender kept. A workspace whose log has less is refused. May be given several
    /// times.
    #[arg(long = "witnessed-checkpoint", value_name = "FILE")]
    witnessed: Vec<PathBuf>,
    /// A workspace whose loss is accepted; its log says so. May be given several times.
    #[arg(long = "accept-loss", value_name = "WORKSPACE")]
    accepted: Vec<String>,
    /// A workspace that is not restored. May be given several times.
    #[arg(long = "leave-out", value_name = "WORKSPACE")]
    left_out: Vec<String>,
    /// Why: it goes into the act in each log.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who asked and who approved, as references such as the number of a ticket; may be given several times.
    #[arg(long = "authority", value_name = "REFERENCE", required = true)]
    authorities: Vec<String>,
    /// File whose first line is the passphrase of the encrypted store that the backup is of.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// File whose first line is the passphrase from now on: all workspaces are put under another root key.
    #[arg(long, value_name = "FILE", requires = "passphrase_file")]
    new_passphrase_file: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: RestoreArgs) -> anyhow::Result<ExitCode> {
    let place = Place::parse(&args.source)?;
    let mut witnessed = Vec::new();
    for path in &args.witnessed {
        witnessed.push((path.display().to_string(), read_note(path)?));
    }
    let options = RestoreOptions {
        to: args.to,
        witnessed,
        accepted: args.accepted.into_iter().collect(),
        left_out: args.left_out.into_iter().collect(),
        reason: args.reason,
        authorities: args.authorities,
        passphrase: args.passphrase_file.as_deref().map(passphrase).transpose()?,
        new_passphrase: args.new_passphrase_file.as_deref().map(passphrase).transpose()?,
        summary_workspace: Some(OWN_WORKSPACE.to_string()),
        ..RestoreOptions::default()
    };
    let has_witnesses = !options.witnessed.is_empty();
    let restored = restore(&place, &args.folder, Arc::new(SystemClock), &options)
        .with_context(|| format!("no store was made in {}", args.folder.display()))?;
    println!("{}: {} of {}", args.folder.display(), restored.backup, restored.made);
    for workspace in &restored.workspaces {
        let lost = match workspace.n_lost_entries {
            0 => String::new(),
            n => format!(", {n} entries that witnesses have seen ARE LOST"),
        };
        let signed = if workspace.is_verified { "" } else { ", the signature of before could not be verified" };
        println!("{}: {} entries, now the log {}{lost}{signed}", workspace.name, workspace.size, workspace.origin);
    }
    for workspace in &restored.left_out {
        println!("{workspace}: left out");
    }
    if !has_witnesses {
        println!("no witnessed checkpoint was given: nobody compared the logs with what others have seen");
    }
    let mut is_complete = true;
    if let Some(rotation) = &restored.rotation {
        is_complete = rotation.is_complete();
        let n_failed = rotation.workspaces.iter().filter(|(_, result)| result.is_err()).count();
        println!("root key {}: {n_failed} of {} workspaces failed", rotation.new, rotation.workspaces.len());
    }
    let (n_files, n_bytes) = (restored.n_files, restored.n_bytes);
    println!(
        "{n_files} files, {n_bytes} bytes; all of it was verified. There are no tokens yet: the first start makes an owner's"
    );
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn passphrase(path: &Path) -> anyhow::Result<Passphrase> {
    PassphraseSource::File(path.to_path_buf()).get().context("cannot read the passphrase")
}
