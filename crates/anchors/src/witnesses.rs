//! The threads that show published checkpoints to witnesses: one for each witness, and one that hears what is published.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sequencer::storage::Storage;
use sequencer::{Publications, Receipt, Stop, witnessed_path};
use tlog::Policy;
use tlog::note::{SignedNote, Verified};

use crate::client::Client;
use crate::error::{StartError, WitnessError};
use crate::rounds::{RoundTimes, Rounds};
use crate::ticket::WitnessTicket;
use crate::transport::Transport;
use stdx::error_chain;

/// Witnesses of one policy at most, so that no checkpoint has more signatures than readers take.
const WITNESSES_MAX: usize = 32;
/// How often a thread looks for what nobody tells it of, such as the end of a round.
const IDLE: Duration = Duration::from_millis(50);

/// Limits and intervals.
#[derive(Debug, Clone)]
pub struct WitnessOptions {
    /// The shortest time from one checkpoint of a log that is submitted to the next, when nobody waits.
    pub every: Duration,
    /// How long the other witnesses are waited for once there is a quorum.
    pub grace: Duration,
    /// How long a quorum is waited for before a newer checkpoint is submitted in its place.
    pub round_timeout: Duration,
    /// How long a witness that failed is left alone, at first; twice as long each time after that.
    pub retry_min: Duration,
    /// How long a witness that failed is left alone at most.
    pub retry_max: Duration,
    /// Receipts that wait at most.
    pub waiting_max: usize,
}

impl Default for WitnessOptions {
    fn default() -> WitnessOptions {
        WitnessOptions {
            every: Duration::from_secs(1),
            grace: Duration::from_millis(250),
            round_timeout: Duration::from_secs(10),
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            waiting_max: 65_536,
        }
    }
}

/// How a witness is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WitnessStatus {
    /// The name in the policy.
    pub name: String,
    /// Size and time, in seconds since 1970, of each workspace's checkpoint that it cosigned last since the start.
    pub cosigned: BTreeMap<String, (u64, u64)>,
    /// What went wrong the last time; `None` if it did not.
    pub error: Option<String>,
}

/// The witnesses of a sequencer's logs.
pub struct Witnesses {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    storage: Arc<dyn Storage>,
    transport: Arc<dyn Transport>,
    publications: Publications,
    options: WitnessOptions,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    rounds: Rounds,
    witnesses: Vec<WitnessStatus>,
    /// Why the signing was stopped from here.
    stop: Option<Stop>,
    is_closed: bool,
}

impl Witnesses {
    /// Starts to show everything that is published to the witnesses of a policy that say where they are. Its logs do not matter.
    ///
    /// # Errors
    /// When the policy has no quorum, no address or too many witnesses, or a thread cannot be started.
    pub fn start(
        storage: Arc<dyn Storage>,
        publications: Publications,
        policy: Policy,
        transport: Arc<dyn Transport>,
        options: WitnessOptions,
    ) -> Result<Witnesses, StartError> {
        if policy.quorum().is_none() {
            return Err(StartError::NoQuorum);
        }
        let clients = Client::of_policy(&policy);
        if clients.is_empty() {
            return Err(StartError::NoAddress);
        }
        let (count, count_max) = (clients.len(), WITNESSES_MAX);
        if count > count_max {
            return Err(StartError::TooMany { count, count_max });
        }
        let times = RoundTimes { every: options.every, grace: options.grace, timeout: options.round_timeout };
        let mut rounds = Rounds::new(policy, times, count, options.waiting_max);
        for workspace in storage.list("ws").unwrap_or_default() {
            let kept = storage.read(&witnessed_path(&workspace)).ok().flatten();
            if let Some(note) = kept.and_then(|bytes| SignedNote::parse(&bytes).ok()) {
                rounds.resume(&workspace, note);
            }
        }
        let status = |client: &Client| WitnessStatus { name: client.name.clone(), ..WitnessStatus::default() };
        let witnesses = clients.iter().map(status).collect();
        let state = Mutex::new(State { rounds, witnesses, stop: None, is_closed: false });
        let changed = Condvar::new();
        let shared = Arc::new(Shared { storage, transport, publications, options, state, changed });
        let mut started = Witnesses { shared: shared.clone(), threads: Vec::new() };
        started.threads.push(spawn("publications", &shared, run_offers)?);
        for (idx, client) in clients.into_iter().enumerate() {
            started.threads.push(spawn("witness", &shared, move |shared| run_witness(shared, idx, &client))?);
        }
        Ok(started)
    }

    /// Lets a receipt of a workspace's log wait until a quorum has cosigned a checkpoint that covers its entry.
    pub fn ticket(&self, workspace: &str, receipt: Receipt) -> WitnessTicket {
        let mut state = self.shared.state();
        let ticket = state.rounds.wait(workspace, receipt);
        if state.is_closed {
            state.rounds.give_up();
        }
        drop(state);
        self.shared.changed.notify_all();
        ticket
    }

    /// Returns how each witness is, in the order of the policy.
    pub fn status(&self) -> Vec<WitnessStatus> {
        self.shared.state().witnesses.clone()
    }

    /// Returns the size of each workspace's newest checkpoint that a quorum has cosigned.
    pub fn witnessed_sizes(&self) -> BTreeMap<String, u64> {
        self.shared.state().rounds.witnessed_sizes()
    }

    /// Returns why the signing was stopped from here; `None` while no witness contradicts.
    pub fn stopped(&self) -> Option<Stop> {
        self.shared.state().stop.clone()
    }
}

impl Drop for Witnesses {
    /// Ends after the requests that are under way, which take as long as the transport lets them.
    fn drop(&mut self) {
        self.shared.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.rounds.give_up();
        drop(state);
        self.changed.notify_all();
    }
}

fn spawn(
    name: &str,
    shared: &Arc<Shared>,
    run: impl FnOnce(&Shared) + Send + 'static,
) -> Result<JoinHandle<()>, StartError> {
    let shared = shared.clone();
    let thread = std::thread::Builder::new().name(name.to_string()).spawn(move || {
        // Whoever waits for a thread that is gone would wait for ever.
        let guard = CloseOnPanic(&shared);
        run(guard.0);
    });
    thread.map_err(StartError::Thread)
}

struct CloseOnPanic<'a>(&'a Shared);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for status in &mut self.0.state().witnesses {
                status.error = Some("internal error: a thread panicked".to_string());
            }
            self.0.close();
        }
    }
}

fn run_offers(shared: &Shared) {
    let mut number = 0;
    loop {
        let news = shared.publications.wait(number, IDLE * 4);
        number = news.number;
        let mut state = shared.state();
        if state.is_closed {
            return;
        }
        for (workspace, note) in &news.checkpoints {
            state.rounds.offer(workspace, note.clone());
        }
        drop(state);
        if news.is_closed {
            shared.close();
            return;
        }
        if !news.checkpoints.is_empty() {
            shared.changed.notify_all();
        }
    }
}

/// How long something that failed is left alone.
struct Backoff {
    pause: Duration,
    until: Instant,
}

impl Backoff {
    fn after(last: Option<Backoff>, options: &WitnessOptions, now: Instant) -> Backoff {
        let pause = last.map_or(options.retry_min, |last| (last.pause * 2).min(options.retry_max));
        Backoff { pause, until: now + pause }
    }
}

fn run_witness(shared: &Shared, idx: usize, client: &Client) {
    let mut known: BTreeMap<String, Option<u64>> = BTreeMap::new();
    // For the witness as such, and for logs with which it has a problem.
    let mut away: Option<Backoff> = None;
    let mut refused: BTreeMap<String, Backoff> = BTreeMap::new();
    let mut last = String::new();
    loop {
        let now = Instant::now();
        let mut state = shared.state();
        if state.is_closed {
            return;
        }
        let is_away = away.as_ref().is_some_and(|away| now < away.until);
        let may_ask = |workspace: &str| refused.get(workspace).is_none_or(|refused| now >= refused.until);
        let job = if is_away { None } else { state.rounds.next_job(idx, &last, now, may_ask) };
        let Some(job) = job else {
            drop(shared.changed.wait_timeout(state, IDLE));
            continue;
        };
        drop(state);
        let known = known.entry(job.workspace.clone()).or_default();
        let answer = client.submit(&*shared.transport, &*shared.storage, &job.workspace, &job.note, known);
        let mut state = shared.state();
        let error = answer.as_ref().err().map(|error| format!("{}: {}", job.workspace, error_chain(error)));
        if let Some(status) = state.witnesses.get_mut(idx) {
            status.error = error;
            if let (Ok(cosignature), Some(size)) = (&answer, *known)
                && let Some(Verified::SeenAt(time)) = cosignature.verify(&job.note.text, &client.key)
            {
                status.cosigned.insert(job.workspace.clone(), (size, time));
            }
        }
        match answer {
            Ok(cosignature) => {
                away = None;
                refused.remove(&job.workspace);
                // Under the lock, so that what has more cosignatures is never followed by what has fewer.
                if let Some(cosigned) = state.rounds.cosigned(idx, &job, cosignature) {
                    shared.publications.cosigned(cosigned);
                }
            }
            Err(WitnessError::Outdated { .. }) => state.rounds.passed_over(idx, &job),
            Err(WitnessError::Contradiction(stop)) => {
                state.stop = Some(stop.clone());
                drop(state);
                shared.publications.stop(stop);
                shared.close();
                return;
            }
            Err(WitnessError::Transport(_)) => {
                away = Some(Backoff::after(away, &shared.options, Instant::now()));
            }
            Err(_) => {
                let backoff = Backoff::after(refused.remove(&job.workspace), &shared.options, Instant::now());
                refused.insert(job.workspace.clone(), backoff);
            }
        }
        drop(state);
        // The round may be over for the others.
        shared.changed.notify_all();
        last = job.workspace;
    }
}
