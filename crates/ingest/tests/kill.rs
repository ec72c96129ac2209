//! The whole store in a process that is killed, at random moments and at every named place between two writes: after each restart
//! every acknowledged record is present, provable and in order, and no two signed checkpoints contradict each other.
//!
//! The test starts itself again as the process to be killed. `VIDIMUS_KILL_ROUNDS` sets how often it is killed at random moments (100
//! without it) and how often at each place (a 25th of that).

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use common::child::{ENCRYPTED, ROUND_NUMBER, STORE, run};
use common::oracle::Oracle;
use stdx::{CRASH_SIGN, Rng, crash_at};

/// Rounds after which a new store is begun.
const STORE_ROUNDS: u64 = 10;
/// Stores at once in each test.
const N_LANES: usize = 2;
/// How long it is waited that a process comes to a place for the first time, or answers so many requests; and for a place's later visits.
const WAIT: Duration = Duration::from_secs(10);
const VISIT_WAIT: Duration = Duration::from_millis(1_000);

/// Not a test by itself: works on a store without end, when it is told where.
#[test]
fn worker() {
    let Ok(store) = std::env::var(STORE) else { return };
    let round = std::env::var(ROUND_NUMBER).ok().and_then(|round| round.parse().ok()).expect("a number");
    run(&PathBuf::from(store), round);
}

/// When a process is killed.
enum Kill {
    /// When it comes to a place for the n-th time.
    At(String, u64),
    /// Some time after it has answered so many requests.
    Answered(usize, Duration),
    /// Some time after its start, perhaps while it still reads what the last one left.
    Started(Duration),
}

/// Starts a process on the store and kills it; returns whether it came to the place where it was to be killed. `prepare` is shown the
/// command before.
fn kill(
    store: &Path,
    round: u64,
    kill: &Kill,
    oracle: &mut Oracle,
    rng: &mut Rng,
    prepare: impl FnOnce(&mut Command),
) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.args(["--exact", "worker", "--nocapture"]).env(STORE, store).env(ROUND_NUMBER, round.to_string());
    if let Kill::At(place, nth) = kill {
        crash_at(&mut command, place, *nth);
    }
    prepare(&mut command);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("started");
    let stdout = child.stdout.take().expect("piped");
    let (sender, receiver) = channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let begin = Instant::now();
    let deadline = begin
        + match kill {
            Kill::Started(time) => *time,
            Kill::At(_, 2..) => VISIT_WAIT,
            Kill::At(..) | Kill::Answered(..) => WAIT,
        };
    let (mut lines, mut n_answered, mut is_there) = (Vec::new(), 0, false);
    while let Ok(line) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        is_there |= line.contains(CRASH_SIGN);
        n_answered += usize::from(line.starts_with("ack\t"));
        lines.push(line);
        if is_there {
            // The other threads may go on for a moment.
            std::thread::sleep(Duration::from_micros(rng.below(3_000)));
            break;
        }
        if let Kill::Answered(n, time) = kill
            && n_answered >= *n
        {
            std::thread::sleep(*time);
            break;
        }
    }
    child.kill().expect("killed");
    let status = child.wait().expect("gone");
    reader.join().expect("read");
    lines.extend(receiver.try_iter());
    for line in &lines {
        if let Some(complaint) = oracle.hear(line) {
            panic!("round {round}: {complaint}");
        }
    }
    assert!(!matches!(status.code(), Some(0 | 101)), "round {round}: the process ended by itself");
    oracle.add_round(round);
    is_there
}

/// Stores that are killed again and again, each of them for some rounds.
struct World {
    rng: Rng,
    round: u64,
    store: Option<(tempfile::TempDir, Oracle)>,
    /// Every other store is encrypted.
    is_encrypted: bool,
    n_records: usize,
}

impl World {
    fn new() -> World {
        World { rng: Rng::from_entropy(), round: 0, store: None, is_encrypted: false, n_records: 0 }
    }

    /// Kills one process after the other and then looks; returns whether the last one came to its place.
    fn round(&mut self, kills: &[Kill]) -> bool {
        let needs_encrypted =
            kills.iter().any(|kill| matches!(kill, Kill::At(place, _) if place.starts_with("sealed.")));
        if self.round.is_multiple_of(STORE_ROUNDS) || (needs_encrypted && !self.is_encrypted) {
            self.store = None;
            self.is_encrypted = needs_encrypted || !self.is_encrypted;
        }
        let prefix = if self.is_encrypted { ENCRYPTED } else { "plain-" };
        let (folder, oracle) = self.store.get_or_insert_with(|| {
            (tempfile::Builder::new().prefix(prefix).tempdir().expect("a folder"), Oracle::default())
        });
        let mut is_there = false;
        for (n, how) in kills.iter().enumerate() {
            is_there = kill(folder.path(), self.round * 4 + n as u64, how, oracle, &mut self.rng, |_| ());
        }
        oracle.check(folder.path(), &mut self.rng);
        self.n_records += oracle.n_records;
        self.round += 1;
        is_there
    }
}

fn n_rounds() -> u64 {
    std::env::var("VIDIMUS_KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

/// Works through jobs in several worlds at once: most of the time is spent waiting for the disk.
fn in_lanes<T: Sync>(jobs: &[T], work: impl Fn(&mut World, &T) + Sync) {
    let n_records: usize = std::thread::scope(|scope| {
        let lane = |lane: usize| {
            let work = &work;
            scope.spawn(move || {
                let mut world = World::new();
                jobs.iter().skip(lane).step_by(N_LANES).for_each(|job| work(&mut world, job));
                world.n_records
            })
        };
        let lanes: Vec<_> = (0..N_LANES).map(lane).collect();
        lanes.into_iter().map(|lane| lane.join().expect("what was promised is kept")).sum()
    });
    assert!(n_records > 0, "something was acknowledged");
}

#[test]
fn i1_what_a_store_acknowledged_survives_a_kill_at_any_moment() {
    let rounds: Vec<u64> = (0..n_rounds()).collect();
    in_lanes(&rounds, |world, _| {
        let rng = &mut world.rng;
        let mut kills = Vec::new();
        if rng.below(3) == 0 {
            kills.push(Kill::Started(Duration::from_micros(rng.below(150_000))));
        }
        kills.push(Kill::Answered(1 + rng.below(40) as usize, Duration::from_micros(rng.below(20_000))));
        world.round(&kills);
    });
}

/// The disk loses what was not synced, as it may when the power fails.
#[cfg(target_os = "linux")]
#[test]
fn i1_what_a_store_acknowledged_survives_a_power_cut() {
    let (power, mut rng) = (common::power::Power::new(), Rng::from_entropy());
    let (mut store, mut n_lost) = (None, 0);
    for round in 0..n_rounds().div_ceil(2) {
        if round.is_multiple_of(STORE_ROUNDS) {
            store = None;
        }
        let (folder, oracle) = store.get_or_insert_with(|| (tempfile::tempdir().expect("a folder"), Oracle::default()));
        let how = match rng.below(3) {
            0 => Kill::Started(Duration::from_micros(rng.below(200_000))),
            _ => Kill::Answered(1 + rng.below(40) as usize, Duration::from_micros(rng.below(20_000))),
        };
        kill(folder.path(), round, &how, oracle, &mut rng, |command| power.watch(command, folder.path()));
        n_lost += power.cut(folder.path(), &mut rng);
        oracle.check(folder.path(), &mut rng);
    }
    println!("{n_lost} changes were lost");
    assert!(n_lost > 0, "something is lost, or nothing was tested");
}

#[test]
fn i1_what_a_store_acknowledged_survives_a_kill_at_every_place() {
    let places = places();
    assert!(places.len() > 20, "{places:?}");
    let passes = 0..n_rounds().div_ceil(25);
    let jobs: Vec<(u64, &String)> = passes.flat_map(|pass| places.iter().map(move |place| (pass, place))).collect();
    let reached: Mutex<BTreeSet<String>> = Mutex::default();
    in_lanes(&jobs, |world, (pass, place)| {
        // The first time it is enough to come there at all.
        let is_rare = *pass == 0 || ["open.", "workspace."].iter().any(|rare| place.starts_with(rare));
        let nth = if is_rare { 1 } else { 1 + world.rng.below(12) };
        let mut kills = vec![Kill::At((*place).clone(), nth)];
        let leaves = [("open.orphan", "extent.created"), ("open.unsealed", "act.document-written")];
        for (_, before) in leaves.iter().filter(|(rest, _)| rest == place) {
            kills.insert(0, Kill::At((*before).to_string(), 1));
        }
        if world.round(&kills) {
            reached.lock().expect("not poisoned").insert((*place).clone());
        }
    });
    let reached = reached.into_inner().expect("not poisoned");
    assert_eq!(places.difference(&reached).collect::<Vec<_>>(), Vec::<&String>::new(), "nobody came there");
}

/// Returns the names of all places, out of the sources of the crates that the store is made of.
fn places() -> BTreeSet<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("crates");
    let mut places = BTreeSet::new();
    let mut folders: Vec<PathBuf> = ["ingest", "extents", "sequencer"].map(|name| crates.join(name).join("src")).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            let calls = text.split("crash_point(\"").skip(1).filter_map(|rest| rest.split_once('"'));
            for (name, _) in calls {
                assert!(places.insert(name.to_string()), "`{name}` names two places");
            }
        }
    }
    places
}
