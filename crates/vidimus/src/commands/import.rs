//! `vidimus import`: log files into a server's tables.

use crate::importing::{Name, Target, native, plain};
use crate::inputs::{InputArgs, Opened, open_without, print_warnings};
use crate::remote::{self, Server};
use crate::show::Ticker;
use anyhow::{Context, bail};
use clap::Args;
use files::{Input, Progress, RawFile};
use serde_json::Value;
use sources::{Sniff, Source};
use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use stdx::Clock;

/// Import log files into the tables of a server's workspace.
///
/// The log format of each file, and of each member of an archive, is recognised, and its records land in the tables of that format. A
/// file of no known format becomes the table that it is named after, with the columns that it has, as does a path that is given with
/// its table. Sent again, a file that was cut off is not taken twice.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Read all paths as logs of this format; `list` prints the formats.
    #[arg(long, value_name = "FORMAT")]
    source: Option<String>,
    /// When a record counts as taken: once it is durable under a signed checkpoint, or once witnesses have cosigned one too.
    #[arg(long, value_name = "LEVEL", default_value = "committed", value_parser = ["committed", "witnessed"])]
    ack: String,
    #[command(flatten)]
    server: ToServerArgs,
}

/// A server and a workspace of it.
#[derive(Debug, Args)]
pub struct ToServerArgs {
    /// The server, such as https://logs.example.org.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// The server's workspace.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub workspace: String,
    /// File that holds the token to sign in with; by default it is taken from the environment's VIDIMUS_TOKEN.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Send no token, to a server that lets every program of this machine in.
    #[arg(long, conflicts_with = "token_file")]
    pub anonymous: bool,
    /// Certificates, in PEM form, that the server's may lead to; by default those of the system.
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
    /// Send the token even where others may read it on its way.
    #[arg(long)]
    pub insecure_plain_http: bool,
}

impl ToServerArgs {
    /// Returns the server.
    pub fn server(&self) -> anyhow::Result<Server> {
        Ok(Server {
            url: self.server.clone(),
            token: remote::token(self.token_file.as_deref(), self.anonymous)?,
            ca: self.tls_ca.clone(),
            plain_allowed: self.insecure_plain_http,
        })
    }

    /// Calls an endpoint of the workspace and returns its answer.
    pub fn call_json(&self, method: &str, path: &str, body: Value) -> anyhow::Result<Value> {
        let path = format!("/v1/workspaces/{}{path}", self.workspace);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.server()?.call(method, &path, &[], body)?.accepted()?;
        serde_json::from_slice(&answer).context("the server's answer is no JSON")
    }
}

/// Files by what is done with them.
#[derive(Default)]
struct Sorted {
    /// Logs of a known format.
    native: Vec<(RawFile, &'static Source)>,
    /// What they are called.
    labels: HashSet<String>,
    n_plain: usize,
    errors: Vec<files::FilesError>,
}

/// What was done in all.
#[derive(Default)]
struct Total {
    taken: u64,
    quarantined: u64,
}

/// Runs the command.
pub fn run(mut args: ImportArgs) -> anyhow::Result<ExitCode> {
    if args.source.as_deref() == Some("list") {
        super::sources::print();
        return Ok(ExitCode::SUCCESS);
    }
    let forced = args.source.as_deref().map(find_source).transpose()?;
    // What can be read only once is looked at twice.
    let _copy = keep_stdin(&mut args.inputs)?;
    let Sorted { native, labels, n_plain, errors } = sort(&args.inputs, forced)?;
    let opened = match n_plain > 0 || !args.inputs.tables.is_empty() {
        true => Some(open_without(&args.inputs, labels)?),
        false => None,
    };
    if native.is_empty() && opened.as_ref().is_none_or(|opened| opened.files.is_empty()) {
        match errors.into_iter().next() {
            Some(error) => return Err(error).context("cannot open the logs"),
            None => bail!("no files: give the paths of log files"),
        }
    }
    if opened.is_none() {
        for error in &errors {
            eprintln!("warning: left out: {:#}", anyhow::anyhow!(error.to_string()));
        }
    }
    let server = args.server.server()?;
    let target = Target { server: &server, workspace: &args.server.workspace, ack: &args.ack };
    let begun = Instant::now();
    let mut total = Total::default();
    for (file, source) in &native {
        import_native(&target, file, source, &mut total)?;
    }
    if let Some(opened) = &opened {
        import_plain(&target, opened, &mut total)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let Total { taken, quarantined } = total;
    eprintln!("vidimus: {taken} records taken, {quarantined} quarantined in {seconds:.1} s");
    if let Some(opened) = &opened {
        print_warnings(&opened.warnings());
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns a log format by its name.
pub fn find_source(name: &str) -> anyhow::Result<&'static Source> {
    sources::find(name).with_context(|| {
        let near = kql::diagnostic::nearest(name, sources::ALL.iter().map(|source| source.name));
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("there is no log format `{name}`{help}")
    })
}

/// Copies standard input to a file that is named after it, when it is a path.
fn keep_stdin(inputs: &mut InputArgs) -> anyhow::Result<Option<tempfile::TempDir>> {
    let Some(path) = inputs.paths.iter_mut().find(|path| *path == "-") else { return Ok(None) };
    let folder = tempfile::tempdir().context("cannot keep standard input")?;
    let copy = folder.path().join("stdin");
    let mut file = std::fs::File::create(&copy).context("cannot keep standard input")?;
    io::copy(&mut io::stdin().lock(), &mut file).context("cannot keep standard input")?;
    *path = copy.display().to_string();
    Ok(Some(folder))
}

/// Tells logs of known formats from other files.
fn sort(inputs: &InputArgs, forced: Option<&'static Source>) -> anyhow::Result<Sorted> {
    let paths: Vec<Input> = inputs.paths.iter().map(Input::path).collect();
    let (files, errors) = files::raw_files(&paths).context("cannot open the logs")?;
    let mut sorted = Sorted { errors, ..Sorted::default() };
    for file in files {
        let head = file.head()?;
        let sniff = Sniff::new(file.label(), &head);
        let found = forced.or_else(|| sources::detect(&sniff));
        // A file that is named after its table and has nothing but its columns is sent as it is.
        let is_plain = forced.is_none() && sniff.is_in_columns_of(file.table());
        match found.filter(|_| !is_plain) {
            Some(source) => {
                sorted.labels.insert(file.label().to_string());
                sorted.native.push((file, source));
            }
            None => sorted.n_plain += 1,
        }
    }
    Ok(sorted)
}

fn import_native(
    target: &Target<'_>,
    file: &RawFile,
    source: &'static Source,
    total: &mut Total,
) -> anyhow::Result<()> {
    let progress = Arc::new(Progress::default());
    let ticker = Ticker::start(progress.clone());
    let (label, now) = (file.label(), stdx::SystemClock.now_ticks());
    let name = Name { by: "import", of: label };
    let log = native::Log { file, label, name, source, now, bytes_max: u64::MAX };
    let report = native::import(target, &log, &progress);
    drop(ticker);
    let report = report?;
    if let Some(error) = report.damage {
        return Err(error).with_context(|| format!("cannot import {label}: it is damaged behind what was read"));
    }
    let (counts, summary) = (report.counts, &report.summary);
    let derived = if counts.derived > 0 { format!(" and {} derived", counts.derived) } else { String::new() };
    println!(
        "{}: {}, {} read{derived}, {} taken, {} quarantined",
        file.label(),
        report.source.name,
        counts.read,
        summary.taken,
        summary.quarantined
    );
    for (table, n) in &report.tables {
        println!("  {table}: {n}");
    }
    summary.print_rejected();
    total.taken += summary.taken;
    total.quarantined += summary.quarantined;
    if !report.is_whole() {
        bail!("{}: what was read is not what was taken and quarantined", file.label());
    }
    Ok(())
}

fn import_plain(target: &Target<'_>, opened: &Opened, total: &mut Total) -> anyhow::Result<()> {
    for table in &opened.files {
        let ticker = Ticker::start(opened.progress.clone());
        let summary = plain::import(target, table, &opened.progress);
        drop(ticker);
        let summary = summary?;
        println!("{}: {} taken, {} quarantined", table.name(), summary.taken, summary.quarantined);
        summary.print_rejected();
        total.taken += summary.taken;
        total.quarantined += summary.quarantined;
    }
    Ok(())
}
