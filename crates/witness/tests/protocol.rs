//! What a witness answers, over HTTP, and what it keeps.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anchors::{Reply, Transport};
use common::{ORIGIN, START_SECONDS, Server, TestClock, TestLog, open, witness_signer};
use sequencer::storage::simulated::{Fault, Loss, Simulated};
use sequencer::storage::{Disk, Storage};
use tlog::note::{SignedNote, Signer, Verified};
use tlog::witness::{AddCheckpoint, parse_cosignatures, parse_known_size};
use tlog::{Checkpoint, Hash, Policy};
use witness::{AddError, HttpTransport, OpenError, REQUEST_BYTES_MAX, Witness};

fn transport() -> HttpTransport {
    HttpTransport::new(Duration::from_secs(10))
}

fn origin_hash() -> String {
    Hash::of(ORIGIN.as_bytes()).to_string()
}

fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).expect("text")
}

#[test]
fn statuses_are_those_of_the_specification() {
    let (log, fork) = (TestLog::new(0), TestLog::new(1));
    let clock = TestClock::default();
    let witness = open(Arc::new(Simulated::new(1)), &clock, log.policy());
    let server = Server::start(Arc::new(witness));
    let transport = transport();
    let post = |body: Vec<u8>| {
        transport.post(&format!("{}/add-checkpoint", server.url()), "text/plain", body).expect("an answer")
    };
    let add = |request: &AddCheckpoint| post(request.to_text().into_bytes());
    let monitor = |hash: &str| transport.get(&format!("{}/{hash}/checkpoint", server.url())).expect("an answer");
    assert_eq!(monitor(&origin_hash()).status, 404);

    // The first checkpoint, and the next one.
    for (old, new) in [(0, 7), (7, 300)] {
        let request = log.request(old, new);
        let reply = add(&request);
        assert_eq!((reply.status, reply.content_type.as_deref()), (200, Some("text/plain; charset=utf-8")));
        let [cosignature] = &parse_cosignatures(text(&reply)).expect("signature lines")[..] else { panic!("one") };
        let verified = cosignature.verify(&request.checkpoint.text, witness_signer().verifier());
        assert_eq!(verified, Some(Verified::SeenAt(START_SECONDS)));
        let seen = monitor(&origin_hash());
        assert_eq!(text(&seen), format!("{}{}", request.checkpoint.to_text(), text(&reply)));
    }

    // Another size than it knows: it says which.
    for request in [log.request(7, 300), log.request(0, 300), log.request(0, 5), log.request(301, 302)] {
        let reply = add(&request);
        assert_eq!((reply.status, reply.content_type.as_deref()), (409, Some("text/x.tlog.size")));
        assert_eq!(parse_known_size(text(&reply)), Some(300));
    }

    // The client that did not get the answer asks again.
    assert_eq!(add(&log.request(300, 300)).status, 200);

    let status = |request: &AddCheckpoint| add(request).status;
    let mut above = log.request(300, 300);
    above.old = 301;
    assert_eq!(status(&above), 400);
    for fork in [fork.request(300, 300), fork.request(300, 400)] {
        assert_eq!(status(&fork), 422);
    }
    let mut short = log.request(300, 400);
    short.proof.pop();
    assert_eq!(status(&short), 422);
    let mut long = log.request(300, 400);
    long.proof.push(Hash::of(b"more"));
    assert_eq!(status(&long), 422);

    let mut unsigned = log.request(300, 400);
    unsigned.checkpoint.signatures[0].bytes[3] ^= 1;
    assert_eq!(status(&unsigned), 403);
    let other_key = Signer::log(ORIGIN, &[2; 32]).expect("a key");
    let mut by_other = log.request(300, 400);
    by_other.checkpoint = SignedNote::sign(by_other.checkpoint.text, &other_key);
    assert_eq!(status(&by_other), 403);
    let stranger = Signer::log("vault.example/other", &[1; 32]).expect("a key");
    let unknown = Checkpoint { origin: "vault.example/other".to_string(), size: 1, root: Hash::of(b"root") };
    let unknown = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: SignedNote::sign(unknown.text(), &stranger) };
    assert_eq!(status(&unknown), 404);
    assert_eq!(monitor(&Hash::of(b"vault.example/other").to_string()).status, 404);
    assert_eq!(monitor("../witness.key").status, 404);

    let valid = log.request(300, 400).to_text();
    let many = format!("old 300\n{}\n{}", format!("{}\n", Hash::EMPTY_ROOT.to_base64()).repeat(64), &valid[8..]);
    for body in ["", "\n", &valid[4..], &valid.replace("old 300", "old 0300"), &valid.replace('\n', "\r\n"), &many] {
        assert_eq!(post(body.as_bytes().to_vec()).status, 400, "{body:?}");
    }
    assert_eq!(post(vec![0xff; 100]).status, 400);
    assert_eq!(post(vec![b'a'; REQUEST_BYTES_MAX + 1]).status, 413);
    assert_eq!(transport.get(&format!("{}/add-checkpoint", server.url())).expect("an answer").status, 405);

    // None of this has moved it, and signatures of strangers are passed over.
    let mut signed_twice = log.request(300, 400);
    signed_twice.checkpoint.signatures.insert(0, other_key.sign(&signed_twice.checkpoint.text, 0));
    assert_eq!(status(&signed_twice), 200);
    let kept = SignedNote::parse(&monitor(&origin_hash()).body).expect("a note");
    let names: Vec<&str> = kept.signatures.iter().map(|signature| signature.name.as_str()).collect();
    assert_eq!(names, [ORIGIN, "witness.example/w1"]);
}

#[test]
fn the_bytes_on_the_wire_never_change() {
    let log = TestLog::new(0);
    let witness = open(Arc::new(Simulated::new(1)), &TestClock::default(), log.policy());
    let server = Server::start(Arc::new(witness));
    let mut wire = String::new();
    let mut exchange = |request: String| {
        let mut stream = TcpStream::connect(server.address).expect("connected");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("text");
        // The date of the answer is the only thing that changes.
        let reply: String = reply.split_inclusive('\n').filter(|line| !line.starts_with("date: ")).collect();
        wire.push_str(&format!(
            "> {}\n\n< {}\n\n",
            request.trim_end().replace('\n', "\n> "),
            reply.trim_end().replace('\n', "\n< ")
        ));
    };
    let post = |body: String| {
        let len = body.len();
        format!("POST /add-checkpoint HTTP/1.1\r\nHost: w1\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n{body}")
    };
    exchange(post(log.request(0, 300).to_text()));
    exchange(post(log.request(300, 555).to_text()));
    exchange(post(log.request(300, 555).to_text()));
    exchange(post(log.request(555, 555).to_text()));
    exchange(post(TestLog::new(1).request(555, 556).to_text()));
    exchange(format!("GET /{}/checkpoint HTTP/1.1\r\nHost: w1\r\nConnection: close\r\n\r\n", origin_hash()));
    let wire = wire.replace('\r', "");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/add-checkpoint.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &wire).expect("written");
    }
    assert_eq!(wire, std::fs::read_to_string(path).expect("a golden file"));
}

#[test]
fn others_accept_the_cosigned_checkpoint() {
    use signed_note::{Note, StandardVerifier, VerifierList};
    let log = TestLog::new(0);
    let witness = open(Arc::new(Simulated::new(1)), &TestClock::default(), log.policy());
    witness.add_checkpoint(log.request(0, 300).to_text().as_bytes()).expect("cosigned");
    let text = witness.checkpoint(&origin_hash()).expect("a checkpoint");
    let note = Note::from_bytes(text.as_bytes()).expect("they read it");
    let key = StandardVerifier::new(&log.signer.verifier().to_string()).expect("they read the key");
    let known = VerifierList::new(vec![Box::new(key)]);
    let (verified, passed_over) = note.verify(&known).expect("they verify it");
    assert_eq!((verified.len(), passed_over.len()), (1, 1));
    assert_eq!(passed_over[0].name(), "witness.example/w1");
    assert_eq!(passed_over[0].id(), witness_signer().verifier().id());
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).expect("they read it");
    assert_eq!((theirs.origin(), theirs.size()), (ORIGIN, 300));
    // Their proof from what was cosigned convinces the witness.
    let entries: Vec<Vec<u8>> = (0..600u32).map(|number| [&[0][..], &number.to_be_bytes()].concat()).collect();
    let mut stored = Stored(Vec::new());
    for (number, entry) in entries.iter().enumerate() {
        let hashes = tlog_tiles::stored_hashes(number as u64, entry, &stored).expect("they hash");
        stored.0.extend(hashes);
    }
    let proof = tlog_tiles::prove_tree(555, 300, &stored).expect("they prove");
    let proof = proof.iter().map(|hash| Hash(hash.0)).collect();
    let request = AddCheckpoint { old: 300, proof, checkpoint: log.checkpoint(555) };
    witness.add_checkpoint(request.to_text().as_bytes()).expect("cosigned");
}

/// Every hash that the other implementation stores, in its order.
struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::tlog::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

#[test]
fn what_was_cosigned_survives_and_a_damaged_memory_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
    let (log, clock) = (TestLog::new(0), TestClock::default());
    let add = |witness: &Witness, old, new| witness.add_checkpoint(log.request(old, new).to_text().as_bytes());
    let witness = open(disk.clone(), &clock, log.policy());
    add(&witness, 0, 7).expect("cosigned");
    let second = Witness::open(disk.clone(), Arc::new(clock.clone()), witness_signer(), log.policy());
    assert!(matches!(second, Err(OpenError::Locked)));
    drop(witness);
    let witness = open(disk.clone(), &clock, log.policy());
    assert_eq!(add(&witness, 0, 300).map_err(|error| error.status()), Err(409));
    add(&witness, 7, 300).expect("cosigned");
    drop(witness);
    let path = format!("logs/{}", origin_hash());
    let bytes = disk.read(&path).expect("readable").expect("a file");
    for byte in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[byte] ^= 4;
        disk.write(&path, &damaged).expect("written");
        let opened = Witness::open(disk.clone(), Arc::new(clock.clone()), witness_signer(), log.policy());
        let text = |bytes: &[u8]| SignedNote::parse(bytes).map(|note| (note.text, note.signatures.last().cloned()));
        // A change in the log's own signature, which was verified when it came, is no change of what was cosigned.
        let is_same = text(&damaged).ok() == text(&bytes).ok();
        assert_eq!(matches!(opened, Err(OpenError::Damaged { .. })), !is_same, "byte {byte}");
    }
    let other = Signer::witness("witness.example/w2", &[8; 32]).expect("a key");
    disk.write(&path, &bytes).expect("written");
    let opened = Witness::open(disk.clone(), Arc::new(clock.clone()), other, log.policy());
    assert!(matches!(opened, Err(OpenError::Damaged { .. })), "what another key cosigned");
    let opened = Witness::open(disk.clone(), Arc::new(clock.clone()), TestLog::new(0).signer, log.policy());
    assert!(matches!(opened, Err(OpenError::NotAWitness { .. })));
    let nobody = Policy::parse("quorum none\n").expect("a policy");
    let opened = Witness::open(disk, Arc::new(clock), witness_signer(), nobody);
    assert!(matches!(opened, Err(OpenError::NoLogs)));
}

#[test]
fn many_at_once_follow_one_history() {
    let (log, fork) = (TestLog::new(0), TestLog::new(1));
    let witness = open(Arc::new(Simulated::new(5)), &TestClock::default(), log.policy());
    witness.add_checkpoint(log.request(0, 1).to_text().as_bytes()).expect("cosigned");
    let server = Server::start(Arc::new(witness));
    // Four clients, two of each history, climb from wherever the witness is.
    let cosigned: Vec<(usize, Checkpoint)> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let (log, url) = (if client % 2 == 0 { &log } else { &fork }, server.url());
                scope.spawn(move || {
                    let transport = transport();
                    let (mut old, mut cosigned) = (1, Vec::new());
                    for step in 0..40u64 {
                        let new = (old + 1 + (step * 7 + client as u64 * 3) % 5).min(600);
                        let request = log.request(old, new);
                        let body = request.to_text().into_bytes();
                        let reply = transport.post(&format!("{url}/add-checkpoint"), "text/plain", body);
                        let reply = reply.expect("an answer");
                        match reply.status {
                            200 => {
                                old = new;
                                cosigned.push((client, Checkpoint::parse(&request.checkpoint.text).expect("one")));
                            }
                            409 => old = parse_known_size(text(&reply)).expect("a size"),
                            422 => assert_eq!(client % 2, 1, "the first history goes on"),
                            status => panic!("{status}"),
                        }
                    }
                    cosigned
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().expect("done")).collect()
    });
    assert!(cosigned.len() >= 20, "{}", cosigned.len());
    assert!(cosigned.iter().all(|(client, _)| client % 2 == 0), "nothing of the other history is cosigned");
    let mut sizes: Vec<u64> = cosigned.iter().map(|(_, checkpoint)| checkpoint.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    assert_eq!(sizes.len(), cosigned.len(), "no size is cosigned twice from below");
}

#[test]
fn no_fault_of_the_disk_makes_a_witness_forget() {
    let (log, fork) = (TestLog::new(0), TestLog::new(1));
    for fault in [Fault::Crash, Fault::Fail, Fault::FailAfter] {
        for loss in [Loss::Process, Loss::Power] {
            for operation in 0..8 {
                let disk = Simulated::new(operation + 11);
                let clock = TestClock::default();
                let add = |witness: &Witness, log: &TestLog, old, new| {
                    witness.add_checkpoint(log.request(old, new).to_text().as_bytes())
                };
                let witness = open(Arc::new(disk.clone()), &clock, log.policy());
                add(&witness, &log, 0, 7).expect("cosigned");
                disk.strike(operation, fault);
                let answer = add(&witness, &log, 7, 20);
                let is_cosigned = answer.is_ok();
                if let Err(error) = answer {
                    assert!(matches!(error, AddError::Stopped { .. }), "{error}");
                    assert!(matches!(add(&witness, &log, 7, 20), Err(AddError::Stopped { .. })), "until a start");
                }
                drop(witness);
                disk.restart(loss);
                let witness = open(Arc::new(disk.clone()), &clock, log.policy());
                let known = match add(&witness, &log, 0, 30) {
                    Err(AddError::Refused(refusal)) if refusal.status() == 409 => refusal.to_string(),
                    other => panic!("{other:?}"),
                };
                let size = if known.contains("has 20 entries") { 20 } else { 7 };
                assert!(size == 20 || !is_cosigned, "operation {operation}: an answer that left is remembered");
                assert_eq!(add(&witness, &fork, size, 40).map_err(|error| error.status()), Err(422));
                add(&witness, &log, size, 40).expect("the log goes on");
            }
        }
    }
}

#[test]
fn a_clock_that_goes_back_is_not_believed() {
    let (log, clock) = (TestLog::new(0), TestClock::default());
    let witness = open(Arc::new(Simulated::new(1)), &clock, log.policy());
    let add = |old, new| {
        let request = log.request(old, new);
        let lines = witness.add_checkpoint(request.to_text().as_bytes())?;
        let cosignature = parse_cosignatures(&lines).expect("lines").remove(0);
        Ok::<_, AddError>(cosignature.verify(&request.checkpoint.text, witness_signer().verifier()))
    };
    add(0, 1).expect("cosigned");
    clock.add_seconds(-5);
    assert_eq!(add(1, 2).expect("cosigned"), Some(Verified::SeenAt(START_SECONDS)), "no time before the last one");
    clock.add_seconds(-1);
    assert_eq!(add(2, 3).map_err(|error| error.status()), Err(503));
    clock.add_seconds(7);
    assert_eq!(add(2, 3).expect("cosigned"), Some(Verified::SeenAt(START_SECONDS + 1)));
}
