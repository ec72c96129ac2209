//! A sequencer on a disk, and witnesses over HTTP: what is acknowledged, published and stopped.

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anchors::{Reply, StartError, Transport, TransportError, WitnessOptions, WitnessStatus, Witnesses, ask_witnesses};
use common::{ORIGIN, Server};
use sequencer::storage::{Disk, Storage};
use sequencer::{
    Keys, Level, Options, Receipt, Request, SealedBatch, Sequencer, SequencerOptions, Signer, Stop, WalOptions,
    checkpoint_path, witnessed_path,
};
use stdx::SystemClock;
use tlog::note::SignedNote;
use tlog::witness::AddCheckpoint;
use tlog::{Checkpoint, Hash, Policy, WitnessState};
use witness::{HttpTransport, Witness};

struct LogKeys;

impl Keys for LogKeys {
    fn signers(&self, _: &str) -> Result<Vec<Arc<dyn Signer>>, String> {
        let signer = tlog::note::Signer::log(ORIGIN, &[1; 32]).map_err(|error| error.to_string())?;
        Ok(vec![Arc::new(signer)])
    }
}

fn log_policy() -> Policy {
    let log = tlog::note::Signer::log(ORIGIN, &[1; 32]).expect("a key");
    Policy::parse(&format!("log {}\nquorum none\n", log.verifier())).expect("a policy")
}

fn witness_key(number: u8) -> tlog::note::Signer {
    tlog::note::Signer::witness(&format!("witness.example/w{number}"), &[number + 10; 32]).expect("a key")
}

/// Witnesses with their servers; each keeps what it knows in a folder of its own.
struct Site {
    servers: Vec<Server>,
    _folders: Vec<tempfile::TempDir>,
}

impl Site {
    fn new(n_witnesses: u8) -> Site {
        let mut site = Site { servers: Vec::new(), _folders: Vec::new() };
        for number in 1..=n_witnesses {
            let folder = tempfile::tempdir().expect("a folder");
            let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
            let witness = Witness::open(disk, Arc::new(SystemClock), witness_key(number), log_policy());
            site.servers.push(Server::start(Arc::new(witness.expect("it starts"))));
            site._folders.push(folder);
        }
        site
    }

    /// Returns a policy that asks for `quorum` of the witnesses.
    fn policy(&self, quorum: usize) -> Policy {
        let log = tlog::note::Signer::log(ORIGIN, &[1; 32]).expect("a key");
        let mut text = format!("log {}\n", log.verifier());
        let mut names = String::new();
        for (number, server) in (1..).zip(&self.servers) {
            text.push_str(&format!("witness W{number} {} {}/\n", witness_key(number).verifier(), server.url()));
            names.push_str(&format!(" W{number}"));
        }
        Policy::parse(&format!("{text}group all-of-them {quorum}{names}\nquorum all-of-them\n")).expect("a policy")
    }
}

/// HTTP that can lose servers and answers, and looks at what passes.
struct Net {
    http: HttpTransport,
    down: Mutex<BTreeSet<String>>,
    /// Answers that get lost on their way back.
    answers_to_lose: AtomicUsize,
    /// Where the log is published.
    log: Arc<Disk>,
    /// What was submitted: to whom, from which size, to which size.
    submitted: Mutex<Vec<(String, u64, u64)>>,
}

impl Net {
    fn new(log: &Arc<Disk>) -> Arc<Net> {
        let http = HttpTransport::new(Duration::from_secs(10));
        let (down, submitted) = (Mutex::default(), Mutex::default());
        Arc::new(Net { http, down, answers_to_lose: AtomicUsize::new(0), log: log.clone(), submitted })
    }

    fn take_down(&self, site: &Site, numbers: &[usize]) {
        let urls = numbers.iter().map(|number| site.servers[number - 1].url()).collect();
        *self.down.lock().expect("a lock") = urls;
    }

    fn check(&self, url: &str) -> Result<(), TransportError> {
        let is_down = self.down.lock().expect("a lock").iter().any(|down| url.starts_with(down));
        if is_down { Err(TransportError("down".to_string())) } else { Ok(()) }
    }
}

impl Transport for Net {
    fn get(&self, url: &str) -> Result<Reply, TransportError> {
        self.check(url)?;
        self.http.get(url)
    }

    fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Reply, TransportError> {
        self.check(url)?;
        let request = AddCheckpoint::parse(&body).expect("a request");
        let size = Checkpoint::parse(&request.checkpoint.text).expect("a checkpoint").size;
        let published = published(&self.log).map_or(0, |(checkpoint, _)| checkpoint.size);
        assert!(size <= published, "{size} entries are shown and {published} are published");
        self.submitted.lock().expect("a lock").push((url.to_string(), request.old, size));
        let reply = self.http.post(url, content_type, body)?;
        let lose = self.answers_to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if lose.is_ok() { Err(TransportError("lost".to_string())) } else { Ok(reply) }
    }
}

fn published(disk: &Disk) -> Option<(Checkpoint, SignedNote)> {
    read_note(disk, &checkpoint_path("contoso"))
}

fn read_note(disk: &Disk, path: &str) -> Option<(Checkpoint, SignedNote)> {
    let note = SignedNote::parse(&disk.read(path).expect("readable")?).expect("a note");
    Some((Checkpoint::parse(&note.text).expect("a checkpoint"), note))
}

fn open_with(disk: &Arc<Disk>, core: Options) -> Sequencer {
    let options = SequencerOptions {
        core,
        publish_every: Duration::from_millis(5),
        heartbeat_every: None,
        ..SequencerOptions::default()
    };
    Sequencer::open(disk.clone(), Arc::new(SystemClock), Box::new(LogKeys), options, |_| {}).expect("it starts")
}

fn core_options() -> Options {
    Options { wal: WalOptions { segment_bytes: 1 << 20, segments_max: 4 }, ..Options::default() }
}

fn start(sequencer: &Sequencer, disk: &Arc<Disk>, policy: Policy, net: &Arc<Net>) -> Witnesses {
    let options = WitnessOptions {
        every: Duration::from_millis(5),
        grace: Duration::from_millis(2_000),
        round_timeout: Duration::from_millis(300),
        retry_min: Duration::from_millis(20),
        retry_max: Duration::from_millis(50),
        ..WitnessOptions::default()
    };
    Witnesses::start(disk.clone(), sequencer.publications(), policy, net.clone(), options).expect("it starts")
}

fn submit(sequencer: &Sequencer, number: u64) -> Receipt {
    let batch = SealedBatch {
        workspace: "contoso".to_string(),
        table: "SigninLogs".to_string(),
        request: None,
        schema_id: 1,
        schema_hash: Hash::of(b"schema"),
        count: 1,
        root: Hash::of(&number.to_be_bytes()),
        leaf_material: Vec::new(),
        payload: vec![7; 100],
    };
    let ticket = sequencer.submit(Request::Batch(batch)).expect("taken");
    ticket.wait().expect("committed")
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn receipts_become_witnessed_and_the_checkpoint_carries_it() {
    let site = Site::new(3);
    let policy = site.policy(2);
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
    let net = Net::new(&disk);
    let sequencer = open_with(&disk, core_options());
    let witnesses = start(&sequencer, &disk, policy.clone(), &net);
    // Enough for a full tile, and each submission waits for its witnesses.
    for number in 0..300 {
        let receipt = submit(&sequencer, number);
        assert_eq!(receipt.level, Level::Committed);
        if number % 25 == 0 {
            let witnessed = witnesses.ticket("contoso", receipt.clone()).wait(LONG);
            assert_eq!((witnessed.level, witnessed.entry), (Level::Witnessed, receipt.entry));
            let sender = witnessed.to_sender(0, 1);
            let sighting = sender.verify(&policy).expect("what is witnessed satisfies the policy");
            assert_eq!(sighting.quorum.as_deref(), Some("all-of-them"));
        }
    }
    let all_seen = |note: &SignedNote| {
        let sighting = policy.check(note).ok()?;
        sighting.witnesses.iter().all(|witness| matches!(witness.state, WitnessState::SeenAt(_))).then_some(sighting)
    };
    let sighting = wait_for("the checkpoint carries all cosignatures", || {
        published(&disk).filter(|(checkpoint, _)| checkpoint.size == 300).and_then(|(_, note)| all_seen(&note))
    });
    assert_eq!(sighting.checkpoint.size, 300);
    wait_for("it is kept", || read_note(&disk, &witnessed_path("contoso")).filter(|(c, _)| c.size == 300));
    wait_for("every witness is up to date", || {
        let is_done = |status: &WitnessStatus| {
            matches!(status.cosigned.get("contoso"), Some((300, 1..))) && status.error.is_none()
        };
        witnesses.status().iter().all(is_done).then_some(())
    });
    assert_eq!(witnesses.witnessed_sizes(), [("contoso".to_string(), 300)].into());
    // What is covered already is answered at once, also after a restart.
    drop((witnesses, sequencer));
    let sequencer = open_with(&disk, core_options());
    net.take_down(&site, &[1, 2, 3]);
    let witnesses = start(&sequencer, &disk, policy, &net);
    let receipt = Receipt {
        level: Level::Committed,
        entry: 299,
        records: 0..1,
        time: None,
        checkpoint: Arc::new(published(&disk).expect("one").1),
    };
    assert_eq!(witnesses.ticket("contoso", receipt.clone()).wait(Duration::ZERO).level, Level::Witnessed);
    let beyond = Receipt { entry: 300, ..receipt };
    assert_eq!(witnesses.ticket("contoso", beyond.clone()).wait(Duration::ZERO), beyond);
    // A new checkpoint has no cosignatures yet, and the last one with a quorum stays.
    submit(&sequencer, 300);
    wait_for("published", || published(&disk).filter(|(checkpoint, _)| checkpoint.size == 301));
    assert_eq!(read_note(&disk, &witnessed_path("contoso")).map(|(checkpoint, _)| checkpoint.size), Some(300));
}

#[test]
fn a_quorum_does_not_wait_for_the_rest_and_too_few_are_no_quorum() {
    let site = Site::new(3);
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
    let net = Net::new(&disk);
    let sequencer = open_with(&disk, core_options());
    let witnesses = start(&sequencer, &disk, site.policy(2), &net);
    net.take_down(&site, &[2]);
    let witnessed = witnesses.ticket("contoso", submit(&sequencer, 0)).wait(LONG);
    assert_eq!(witnessed.level, Level::Witnessed);
    net.take_down(&site, &[2, 3]);
    let committed = submit(&sequencer, 1);
    let answer = witnesses.ticket("contoso", committed.clone()).wait(Duration::from_millis(200));
    assert_eq!(answer, committed, "committed, and not witnessed yet");
    assert!(witnesses.status()[1].error.as_deref().is_some_and(|error| error.contains("down")));
    // Its sender asks again later, when the witnesses are back.
    net.take_down(&site, &[]);
    let ticket = witnesses.ticket("contoso", committed);
    assert_eq!(ticket.committed().level, Level::Committed);
    assert_eq!(ticket.wait(LONG).level, Level::Witnessed);
    assert_eq!(sequencer.status().stopped, None);
    // Who waits when the node stops is told, too.
    net.take_down(&site, &[1, 2, 3]);
    let waiting = witnesses.ticket("contoso", submit(&sequencer, 2));
    drop(witnesses);
    assert_eq!(waiting.wait(LONG).level, Level::Committed);
}

#[test]
fn an_answer_that_got_lost_is_asked_for_again() {
    let site = Site::new(1);
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
    let net = Net::new(&disk);
    let sequencer = open_with(&disk, core_options());
    net.answers_to_lose.store(2, Ordering::SeqCst);
    let witnesses = start(&sequencer, &disk, site.policy(1), &net);
    assert_eq!(witnesses.ticket("contoso", submit(&sequencer, 0)).wait(LONG).level, Level::Witnessed);
    let steps: Vec<(u64, u64)> =
        net.submitted.lock().expect("a lock").iter().map(|(_, old, size)| (*old, *size)).collect();
    // Cosigned and lost, refused and lost, refused, cosigned.
    assert_eq!(steps, [(0, 1), (0, 1), (0, 1), (1, 1)]);
}

#[test]
fn a_witness_with_another_key_does_not_count() {
    let site = Site::new(1);
    let stranger = witness_key(9);
    let url = site.servers[0].url();
    let policy = format!("witness W {} {url}\nquorum W\n", stranger.verifier());
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
    let net = Net::new(&disk);
    let sequencer = open_with(&disk, core_options());
    let witnesses = start(&sequencer, &disk, Policy::parse(&policy).expect("a policy"), &net);
    let ticket = witnesses.ticket("contoso", submit(&sequencer, 0));
    wait_for("it is said", || {
        witnesses.status()[0]
            .error
            .clone()
            .filter(|error| error.contains("no valid cosignature by `witness.example/w9`"))
    });
    assert_eq!(ticket.wait(Duration::ZERO).level, Level::Committed);
    let (_, note) = published(&disk).expect("published");
    assert_eq!(note.signatures.len(), 1, "what was not verified is not published");
    assert_eq!(sequencer.status().stopped, None);
}

#[test]
fn policies_without_a_quorum_or_an_address_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
    let sequencer = open_with(&disk, core_options());
    let start = |policy: &str| {
        let policy = Policy::parse(policy).expect("a policy");
        let options = WitnessOptions::default();
        Witnesses::start(disk.clone(), sequencer.publications(), policy, Net::new(&disk), options).err()
    };
    let witness = format!("witness W {}", witness_key(1).verifier());
    assert!(matches!(start("quorum none\n"), Some(StartError::NoQuorum)));
    assert!(matches!(start(&format!("{witness} http://127.0.0.1:1\nquorum none\n")), Some(StartError::NoQuorum)));
    assert!(matches!(start(&format!("{witness}\nquorum W\n")), Some(StartError::NoAddress)));
    let many: String =
        (1..34).map(|n| format!("witness W{n} {} http://127.0.0.1:1\n", witness_key(n).verifier())).collect();
    assert!(matches!(start(&format!("{many}quorum W1\n")), Some(StartError::TooMany { count: 33, .. })));
}

/// A node with a log of five entries that two witnesses have seen, and a copy of its folder when it had two.
struct RolledBack {
    site: Site,
    old: tempfile::TempDir,
}

impl RolledBack {
    fn new() -> RolledBack {
        let site = Site::new(2);
        let (folder, old) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
        for numbers in [0..2, 2..5] {
            let sequencer = open_with(&disk, core_options());
            let witnesses = start(&sequencer, &disk, site.policy(2), &Net::new(&disk));
            for number in numbers {
                let receipt = submit(&sequencer, number);
                assert_eq!(witnesses.ticket("contoso", receipt).wait(LONG).level, Level::Witnessed);
            }
            drop((witnesses, sequencer));
            if !old.path().join("ws").exists() {
                folders::copy(folder.path(), old.path());
            }
        }
        RolledBack { site, old }
    }

    fn disk(&self) -> Arc<Disk> {
        Arc::new(Disk::open(self.old.path()).expect("a store"))
    }
}

#[test]
fn i2_a_start_from_an_old_copy_is_stopped_by_what_witnesses_know() {
    let world = RolledBack::new();
    let disk = world.disk();
    let net = Net::new(&disk);
    let policy = world.site.policy(2);
    net.take_down(&world.site, &[1]);
    let asked = ask_witnesses(&*disk, &policy, &*net);
    assert_eq!(asked.errors, [("W1".to_string(), "contoso: there is no answer: down".to_string())]);
    let sizes: Vec<u64> = asked.claims["contoso"].iter().map(|claim| claim.size).collect();
    assert_eq!(sizes, [5, 5]);
    let sequencer = open_with(&disk, Options { claims: asked.claims, ..core_options() });
    let stop = sequencer.status().stopped;
    let Some(Stop::Behind { origin, witness, known: 5, found: 2 }) = &stop else { panic!("{stop:?}") };
    assert_eq!((origin.as_str(), witness.as_str()), (ORIGIN, "W2"));
    drop(sequencer);
    // Nobody could be asked, so it starts; the first witness that comes back stops it.
    net.take_down(&world.site, &[1, 2]);
    let asked = ask_witnesses(&*disk, &policy, &*net);
    assert_eq!((asked.claims.len(), asked.errors.len()), (0, 2));
    let sequencer = open_with(&disk, Options { claims: asked.claims, ..core_options() });
    assert_eq!(sequencer.status().stopped, None);
    let witnesses = start(&sequencer, &disk, policy, &net);
    let waiting = witnesses.ticket("contoso", submit(&sequencer, 100));
    net.take_down(&world.site, &[1]);
    assert_eq!(waiting.wait(LONG).level, Level::Committed);
    let stop = wait_for("it stops", || sequencer.status().stopped);
    // The checkpoint that the copy began with may be the one that the witness is asked about first.
    assert!(matches!(stop, Stop::Behind { known: 5, found: 2 | 3, .. }), "{stop:?}");
    assert_eq!(witnesses.stopped(), Some(stop));
}

#[test]
fn i2_another_history_than_the_witnesses_saw_is_not_continued() {
    let world = RolledBack::new();
    let disk = world.disk();
    let net = Net::new(&disk);
    let policy = world.site.policy(2);
    // The old copy goes on by itself, past what the witnesses have seen.
    net.take_down(&world.site, &[1, 2]);
    let sequencer = open_with(&disk, core_options());
    let witnesses = start(&sequencer, &disk, policy.clone(), &net);
    for number in 100..107 {
        submit(&sequencer, number);
    }
    wait_for("published", || published(&disk).filter(|(checkpoint, _)| checkpoint.size == 9));
    assert_eq!(sequencer.status().stopped, None);
    net.take_down(&world.site, &[]);
    let stop = wait_for("it stops", || sequencer.status().stopped);
    let Stop::Fork { size: 5, ours, theirs, .. } = stop else { panic!("{stop:?}") };
    assert_ne!(ours, theirs);
    assert_eq!(published(&disk).map(|(_, note)| note.signatures.len()), Some(1));
    drop((witnesses, sequencer));
    // A start that asks finds it before anything is signed.
    let asked = ask_witnesses(&*disk, &policy, &*net);
    let sequencer = open_with(&disk, Options { claims: asked.claims, ..core_options() });
    assert!(matches!(sequencer.status().stopped, Some(Stop::Fork { size: 5, .. })));
}

/// Witnesses that answer what they are told to.
struct Puppet(Box<dyn Fn(&AddCheckpoint) -> Reply + Send + Sync>);

impl Transport for Puppet {
    fn get(&self, _: &str) -> Result<Reply, TransportError> {
        Ok(Reply { status: 404, content_type: None, body: Vec::new() })
    }

    fn post(&self, _: &str, _: &str, body: Vec<u8>) -> Result<Reply, TransportError> {
        Ok(self.0(&AddCheckpoint::parse(&body).expect("a request")))
    }
}

#[test]
fn witnesses_that_answer_nonsense_are_left_alone_and_those_that_contradict_stop_the_signing() {
    let policy = format!("witness W {} http://w.example\nquorum W\n", witness_key(1).verifier());
    let policy = Policy::parse(&policy).expect("a policy");
    let cases: &[(u16, &str, &str)] = &[
        (200, "", "no valid cosignature"),
        (200, "\u{2014} witness.example/w1 AAAAAAAA\n", "no valid cosignature"),
        (404, "unknown\nlog", "it answers with status 404: unknown log"),
        (503, "later", "it answers with status 503: later"),
        (301, "elsewhere", "it answers with status 301"),
        (409, "0\n", "it wants the proof to begin at 0"),
        (409, "many\n", "there is no size in it"),
        (422, "no", "it answers with status 422: no"),
        (409, "1\n", ""),
        (409, "7\n", ""),
    ];
    for (status, body, expected) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
        let sequencer = open_with(&disk, core_options());
        let (status, body) = (*status, body.as_bytes().to_vec());
        let reply = move |request: &AddCheckpoint| {
            // Once it has been told what it wanted to know, it refuses that.
            let status = if request.old == 1 { 422 } else { status };
            Reply { status, content_type: None, body: body.clone() }
        };
        let puppet = Arc::new(Puppet(Box::new(reply)));
        let witnesses =
            Witnesses::start(disk.clone(), sequencer.publications(), policy.clone(), puppet, WitnessOptions::default())
                .expect("it starts");
        submit(&sequencer, 0);
        if expected.is_empty() {
            let stop = wait_for("it stops", || sequencer.status().stopped);
            let is_told = matches!(stop, Stop::Contradicted { size: 1, .. } | Stop::Behind { known: 7, found: 1, .. });
            assert!(is_told, "{stop:?}");
        } else {
            let error = wait_for("it is said", || witnesses.status()[0].error.clone());
            assert!(error.contains(expected), "{error}");
            submit(&sequencer, 1);
        }
    }
}
