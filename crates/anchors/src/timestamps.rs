//! Having published checkpoints timestamped, now and then.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sequencer::storage::{Storage, replace};
use sequencer::{Publications, log_folder};
use stdx::Rng;
use tlog::note::SignedNote;
use tlog::{Checkpoint, Hash};

use crate::error::{StampError, StartError};
use crate::transport::Transport;
use crate::tsa::{Authority, Timestamp, request, verify};
use stdx::error_chain;

/// How often the thread looks whether a log's time has come.
const TICK: Duration = Duration::from_millis(200);

/// Returns the path of the timestamp of a workspace's checkpoint of so many entries, as the authority sent it.
pub fn timestamp_path(workspace: &str, size: u64) -> String {
    format!("{}/tsr/{size}.tsr", log_folder(workspace))
}

/// Returns the path of the signed checkpoint to which [`timestamp_path`] belongs.
pub fn stamped_checkpoint_path(workspace: &str, size: u64) -> String {
    format!("{}/tsr/{size}.checkpoint", log_folder(workspace))
}

/// An authority, where it is, and how often it is asked.
#[derive(Debug, Clone)]
pub struct TimestampOptions {
    pub url: String,
    pub authority: Authority,
    /// The shortest time between two timestamps of a log.
    pub every: Duration,
    /// How long to wait after a failure.
    pub retry: Duration,
}

/// Asks an authority for a timestamp of a checkpoint's text and returns its answer, verified, as it came and what it says. The nonce
/// should be random.
///
/// # Errors
/// When there is no answer or it is not acceptable.
///
/// # Source
/// RFC 3161, section 3.4.
pub fn stamp(
    transport: &dyn Transport,
    url: &str,
    authority: &Authority,
    note: &SignedNote,
    nonce: u64,
) -> Result<(Vec<u8>, Timestamp), StampError> {
    let hash = Hash::of(note.text.as_bytes());
    let reply = transport.post(url, "application/timestamp-query", request(&hash, nonce));
    let reply = reply.map_err(StampError::Transport)?;
    if reply.status != 200 {
        return Err(StampError::Status { status: reply.status });
    }
    let timestamp = verify(&reply.body, &hash, Some(nonce), authority).map_err(StampError::Token)?;
    Ok((reply.body, timestamp))
}

/// How the timestamps are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimestampStatus {
    /// Size and time, in seconds since 1970, of each workspace's checkpoint that was stamped last since the start.
    pub stamped: BTreeMap<String, (u64, u64)>,
    /// What went wrong the last time; `None` if it did not.
    pub error: Option<String>,
}

/// A thread that has the published checkpoints of all logs timestamped, each when it has grown and its time has come.
pub struct Timestamps {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<(TimestampStatus, bool)>,
    closed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, (TimestampStatus, bool)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log whose checkpoints are stamped.
#[derive(Default)]
struct StampedLog {
    newest: Option<Arc<SignedNote>>,
    /// The size of the last checkpoint that was stamped.
    size: u64,
    /// Not before then.
    next: Option<Instant>,
}

impl Timestamps {
    /// Starts to have checkpoints timestamped. `rng` gives the nonces.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        storage: Arc<dyn Storage>,
        publications: Publications,
        transport: Arc<dyn Transport>,
        options: TimestampOptions,
        rng: Rng,
    ) -> Result<Timestamps, StartError> {
        let shared = Arc::new(Shared::default());
        let stamper = Stamper { storage, transport, options, rng, logs: BTreeMap::new(), shared: shared.clone() };
        let thread = std::thread::Builder::new().name("timestamps".to_string());
        let thread = thread.spawn(move || stamper.run(&publications)).map_err(StartError::Thread)?;
        Ok(Timestamps { shared, thread: Some(thread) })
    }

    /// Returns how the timestamps are.
    pub fn status(&self) -> TimestampStatus {
        self.shared.state().0.clone()
    }
}

impl Drop for Timestamps {
    /// Ends after the request that is under way, which takes as long as the transport lets it.
    fn drop(&mut self) {
        self.shared.state().1 = true;
        self.shared.closed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Stamper {
    storage: Arc<dyn Storage>,
    transport: Arc<dyn Transport>,
    options: TimestampOptions,
    rng: Rng,
    logs: BTreeMap<String, StampedLog>,
    shared: Arc<Shared>,
}

impl Stamper {
    fn run(mut self, publications: &Publications) {
        let mut number = 0;
        loop {
            let news = publications.wait(number, Duration::ZERO);
            number = news.number;
            for (workspace, note) in news.checkpoints {
                let size = || last_stamped(&*self.storage, &workspace);
                let new = || StampedLog { size: size(), ..StampedLog::default() };
                self.logs.entry(workspace.clone()).or_insert_with(new).newest = Some(note);
            }
            let workspaces: Vec<String> = self.logs.keys().cloned().collect();
            for workspace in workspaces {
                if self.shared.state().1 {
                    return;
                }
                self.look(&workspace);
            }
            if news.is_closed {
                return;
            }
            let waited = self.shared.closed.wait_timeout_while(self.shared.state(), TICK, |(_, is_closed)| !*is_closed);
            if waited.unwrap_or_else(PoisonError::into_inner).0.1 {
                return;
            }
        }
    }

    /// Has a log's newest checkpoint stamped if it is time.
    fn look(&mut self, workspace: &str) {
        let Some(log) = self.logs.get_mut(workspace) else { return };
        let now = Instant::now();
        if log.next.is_some_and(|next| now < next) {
            return;
        }
        let Some(note) = log.newest.clone() else { return };
        let Ok(checkpoint) = Checkpoint::parse(&note.text) else { return };
        if checkpoint.size <= log.size {
            return;
        }
        let TimestampOptions { url, authority, every, retry } = &self.options;
        let stamped = stamp(&*self.transport, url, authority, &note, self.rng.next_u64());
        let stored = stamped.and_then(|(response, timestamp)| {
            let put = |path: String, bytes: &[u8]| {
                replace(&*self.storage, &path, bytes).map_err(|error| StampError::Io { path, why: error.to_string() })
            };
            put(stamped_checkpoint_path(workspace, checkpoint.size), note.to_text().as_bytes())?;
            put(timestamp_path(workspace, checkpoint.size), &response)?;
            Ok(timestamp)
        });
        let mut state = self.shared.state();
        match stored {
            Ok(timestamp) => {
                (log.size, log.next) = (checkpoint.size, Some(now + *every));
                state.0.stamped.insert(workspace.to_string(), (checkpoint.size, timestamp.time_seconds));
                state.0.error = None;
            }
            Err(error) => {
                log.next = Some(now + *retry);
                state.0.error = Some(format!("{workspace}: {}", error_chain(&error)));
            }
        }
    }
}

/// Returns the size of the last checkpoint of a log that an earlier run had stamped; 0 if there is none.
fn last_stamped(storage: &dyn Storage, workspace: &str) -> u64 {
    let names = storage.list(&format!("{}/tsr", log_folder(workspace))).unwrap_or_default();
    names.iter().filter_map(|name| name.strip_suffix(".tsr")?.parse().ok()).max().unwrap_or(0)
}
