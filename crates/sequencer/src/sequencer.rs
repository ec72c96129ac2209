//! The threads around the core: one that commits whatever waits, one that publishes.
//!
//! ```text
//! submit ─► queue (bounded) ─► sequencer thread: one group, one flush ─► receipts
//!                                        └─► publisher thread: tiles, entries, checkpoints ─► frames that may go
//! ```
//!
//! There is no timer that collects a group: while one flush runs, what comes in waits, and all of it is the next group.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use stdx::{Clock, crash_point};

use crate::core::{Core, Options};
use crate::error::{OpenError, Stop, SubmitError};
use crate::key::Keys;
use crate::publications::{Board, Cosigned, Publications};
use crate::publish::{Commit, Publisher};
use crate::request::{Prepared, Receipt, Request, StoredBatch};
use crate::storage::Storage;
use crate::ticket::{Completer, Ticket};
use crate::wal::Spare;
use stdx::error_chain;

/// Ticks of a millisecond.
const MILLISECOND: i64 = 10_000;
/// How often the sequencer's thread looks for work that nobody tells it of.
const IDLE: Duration = Duration::from_millis(250);
/// How long the publisher waits after a failure.
const PUBLISH_RETRY: Duration = Duration::from_millis(500);

/// Limits of the queue and intervals.
#[derive(Debug, Clone)]
pub struct SequencerOptions {
    pub core: Options,
    /// Submissions that wait at most.
    pub queue_max: usize,
    /// Bytes of data that wait at most.
    pub queue_bytes_max: u64,
    /// Frames that wait for the publisher at most.
    pub unpublished_max: usize,
    /// How long a full queue asks callers to wait.
    pub retry_after_ms: u64,
    /// The shortest time between two publications.
    pub publish_every: Duration,
    /// How long a log may be silent; `None` for logs without heartbeats.
    pub heartbeat_every: Option<Duration>,
}

impl Default for SequencerOptions {
    fn default() -> SequencerOptions {
        SequencerOptions {
            core: Options::default(),
            queue_max: 8_192,
            queue_bytes_max: 256 << 20,
            unpublished_max: 16_384,
            retry_after_ms: 50,
            publish_every: Duration::from_millis(200),
            heartbeat_every: Some(Duration::from_secs(60)),
        }
    }
}

/// How a sequencer is.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Why nothing is signed; `None` while all is well.
    pub stopped: Option<Stop>,
    /// The logs by workspace.
    pub logs: BTreeMap<String, LogStatus>,
    /// Submissions that wait.
    pub queue_len: usize,
    /// Files of the write-ahead log in use.
    pub n_segments: usize,
    /// The number of the oldest of them.
    pub oldest_segment: u64,
    /// Bytes written to the write-ahead log since the start.
    pub n_wal_bytes: u64,
    /// Frames that are durable and not yet published.
    pub n_unpublished: usize,
    /// Why publishing failed the last time; it is tried again.
    pub publish_error: Option<String>,
}

/// How a log is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogStatus {
    /// Entries that are durable and signed.
    pub size: u64,
    /// Entries that are published.
    pub published_size: u64,
}

/// The only one who numbers and signs on a node.
pub struct Sequencer {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

pub(crate) struct Shared {
    options: SequencerOptions,
    queue: Mutex<Queue>,
    /// There is something in the queue.
    queued: Condvar,
    unpublished: Mutex<Unpublished>,
    /// There is something to publish.
    committed: Condvar,
    status: Mutex<Status>,
    /// Files that have to be removed. Whoever removes one holds the lock for as long as that takes.
    surplus: Mutex<Vec<Spare>>,
    pub board: Board,
}

#[derive(Default)]
struct Queue {
    submissions: VecDeque<(Prepared, Completer)>,
    n_bytes: u64,
    releases: Vec<(String, String, u64)>,
    /// Who waits for the write-ahead log to begin a new file and forget those before it.
    forgets: Vec<mpsc::Sender<Result<u64, SubmitError>>>,
    published_frame: u64,
    /// Files that were allocated ahead, or could not be.
    spares: Vec<Option<Spare>>,
    /// Why somebody else wants the signing to stop.
    stop: Option<Stop>,
    is_closed: bool,
}

#[derive(Default)]
struct Unpublished {
    commits: Vec<Commit>,
    /// A file to be allocated ahead.
    spare_wish: Option<Spare>,
    /// Cosignatures for what is published, the newest for each workspace.
    cosigned: Vec<Cosigned>,
    is_closed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sequencer {
    /// Opens a store and starts the threads. Every batch in the write-ahead log is shown to `on_batch` first, see [`Core::open`].
    ///
    /// # Errors
    /// Those of [`Core::open`], and when a thread cannot be started.
    pub fn open(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        keys: Box<dyn Keys>,
        options: SequencerOptions,
        on_batch: impl FnMut(StoredBatch),
    ) -> Result<Sequencer, OpenError> {
        let (core, publisher) = Core::open(storage.clone(), clock.clone(), keys, options.core.clone(), on_batch)?;
        let shared = Arc::new(Shared {
            options,
            queue: Mutex::default(),
            queued: Condvar::new(),
            unpublished: Mutex::default(),
            committed: Condvar::new(),
            status: Mutex::default(),
            surplus: Mutex::default(),
            board: Board::default(),
        });
        shared.show(&core);
        let log = |(workspace, size)| (workspace, LogStatus { size, published_size: 0 });
        lock(&shared.status).logs.extend(core.sizes().into_iter().map(log));
        let threads = [
            spawn("sequencer", &shared, move |shared| run_core(shared, core, &*clock)),
            spawn("publisher", &shared, move |shared| run_publisher(shared, publisher, &*storage)),
        ];
        let mut sequencer = Sequencer { shared, threads: Vec::new() };
        for thread in threads {
            let source = |source| OpenError::Io { path: "a thread".to_string(), source };
            sequencer.threads.push(thread.map_err(source)?);
        }
        Ok(sequencer)
    }

    /// Submits a request; the answer comes when it is durable and signed.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when too much waits already, [`SubmitError::Stopped`] when nothing is signed any more.
    pub fn submit(&self, request: Request) -> Result<Ticket, SubmitError> {
        let (completer, ticket) = Completer::ticket();
        self.shared.enqueue(request, completer).map(|()| ticket)
    }

    /// Submits a request and calls back with the answer, which must not take long: it is called by the thread that commits.
    ///
    /// # Errors
    /// Those of [`Sequencer::submit`]; then nobody is called back.
    pub fn submit_with(
        &self,
        request: Request,
        callback: impl FnOnce(Result<Receipt, SubmitError>) + Send + 'static,
    ) -> Result<(), SubmitError> {
        self.shared.enqueue(request, Completer::callback(callback))
    }

    /// Says that all records of a table below `next` are durable elsewhere, so that the write-ahead log may forget them. After a restart
    /// it has to be said again.
    pub fn release_up_to(&self, workspace: &str, table: &str, next: u64) {
        lock(&self.shared.queue).releases.push((workspace.to_string(), table.to_string(), next));
        self.shared.queued.notify_all();
    }

    /// Has the write-ahead log begin a new file, and remove the files before it, instead of writing them again, when all their records
    /// are released; returns the new file's number. Nothing of them is left when [`Status::oldest_segment`] has come so far.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when there is no room for a new file, [`SubmitError::Stopped`] when nothing is signed any more.
    pub fn forget(&self) -> Result<u64, SubmitError> {
        if let Some(stop) = &lock(&self.shared.status).stopped {
            return Err(SubmitError::Stopped(stop.clone()));
        }
        let (sender, receiver) = mpsc::channel();
        lock(&self.shared.queue).forgets.push(sender);
        self.shared.queued.notify_all();
        receiver.recv().unwrap_or(Err(SubmitError::Stopped(Stop::Asked)))
    }

    /// Returns how the sequencer is.
    pub fn status(&self) -> Status {
        let status = lock(&self.shared.status).clone();
        let queue_len = lock(&self.shared.queue).submissions.len();
        let n_unpublished = lock(&self.shared.unpublished).commits.len();
        Status { queue_len, n_unpublished, ..status }
    }

    /// Returns what is published, for those who carry it on.
    pub fn publications(&self) -> Publications {
        Publications(self.shared.clone())
    }

    /// Commits and publishes what waits, takes nothing more, and stops the threads.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        lock(&self.shared.queue).is_closed = true;
        self.shared.queued.notify_all();
        for thread in self.threads.drain(..) {
            // The second thread ends when the first has.
            let _ = thread.join();
            lock(&self.shared.unpublished).is_closed = true;
            self.shared.committed.notify_all();
        }
        self.shared.board.close();
    }
}

impl Shared {
    fn enqueue(&self, request: Request, completer: Completer) -> Result<(), SubmitError> {
        let result = self.try_enqueue(request);
        match result {
            Ok((mut queue, prepared)) => {
                queue.n_bytes += prepared.request.n_bytes();
                queue.submissions.push_back((prepared, completer));
                drop(queue);
                self.queued.notify_all();
                Ok(())
            }
            Err(error) => {
                completer.forget();
                Err(error)
            }
        }
    }

    fn try_enqueue(&self, request: Request) -> Result<(MutexGuard<'_, Queue>, Prepared), SubmitError> {
        let SequencerOptions { core, queue_max, queue_bytes_max, unpublished_max, retry_after_ms, .. } = &self.options;
        let busy = |why: &str| SubmitError::Busy { why: why.to_string(), retry_after_ms: *retry_after_ms };
        if let Some(stop) = &lock(&self.status).stopped {
            return Err(SubmitError::Stopped(stop.clone()));
        }
        let (bytes, bytes_max) = (request.n_bytes(), core.group_bytes_max);
        if bytes > bytes_max {
            return Err(SubmitError::TooLarge { bytes, bytes_max });
        }
        if lock(&self.unpublished).commits.len() >= *unpublished_max {
            return Err(busy("publishing lags behind"));
        }
        // The data are hashed here, before the queue is locked.
        let prepared = Prepared::new(request);
        let queue = lock(&self.queue);
        if queue.is_closed {
            return Err(SubmitError::Stopped(Stop::Asked));
        }
        if queue.submissions.len() >= *queue_max || queue.n_bytes + bytes > *queue_bytes_max {
            return Err(busy("too many submissions are waiting"));
        }
        Ok((queue, prepared))
    }

    /// Takes what waits, up to the size of a group.
    fn take_group(&self, queue: &mut Queue) -> (Vec<Prepared>, Vec<Completer>) {
        let (mut prepared, mut completers) = (Vec::new(), Vec::new());
        let mut n_bytes = 0;
        while let Some((next, _)) = queue.submissions.front() {
            n_bytes += next.request.n_bytes();
            if n_bytes > self.options.core.group_bytes_max && !prepared.is_empty() {
                break;
            }
            if let Some((next, completer)) = queue.submissions.pop_front() {
                queue.n_bytes = queue.n_bytes.saturating_sub(next.request.n_bytes());
                prepared.push(next);
                completers.push(completer);
            }
        }
        (prepared, completers)
    }

    pub fn take_cosigned(&self, cosigned: Cosigned) {
        let mut unpublished = lock(&self.unpublished);
        if unpublished.is_closed {
            return;
        }
        // What has a quorum is not lost to a newer one that has none.
        unpublished
            .cosigned
            .retain(|other| other.workspace != cosigned.workspace || (other.has_quorum && !cosigned.has_quorum));
        unpublished.cosigned.push(cosigned);
        drop(unpublished);
        self.committed.notify_all();
    }

    pub fn take_stop(&self, stop: Stop) {
        lock(&self.status).stopped.get_or_insert(stop.clone());
        lock(&self.queue).stop.get_or_insert(stop);
        self.queued.notify_all();
    }

    /// Has files removed by the other thread, unless it is removing one just now: the next turn comes soon.
    fn hand_over_surplus(&self, core: &mut Core) {
        let Ok(mut surplus) = self.surplus.try_lock() else { return };
        let n_before = surplus.len();
        surplus.extend(std::iter::from_fn(|| core.take_surplus()));
        let is_more = surplus.len() > n_before;
        drop(surplus);
        if is_more {
            // Whoever looks whether there is something to do holds this lock.
            let _looking = lock(&self.unpublished);
            self.committed.notify_all();
        }
    }

    /// Removes one of the files that have to be.
    fn remove_surplus(&self, storage: &dyn Storage) -> std::io::Result<()> {
        let mut surplus = lock(&self.surplus);
        let Some(spare) = surplus.last() else { return Ok(()) };
        storage.remove(&spare.path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        surplus.pop();
        Ok(())
    }

    fn show(&self, core: &Core) {
        let mut status = lock(&self.status);
        status.stopped = core.stopped().cloned().or(status.stopped.take());
        status.n_segments = core.n_segments();
        status.oldest_segment = core.oldest_segment();
        status.n_wal_bytes = core.n_wal_bytes();
    }
}

/// Starts a thread. If it panics, nothing is signed any more.
fn spawn(
    name: &str,
    shared: &Arc<Shared>,
    run: impl FnOnce(&Shared) + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let shared = shared.clone();
    let what = name.to_string();
    std::thread::Builder::new().name(name.to_string()).spawn(move || {
        if catch_unwind(AssertUnwindSafe(|| run(&shared))).is_err() {
            let stop = Stop::Internal(format!("the thread `{what}` panicked"));
            lock(&shared.status).stopped.get_or_insert(stop);
            let waiting = std::mem::take(&mut lock(&shared.queue).submissions);
            drop(waiting);
        }
    })
}

fn run_core(shared: &Shared, mut core: Core, clock: &dyn Clock) {
    // Since when each log has had the size that it has.
    let mut silent_since: BTreeMap<String, (u64, i64)> = BTreeMap::new();
    let mut last_look = Instant::now();
    loop {
        let mut queue = lock(&shared.queue);
        let is_idle = queue.submissions.is_empty() && queue.releases.is_empty() && queue.forgets.is_empty();
        if is_idle && queue.stop.is_none() && !queue.is_closed {
            queue = shared.queued.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner).0;
        }
        if let Some(stop) = queue.stop.take() {
            core.stop(stop);
        }
        let (prepared, completers) = shared.take_group(&mut queue);
        let releases = std::mem::take(&mut queue.releases);
        let forgets = std::mem::take(&mut queue.forgets);
        let is_last = queue.is_closed && queue.submissions.is_empty();
        core.set_published(queue.published_frame);
        let spares = std::mem::take(&mut queue.spares);
        drop(queue);
        for spare in spares {
            core.take_spare(spare);
        }
        for (workspace, table, next) in releases {
            core.release_up_to(&workspace, &table, next);
        }
        if !prepared.is_empty() {
            let answers = core.commit_prepared(&prepared);
            hand_over(shared, &mut core);
            crash_point("wal.answering");
            for (completer, answer) in completers.into_iter().zip(answers) {
                completer.complete(answer);
            }
        }
        if !forgets.is_empty() {
            core.take_back(std::mem::take(&mut lock(&shared.surplus)));
        }
        for waiting in forgets {
            // Who waited may be gone.
            let _ = waiting.send(core.forget());
        }
        let is_time = last_look.elapsed() >= IDLE && core.stopped().is_none() && !is_last;
        if let Some(every) = shared.options.heartbeat_every.filter(|_| is_time) {
            last_look = Instant::now();
            let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).saturating_mul(MILLISECOND);
            let now = clock.now_ticks();
            let mut silent = Vec::new();
            for (workspace, size) in core.sizes() {
                let (known, since) = silent_since.entry(workspace.clone()).or_insert((size, now));
                if *known != size {
                    (*known, *since) = (size, now);
                } else if now.saturating_sub(*since) >= every {
                    silent.push(Prepared::new(Request::Heartbeat { workspace }));
                }
            }
            if !silent.is_empty() {
                core.commit_prepared(&silent);
                hand_over(shared, &mut core);
            }
        }
        core.recycle();
        if let Some(wish) = core.take_spare_wish() {
            lock(&shared.unpublished).spare_wish = Some(wish);
            shared.committed.notify_all();
        }
        shared.hand_over_surplus(&mut core);
        shared.show(&core);
        if is_last {
            core.stop(Stop::Asked);
            return;
        }
    }
}

fn hand_over(shared: &Shared, core: &mut Core) {
    shared.show(core);
    let commits = core.take_commits();
    let mut status = lock(&shared.status);
    for log in commits.iter().flat_map(|commit| &commit.logs) {
        status.logs.entry(log.workspace.clone()).or_default().size = log.size;
    }
    drop(status);
    if !commits.is_empty() {
        lock(&shared.unpublished).commits.extend(commits);
        shared.committed.notify_all();
    }
}

fn run_publisher(shared: &Shared, mut publisher: Publisher, storage: &dyn Storage) {
    let mut pause = Duration::ZERO;
    // Whether a file could not be removed: that is tried again when there is something else to do.
    let mut is_stuck = false;
    loop {
        let mut unpublished = lock(&shared.unpublished);
        while unpublished.commits.is_empty()
            && unpublished.spare_wish.is_none()
            && unpublished.cosigned.is_empty()
            && !unpublished.is_closed
            && pause.is_zero()
            && (is_stuck || lock(&shared.surplus).is_empty())
        {
            unpublished = match publisher.frame {
                // What was durable before this start is published first.
                frame if frame > lock(&shared.queue).published_frame => break,
                _ => shared.committed.wait(unpublished).unwrap_or_else(PoisonError::into_inner),
            };
        }
        if !pause.is_zero() && !unpublished.is_closed {
            let is_closed = |unpublished: &mut Unpublished| !unpublished.is_closed;
            let waited = shared.committed.wait_timeout_while(unpublished, pause, is_closed);
            unpublished = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let commits = std::mem::take(&mut unpublished.commits);
        let (is_last, has_commits) = (unpublished.is_closed, !commits.is_empty());
        let cosigned = std::mem::take(&mut unpublished.cosigned);
        let spare_wish = unpublished.spare_wish.take().filter(|_| !is_last);
        drop(unpublished);
        if let Some(spare) = spare_wish {
            // Without it the sequencer's thread allocates the file itself, and says so if it cannot.
            let allocated = storage.allocate(&spare.path, spare.len).ok().map(|()| spare);
            lock(&shared.queue).spares.push(allocated);
        }
        if !is_last {
            is_stuck = shared.remove_surplus(storage).is_err();
        }
        publisher.add(commits);
        let published = publisher.publish();
        // Those that cannot be written come again with the next checkpoint.
        let carried: Result<Vec<()>, _> = cosigned.iter().map(|cosigned| publisher.cosign(cosigned)).collect();
        shared.board.show(publisher.take_published());
        let mut status = lock(&shared.status);
        for (workspace, size) in publisher.sizes() {
            status.logs.entry(workspace).or_default().published_size = size;
        }
        let broken = publisher.broken().values().next().cloned();
        let error = published.as_ref().err().or(carried.as_ref().err());
        status.publish_error = broken.or(error.map(|error| error_chain(error)));
        drop(status);
        pause = match &published {
            Err(_) => PUBLISH_RETRY.max(shared.options.publish_every),
            Ok(_) if has_commits => shared.options.publish_every,
            Ok(_) => Duration::ZERO,
        };
        if let Ok(frame) = published {
            lock(&shared.queue).published_frame = frame;
        }
        if is_last {
            return;
        }
    }
}
