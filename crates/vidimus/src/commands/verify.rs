//! `vidimus verify`: whether a store, or a bundle of evidence, is what was signed and sealed.

use crate::encryption::EncryptionArgs;
use ::verify::{Depth, Options, Progress, Report, verify_store};
use anchors::tsa::Authority;
use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tlog::bundle::{self, Files, Pin};
use tlog::note::SignedNote;
use tlog::{Policy, Receipt, seconds_text};

/// The file that a bundle has and a store has not.
const CLAIM: &str = "claim";

/// Verify every byte of a store, or a bundle of evidence, and name everything that is wrong by file and bytes.
///
/// The exit code is 0 if all is as it was signed and sealed, 1 if not, 2 if it could not be looked at. Nothing is changed.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The folder of a store, or of a bundle.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The logs and witnesses that you trust, as C2SP tlog-policy. Without it, a store's own keys are trusted.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A checkpoint or receipt that you kept: the log must have grown from there. May be given several times.
    #[arg(long, value_name = "FILE")]
    pinned: Vec<PathBuf>,
    /// Certificates, in PEM form, to which those of the authority that stamped checkpoints must lead.
    #[arg(long, value_name = "FILE")]
    timestamp_roots: Option<PathBuf>,
    /// Only this workspace of the store.
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
    /// Hash every record again too, whatever the size of the store. Up to two million records that is so anyway.
    #[arg(long, conflicts_with = "quick")]
    deep: bool,
    /// Only the bytes of files, not each record.
    #[arg(long)]
    quick: bool,
    /// File whose first line is the passphrase of an encrypted store. Without it, it is said what was not verified.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: VerifyArgs) -> anyhow::Result<ExitCode> {
    let done = if args.path.join(CLAIM).is_file() { run_bundle(&args) } else { run_store(&args) };
    Ok(done.unwrap_or_else(|error| {
        eprintln!("vidimus: cannot verify: {error:#}");
        ExitCode::from(2)
    }))
}

fn run_store(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let depth = match (args.deep, args.quick) {
        (true, _) => Depth::Records,
        (_, true) => Depth::Files,
        _ => Depth::BySize,
    };
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let mut pinned = Vec::new();
    for path in &args.pinned {
        pinned.push((path.display().to_string(), read_note(path)?));
    }
    let authority = |path: &PathBuf| Authority::from_pem(&read(path)?, b"").with_context(|| path.display().to_string());
    let timestamp_authority = args.timestamp_roots.as_ref().map(authority).transpose()?;
    let encryption = EncryptionArgs { encryption: None, passphrase_file: args.passphrase_file.clone() };
    let passphrase = encryption.passphrase()?;
    let workspace = args.workspace.clone();
    let options = Options { workspace, policy, pinned, timestamp_authority, depth, passphrase, n_threads: None };
    let bar = progress_bar();
    let start = Instant::now();
    let report = verify_store(&args.path, &options, &|progress: Progress| {
        bar.set_length(progress.bytes_total);
        // Bytes of files that are read again to be decoded count again.
        bar.set_position(progress.n_bytes.min(progress.bytes_total));
    })?;
    bar.finish_and_clear();
    let out = if args.json {
        format!("{:#}\n", to_json(&report, start.elapsed()))
    } else {
        to_text(&report, start.elapsed())
    };
    print!("{out}");
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    let style = ProgressStyle::with_template("{bytes} of {total_bytes}, {bytes_per_sec}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Returns the report as it is printed: a line for each finding, what was not looked at, and how much was.
fn to_text(report: &Report, took: Duration) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let _ = writeln!(out, "{}", finding.to_text());
    }
    if !report.findings.is_empty() {
        out.push('\n');
    }
    if report.is_in_use {
        out.push_str("another process has the store: it was verified as far as it is published\n");
    }
    for unchecked in &report.unchecked {
        let _ = writeln!(out, "not verified: {}", unchecked.to_text());
    }
    for log in &report.logs {
        let signed = match &log.sighting {
            Some(sighting) => {
                let names: Vec<String> = sighting.witnesses.iter().filter_map(seen).collect();
                let seen = if names.is_empty() { String::new() } else { format!(", seen by {}", names.join(", ")) };
                format!("signed by the log's key{seen}")
            }
            None => "not signed acceptably".to_string(),
        };
        let _ =
            writeln!(out, "log of {}: {} entries, root {}, {signed}", log.workspace, log.size, log.root.to_base64());
    }
    let counts = &report.counts;
    let _ = writeln!(
        out,
        "{} files, {} bytes: {} entries in {} files of tiles and entries, {} batches, {} records in {} files, {} frames",
        counts.n_files,
        counts.n_bytes,
        counts.n_entries,
        counts.n_tiles,
        counts.n_batches,
        counts.n_records,
        counts.n_extents,
        counts.n_frames
    );
    if counts.n_timestamps > 0 {
        let _ = writeln!(out, "{} checkpoints timestamped by the authority that is trusted", counts.n_timestamps);
    }
    let seconds = took.as_secs_f64().max(1e-6);
    let _ = write!(out, "{:.2} s, {:.0} MB/s", seconds, counts.n_bytes as f64 / 1e6 / seconds);
    if counts.n_records_hashed > 0 {
        let rate = counts.n_records_hashed as f64 / seconds;
        let _ = write!(out, ", {} records hashed again, {rate:.0} records/s", counts.n_records_hashed);
    }
    let verdict = match report.findings.len() {
        0 => "all is as it was signed and sealed".to_string(),
        1 => "1 finding".to_string(),
        n => format!("{n} findings"),
    };
    let _ = writeln!(out, "\n{verdict}");
    out
}

/// Returns the name of a witness and when it saw the checkpoint.
fn seen(view: &tlog::WitnessView) -> Option<String> {
    match view.state {
        tlog::WitnessState::SeenAt(time) => {
            Some(format!("{} at {}", view.name, seconds_text(time).unwrap_or_else(|| time.to_string())))
        }
        _ => None,
    }
}

fn to_json(report: &Report, took: Duration) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "path": finding.path,
                "first": finding.range.as_ref().map(|range| range.start),
                "end": finding.range.as_ref().map(|range| range.end),
                "what": finding.what,
                "expected": finding.differs.as_ref().map(|(expected, _)| expected),
                "found": finding.differs.as_ref().map(|(_, found)| found),
            })
        })
        .collect();
    let unchecked = report.unchecked.iter();
    let unchecked: Vec<Value> =
        unchecked.map(|one| json!({ "path": one.path, "bytes": one.bytes, "why": one.why })).collect();
    let logs = report.logs.iter();
    let logs: Vec<Value> = logs
        .map(|log| {
            let (workspace, origin, root) = (&log.workspace, &log.origin, log.root.to_base64());
            let is_signed = log.sighting.is_some();
            json!({ "workspace": workspace, "origin": origin, "size": log.size, "root": root, "signed": is_signed })
        })
        .collect();
    let counts = &report.counts;
    json!({
        "whole": report.is_whole(),
        "inUse": report.is_in_use,
        "deep": report.is_deep,
        "findings": findings,
        "unchecked": unchecked,
        "logs": logs,
        "entries": counts.n_entries,
        "tileFiles": counts.n_tiles,
        "batches": counts.n_batches,
        "records": counts.n_records,
        "recordsHashed": counts.n_records_hashed,
        "recordFiles": counts.n_extents,
        "frames": counts.n_frames,
        "timestamps": counts.n_timestamps,
        "files": counts.n_files,
        "bytes": counts.n_bytes,
        "seconds": took.as_secs_f64(),
    })
}

/// Verifies a bundle, as `vidimus-verify` does.
fn run_bundle(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let is_of_store = args.workspace.is_some() || args.timestamp_roots.is_some() || args.passphrase_file.is_some();
    if is_of_store || args.deep || args.quick || args.json {
        bail!("{} is a bundle: --policy and --pinned are all that can be said of one", args.path.display());
    }
    let Some(policy) = &args.policy else {
        bail!("{} is a bundle: --policy says whom you trust, and never comes with it", args.path.display());
    };
    let policy = read_policy(policy)?;
    let mut pins = Vec::new();
    for path in &args.pinned {
        let checked = policy.check_log(&read_note(path)?);
        let (checkpoint, _) = checked.with_context(|| format!("`{}`", path.display()))?;
        pins.push(Pin(checkpoint));
    }
    match bundle::verify(&read_folder(&args.path)?, &policy, &pins) {
        Ok(report) => {
            print!("{}", report.to_text());
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            eprintln!("refused: {refusal}");
            Ok(ExitCode::from(1))
        }
    }
}

fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = String::from_utf8(read(path)?).context("the policy is not UTF-8")?;
    Ok(Policy::parse(&text)?)
}

/// Reads a checkpoint, or that of a receipt.
pub(super) fn read_note(path: &Path) -> anyhow::Result<SignedNote> {
    let bytes = read(path)?;
    let name = || format!("`{}`", path.display());
    if !bytes.starts_with(b"vidimus.receipt.v1\n") {
        return SignedNote::parse(&bytes).with_context(name);
    }
    let receipt = Receipt::parse(&bytes).with_context(name)?;
    receipt.check_entry().with_context(name)?;
    Ok(receipt.checkpoint)
}

fn read_folder(folder: &Path) -> anyhow::Result<Files> {
    let in_folder = || format!("`{}`", folder.display());
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder).with_context(in_folder)? {
        let path = entry.with_context(in_folder)?.path();
        if path.is_file() {
            // A name that is not UTF-8 is none of ours; it is reported as not looked at.
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, read(&path)?);
        }
    }
    Ok(files)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}
