//! `vidimus backup`: a copy of a store, made while a server writes to it.

use crate::encryption::EncryptionArgs;
use anyhow::Context;
use backup::{BackupOptions, Place, back_up};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use stdx::SystemClock;

/// Copy a store to a directory or an object store. A server may have the store meanwhile: whatever it acknowledged before is in the
/// backup.
///
/// What is there from earlier backups is not copied again. Signing keys and tokens are never in a backup; records and seeds of a store
/// without encryption are in it as they are, so keep it as you keep the store.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// A directory, or a URL such as s3://bucket/folder or az://container/folder, with credentials from the environment (AWS_..., AZURE_...).
    #[arg(value_name = "DEST")]
    dest: String,
    /// The server's folder.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// File with the passphrase of an encrypted store, to note the public keys of its logs: a restoration then verifies their signatures.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: BackupArgs) -> anyhow::Result<ExitCode> {
    let encryption = EncryptionArgs { encryption: None, passphrase_file: args.passphrase_file.clone() };
    let options = BackupOptions { passphrase: encryption.passphrase()? };
    let place = Place::parse(&args.dest)?;
    let summary = back_up(&args.data, &place, &SystemClock, &options)
        .with_context(|| format!("no backup of {} was made", args.data.display()))?;
    println!("{place}: {}", summary.name);
    println!(
        "{} workspaces, {} entries, {} parts of {} bytes; {} parts of {} bytes were copied, the others were there",
        summary.n_workspaces,
        summary.n_entries,
        summary.n_parts,
        summary.n_bytes,
        summary.n_copied,
        summary.n_copied_bytes
    );
    if summary.is_encrypted {
        println!(
            "records, seeds and the keys that encrypt them are in it encrypted, as the passphrase of the store protects them"
        );
    } else {
        println!("records and seeds are in it as they are: whoever reads the backup reads the records");
    }
    println!("signing keys and tokens are not in it: a restored store has its own");
    Ok(ExitCode::SUCCESS)
}
