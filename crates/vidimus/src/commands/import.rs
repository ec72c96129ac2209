//! `vidimus import`: log files into a server's tables.

use crate::inputs::{InputArgs, open, print_warnings};
use crate::remote::{self, Called, Server};
use crate::show::Ticker;
use anyhow::{Context, bail};
use clap::Args;
use encode::{Format, Statistics};
use files::{Progress, Table};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of a request about.
const CHUNK_BYTES: usize = 4 << 20;
/// Bytes of a request at most: a record that is longer is refused here, by its file and line.
const CHUNK_BYTES_MAX: usize = 30 << 20;
/// Requests under way at the same time.
const SENDERS: usize = 3;
/// How long a server may be busy or away before the import gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Import log files into the tables of a server's workspace.
///
/// Tables that are not there are made, with the columns of their files. Sent again, a file that was cut off is not taken twice.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    inputs: InputArgs,
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
            token: if self.anonymous { None } else { Some(remote::token(self.token_file.as_deref())?) },
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

/// What became of a table's records.
#[derive(Default)]
struct Summary {
    taken: u64,
    quarantined: u64,
    reasons: BTreeMap<String, u64>,
    first: Vec<String>,
}

/// A request's body, and what it is called: the same for the same part of the same file.
struct Chunk {
    name: String,
    body: Vec<u8>,
}

/// Runs the command.
pub fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let opened = open(&args.inputs)?;
    if opened.files.is_empty() {
        bail!("no files: give the paths of log files");
    }
    let server = args.server.server()?;
    let workspace = &args.server.workspace;
    let begun = Instant::now();
    let mut n_taken = 0;
    let mut n_quarantined = 0;
    for table in &opened.files {
        let ticker = Ticker::start(opened.progress.clone());
        let path = format!("/v1/workspaces/{workspace}/tables/{}", table.name());
        let columns: Vec<Value> =
            table.columns().iter().map(|column| json!({ "name": column.name, "type": column.ktype.name() })).collect();
        let body = json!({ "columns": columns }).to_string().into_bytes();
        let made = server.call("PUT", &path, &[], body)?.accepted();
        made.with_context(|| format!("cannot make the table `{}`", table.name()))?;
        let target = Target { server: &server, path: format!("{path}/records"), ack: &args.ack };
        let summary = send(&target, table, &opened.progress);
        drop(ticker);
        let summary = summary.with_context(|| format!("cannot import into the table `{}`", table.name()))?;
        println!("{}: {} taken, {} quarantined", table.name(), summary.taken, summary.quarantined);
        for (reason, count) in &summary.reasons {
            println!("  {reason}: {count}");
        }
        for detail in &summary.first {
            println!("  {detail}");
        }
        n_taken += summary.taken;
        n_quarantined += summary.quarantined;
    }
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!("vidimus: {n_taken} records taken, {n_quarantined} quarantined in {seconds:.1} s");
    print_warnings(&opened.warnings());
    Ok(ExitCode::SUCCESS)
}

/// Where records go, and what is waited for.
struct Target<'a> {
    server: &'a Server,
    path: String,
    ack: &'a str,
}

/// Sends a table's records, several requests at a time.
fn send(target: &Target<'_>, table: &Table, progress: &Arc<Progress>) -> anyhow::Result<Summary> {
    let (sender, receiver) = sync_channel::<Chunk>(SENDERS);
    let receiver = Mutex::new(receiver);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(|| send_chunks(target, &receiver, &summary))).collect();
        let read = read(table, progress, &sender);
        drop(sender);
        for thread in senders {
            thread.join().map_err(|_| anyhow::anyhow!("internal error: a thread ended"))??;
        }
        // A chunk that nobody takes any more means that sending failed, which is told above.
        read
    })?;
    Ok(summary.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Cuts a table's records into chunks.
fn read(table: &Table, progress: &Arc<Progress>, chunks: &SyncSender<Chunk>) -> anyhow::Result<()> {
    if let Some(files) = table.json_lines(progress)? {
        for (label, reader) in files {
            read_lines(&label, BufReader::with_capacity(1 << 20, reader), chunks)?;
        }
        return Ok(());
    }
    let mut n = 0;
    for part in table.partitions(1) {
        for batch in table.read(&part, None, progress) {
            let mut body = Vec::new();
            let mut encoder = encode::encoder(Format::JsonLines, &encode::Options::default(), Box::new(&mut body));
            encoder.begin_table(table.name(), table.columns())?;
            encoder.batch(&batch?)?;
            encoder.end_table()?;
            encoder.finish(&Statistics::default())?;
            drop(encoder);
            if chunks.send(Chunk { name: format!("import:{}:{n}", table.name()), body }).is_err() {
                return Ok(());
            }
            n += 1;
        }
    }
    Ok(())
}

/// Cuts a file of lines into chunks that end with a line.
fn read_lines(label: &str, mut reader: impl BufRead, chunks: &SyncSender<Chunk>) -> anyhow::Result<()> {
    let mut at = 0;
    let mut n_lines = 0_u64;
    loop {
        let mut body = Vec::with_capacity(CHUNK_BYTES + (64 << 10));
        while body.len() < CHUNK_BYTES {
            let n = reader.read_until(b'\n', &mut body).with_context(|| format!("cannot read {label}"))?;
            if n == 0 {
                break;
            }
            n_lines += 1;
            if body.len() > CHUNK_BYTES_MAX {
                bail!("{label}: line {n_lines} is longer than a request may be");
            }
        }
        if body.is_empty() {
            return Ok(());
        }
        let name = format!("import:{at}:{label}").chars().filter(char::is_ascii_graphic).take(256).collect();
        at += body.len();
        if chunks.send(Chunk { name, body }).is_err() {
            return Ok(());
        }
    }
}

fn send_chunks(target: &Target<'_>, chunks: &Mutex<Receiver<Chunk>>, summary: &Mutex<Summary>) -> anyhow::Result<()> {
    loop {
        let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Chunk { name, body }) = next else { return Ok(()) };
        let answer: Value = serde_json::from_slice(&send_chunk(target, &name, &body)?)?;
        let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
        summary.taken += answer["taken"].as_u64().unwrap_or(0);
        let rejected = &answer["rejected"];
        summary.quarantined += rejected["count"].as_u64().unwrap_or(0);
        for (reason, count) in rejected["reasons"].as_object().into_iter().flatten() {
            *summary.reasons.entry(reason.clone()).or_default() += count.as_u64().unwrap_or(0);
        }
        for first in rejected["first"].as_array().into_iter().flatten() {
            if summary.first.len() < 5 {
                let text = |member: &str| first[member].as_str().unwrap_or_default().to_string();
                summary.first.push(format!("{}: {}", text("reason"), text("detail")));
            }
        }
    }
}

/// Sends a chunk until it is taken, waiting while the server has no room.
fn send_chunk(target: &Target<'_>, name: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let begun = Instant::now();
    loop {
        let headers = [("x-ms-client-request-id", name), ("vidimus-ack", target.ack)];
        let called = target.server.call("POST", &target.path, &headers, body.to_vec());
        let wait = match &called {
            Ok(Called { status: 429 | 503, retry_after, .. }) => retry_after.unwrap_or(1),
            Ok(_) => return called?.accepted(),
            Err(_) => 1,
        };
        if begun.elapsed() > PATIENCE {
            return called?.accepted();
        }
        std::thread::sleep(Duration::from_secs(wait));
    }
}
