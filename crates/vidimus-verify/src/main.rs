//! Verifies evidence from a sealed audit log: without the vault, without a network.
//!
//! Reads files, asks `tlog`, prints. The exit code is 0 if everything that is claimed is proved, 1 if it is not, 2 if the
//! question could not be asked.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tlog::bundle::{Files, Pin, verify};
use tlog::note::SignedNote;
use tlog::{Policy, Receipt};

/// Verifies a bundle of evidence from a sealed audit log.
///
/// What is proved holds for those who trust the keys in the policy, which never comes with the bundle.
#[derive(Debug, Parser)]
#[command(name = "vidimus-verify", version)]
struct Arguments {
    /// The bundle
    #[arg(value_name = "FOLDER")]
    bundle: PathBuf,

    /// The logs and witnesses that you trust, as C2SP tlog-policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// A checkpoint or receipt that you kept: the log must have grown from there
    #[arg(long, value_name = "FILE")]
    pinned: Vec<PathBuf>,

    /// Print the verified records as lines of JSON instead of the report
    #[arg(long)]
    rows: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (files, policy, pins) = match read(&arguments) {
        Ok(inputs) => inputs,
        Err(why) => {
            eprintln!("cannot verify: {why}");
            return ExitCode::from(2);
        }
    };
    let report = match verify(&files, &policy, &pins) {
        Ok(report) => report,
        Err(refusal) => {
            eprintln!("refused: {refusal}");
            return ExitCode::from(1);
        }
    };
    let mut out = String::new();
    if arguments.rows {
        for row in &report.rows {
            out.push_str(&row.to_json());
            out.push('\n');
        }
    } else {
        out = report.to_text();
    }
    match std::io::stdout().lock().write_all(out.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot print: {error}");
            ExitCode::from(2)
        }
    }
}

/// Reads the bundle and what the verifier trusts.
fn read(arguments: &Arguments) -> Result<(Files, Policy, Vec<Pin>), String> {
    let files = read_folder(&arguments.bundle)?;
    let policy = String::from_utf8(read_file(&arguments.policy)?).map_err(|_| "the policy is not UTF-8".to_string())?;
    let policy = Policy::parse(&policy).map_err(|error| error.to_string())?;
    let mut pins = Vec::new();
    for path in &arguments.pinned {
        pins.push(read_pin(path, &policy).map_err(|why| format!("`{}`: {why}", path.display()))?);
    }
    Ok((files, policy, pins))
}

fn read_pin(path: &Path, policy: &Policy) -> Result<Pin, String> {
    let bytes = read_file(path)?;
    let note = if bytes.starts_with(b"vidimus.receipt.v1\n") {
        let receipt = Receipt::parse(&bytes).map_err(|error| error.to_string())?;
        receipt.check_entry().map_err(|error| error.to_string())?;
        receipt.checkpoint
    } else {
        SignedNote::parse(&bytes).map_err(|error| error.to_string())?
    };
    let (checkpoint, _) = policy.check_log(&note).map_err(|error| error.to_string())?;
    Ok(Pin(checkpoint))
}

fn read_folder(folder: &Path) -> Result<Files, String> {
    let in_folder = |error: std::io::Error| format!("`{}`: {error}", folder.display());
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder).map_err(in_folder)? {
        let path = entry.map_err(in_folder)?.path();
        if path.is_file() {
            // A name that is not UTF-8 is none of ours; it is reported as not looked at.
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, read_file(&path)?);
        }
    }
    Ok(files)
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("`{}`: {error}", path.display()))
}
