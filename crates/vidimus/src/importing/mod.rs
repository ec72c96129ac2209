//! Records on their way from files into a server's tables: chunks that several threads send, and what became of them.
//!
//! ```text
//! native ─ a log format's parser ─┐
//! plain ─ tables of files ────────┼─► Chunk, Chunk, ... ─ senders ─► server     answers ─► Summary
//! events ─ of no known format ────┤
//! whole ─ what nobody can read ───┘
//! ```

pub mod events;
pub mod native;
pub mod piece;
pub mod plain;
pub mod whole;

use crate::remote::{Called, Server};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of a request about.
const CHUNK_BYTES: usize = 4 << 20;
/// Requests under way at the same time.
const SENDERS: usize = 3;
/// How long a server may be busy or away before the import gives up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Rejected records that are shown.
const SHOWN_MAX: usize = 5;

/// Where records go, and what is waited for.
pub struct Target<'a> {
    pub server: &'a Server,
    pub workspace: &'a str,
    pub ack: &'a str,
}

impl Target<'_> {
    /// Returns the address of something in the workspace.
    fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}/{rest}", self.workspace)
    }
}

/// A request: to which endpoint of the workspace, its body, and what it is called, the same for the same part of the same file.
pub struct Chunk {
    pub path: String,
    pub name: String,
    pub body: Vec<u8>,
    /// How many records it has, where the answer does not count them.
    pub n_records: Option<u64>,
}

/// What requests are named after, so that the same part of the same thing has the same name.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// The command that sends it.
    pub by: &'a str,
    pub of: &'a str,
}

/// What became of records.
#[derive(Debug, Default)]
pub struct Summary {
    pub taken: u64,
    pub quarantined: u64,
    pub reasons: BTreeMap<String, u64>,
    /// The first that were rejected.
    pub first: Vec<String>,
}

impl Summary {
    /// Counts rejected records of a reason.
    pub fn reject(&mut self, reason: &str, count: u64) {
        *self.reasons.entry(reason.to_string()).or_default() += count;
    }

    /// Shows a rejected record.
    pub fn show(&mut self, reason: &str, detail: &str) {
        if self.first.len() < SHOWN_MAX {
            self.first.push(format!("{reason}: {detail}"));
        }
    }

    /// Counts a request whose answer says only how many of its records were rejected.
    fn count(&mut self, n_records: u64, rejected: u64) {
        self.taken += n_records.saturating_sub(rejected);
        self.quarantined += rejected;
    }

    fn add(&mut self, answer: &Value) {
        self.taken += answer["taken"].as_u64().unwrap_or(0);
        self.quarantined += answer["quarantined"].as_u64().unwrap_or(0);
        let rejected = &answer["rejected"];
        self.quarantined += rejected["count"].as_u64().unwrap_or(0);
        for (reason, count) in rejected["reasons"].as_object().into_iter().flatten() {
            self.reject(reason, count.as_u64().unwrap_or(0));
        }
        for first in rejected["first"].as_array().into_iter().flatten() {
            let text = |member: &str| first[member].as_str().unwrap_or_default();
            self.show(text("reason"), text("detail"));
        }
    }

    /// Prints the reasons and the first of the rejected records.
    pub fn print_rejected(&self) {
        for (reason, count) in &self.reasons {
            println!("  {reason}: {count}");
        }
        for detail in &self.first {
            println!("  {detail}");
        }
    }
}

/// Sends the chunks that `read` hands on, several requests at a time.
pub fn send(
    target: &Target<'_>,
    read: impl FnOnce(&SyncSender<Chunk>) -> anyhow::Result<()>,
) -> anyhow::Result<Summary> {
    let (sender, receiver) = sync_channel::<Chunk>(SENDERS);
    let receiver = Mutex::new(receiver);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(|| send_chunks(target, &receiver, &summary))).collect();
        let read = read(&sender);
        drop(sender);
        for thread in senders {
            thread.join().map_err(|_| anyhow::anyhow!("internal error: a thread ended"))??;
        }
        // A chunk that nobody takes any more means that sending failed, which is told above.
        read
    })?;
    Ok(summary.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn send_chunks(target: &Target<'_>, chunks: &Mutex<Receiver<Chunk>>, summary: &Mutex<Summary>) -> anyhow::Result<()> {
    loop {
        let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(chunk) = next else { return Ok(()) };
        let called = send_chunk(target, &chunk)?;
        let rejected = called.rejected;
        let answer: Value = serde_json::from_slice(&called.accepted()?)?;
        let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
        match chunk.n_records {
            Some(n_records) => summary.count(n_records, rejected),
            None => summary.add(&answer),
        }
        drop(summary);
        stdx::crash_point("import.chunk");
    }
}

/// Sends a chunk until it is taken, waiting while the server has no room.
fn send_chunk(target: &Target<'_>, chunk: &Chunk) -> anyhow::Result<Called> {
    let begun = Instant::now();
    let path = target.path(&chunk.path);
    loop {
        let headers = [("x-ms-client-request-id", chunk.name.as_str()), ("vidimus-ack", target.ack)];
        let called = target.server.call("POST", &path, &headers, chunk.body.clone());
        let wait = match &called {
            Ok(Called { status: 429 | 503, retry_after, .. }) => retry_after.unwrap_or(1),
            Ok(_) => return called,
            Err(_) => 1,
        };
        if begun.elapsed() > PATIENCE {
            return called;
        }
        std::thread::sleep(Duration::from_secs(wait));
    }
}

/// Returns what a part of something is called: letters that a header may hold.
fn chunk_name(part: &str, of: &Name<'_>) -> String {
    let Name { by, of } = of;
    format!("{by}:{part}:{of}").chars().filter(char::is_ascii_graphic).take(256).collect()
}
