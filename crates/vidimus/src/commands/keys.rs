//! `vidimus keys`: the root key of an encrypted store.

use crate::encryption::{EncryptionArgs, not_opened};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use ingest::{Vault, VaultOptions};
use keys::{Cost, PassphraseSource};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use stdx::SystemClock;

/// Look after the keys of an encrypted store. No server may have the store meanwhile.
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Put all workspaces under a new root key and destroy the one of before. Data stay as they are; each log gets an act.
    ///
    /// Asked again after an interruption, it goes on with the workspaces that are left.
    Rotate(RotateArgs),
}

#[derive(Debug, Args)]
struct RotateArgs {
    /// The server's folder.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    #[command(flatten)]
    encryption: EncryptionArgs,
    /// File whose first line is the passphrase from now on.
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// Why: it goes into the act in each log.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who asked and who approved, as references such as the number of a ticket; may be given several times.
    #[arg(long = "authority", value_name = "REFERENCE", required = true)]
    authorities: Vec<String>,
}

/// Runs the command.
pub fn run(args: KeysArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        KeysCommand::Rotate(args) => rotate(&args),
    }
}

fn rotate(args: &RotateArgs) -> anyhow::Result<ExitCode> {
    if !args.data.join("origin").is_file() {
        bail!("{} is no folder of a store", args.data.display());
    }
    let new = args.new_passphrase_file.as_ref().map(|path| PassphraseSource::File(path.clone()).get());
    let new = new.transpose().context("cannot read the new passphrase")?;
    let options = VaultOptions { encryption: args.encryption.encryption()?, ..VaultOptions::default() };
    let vault = Vault::open(&args.data, Arc::new(SystemClock), options);
    let vault = vault.map_err(|error| not_opened(&args.data, error))?;
    let new = new.as_ref().map(|passphrase| (passphrase, Cost::default()));
    let rotation = vault.rotate_root_key(new, &args.reason, &args.authorities).context("cannot rotate the root key")?;
    for (workspace, result) in &rotation.workspaces {
        match result {
            Ok(Some(entry)) => println!("{workspace}: rewrapped, entry {entry}"),
            Ok(None) => println!("{workspace}: was under the root key already"),
            Err(why) => println!("{workspace}: FAILED: {why}"),
        }
    }
    for (root, why) in &rotation.kept {
        println!("the root key {root} is still there: {why}");
    }
    let n_failed = rotation.workspaces.iter().filter(|(_, result)| result.is_err()).count();
    let (n_ok, n_retired) = (rotation.workspaces.len() - n_failed, rotation.retired.len());
    println!("root key {}: {n_ok} workspaces, {n_failed} failed, {n_retired} former root keys destroyed", rotation.new);
    Ok(if rotation.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
