//! When nothing may be signed, what stops the start, and what is rebuilt.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::{KEYS, Log, Oracle, TestClock, TestKeys, batch, open, options, origin, requests};
use sequencer::storage::Storage;
use sequencer::storage::simulated::{Fault, Loss, Simulated};
use sequencer::{Core, Cosigned, OpenError, Publisher, Request, Stop, SubmitError, checkpoint_path, witnessed_path};
use tlog::Hash;
use tlog::entry::{Act, ActKind, Entry};
use tlog::note::SignedNote;

struct World {
    disk: Simulated,
    clock: TestClock,
    oracle: Oracle,
}

impl World {
    fn new() -> World {
        World { disk: Simulated::new(7), clock: TestClock::default(), oracle: Oracle::default() }
    }

    fn open(&mut self) -> Result<(Core, Publisher), OpenError> {
        open(&self.disk, &self.clock, &mut self.oracle)
    }

    /// Commits batches with these numbers, each in a frame of its own, publishes them, and stops the node.
    fn commit(&mut self, numbers: std::ops::Range<u64>) {
        let (mut core, mut publisher) = self.open().expect("it starts");
        for number in numbers {
            let batch = batch("contoso", "SigninLogs", number, 1000);
            let answer = core.commit(requests(std::slice::from_ref(&batch))).remove(0);
            assert!(answer.is_ok(), "{answer:?}");
            self.oracle.answered(&batch, &answer);
        }
        publisher.add(core.take_commits());
        publisher.publish().expect("published");
    }

    fn stop(&mut self) -> Option<Stop> {
        let (mut core, mut publisher) = self.open().expect("it starts");
        let stop = core.stopped().cloned();
        if let Some(stop) = &stop {
            let answer = core.commit(requests(&[batch("contoso", "SigninLogs", 1_000, 10)])).remove(0);
            assert_eq!(answer, Err(SubmitError::Stopped(stop.clone())), "nothing is signed");
            let before = self.disk.read(&checkpoint_path("contoso")).expect("readable");
            publisher.add(core.take_commits());
            publisher.publish().expect("nothing to publish");
            assert_eq!(self.disk.read(&checkpoint_path("contoso")).expect("readable"), before, "nothing is replaced");
        }
        stop
    }
}

#[test]
fn i2_cosigned_checkpoints_are_remembered_and_take_the_place_of_their_own_only() {
    let mut world = World::new();
    world.commit(0..2);
    let old = world.disk.snapshot();
    world.commit(2..3);
    let read = |disk: &Simulated, path: &str| disk.read(path).expect("readable").expect("a file");
    let note = |disk: &Simulated, path: &str| SignedNote::parse(&read(disk, path)).expect("a note");
    let witness = tlog::note::Signer::witness("w.example", &[9; 32]).expect("a key");
    let cosigned = |time: u64, has_quorum| {
        let mut note = note(&world.disk, &checkpoint_path("contoso"));
        note.signatures.truncate(1);
        note.signatures.push(witness.sign(&note.text, time));
        Cosigned { workspace: "contoso".to_string(), note, has_quorum }
    };
    let (first, second) = (cosigned(5, false), cosigned(6, true));
    let (_, mut publisher) = world.open().expect("it starts");
    publisher.cosign(&first).expect("written");
    assert_eq!(note(&world.disk, &checkpoint_path("contoso")), first.note);
    assert_eq!(world.disk.read(&witnessed_path("contoso")).expect("readable"), None, "no quorum");
    publisher.cosign(&second).expect("written");
    assert_eq!(note(&world.disk, &checkpoint_path("contoso")), second.note, "one cosignature by each witness");
    drop(publisher);
    world.commit(3..4);
    let (_, mut publisher) = world.open().expect("it starts");
    let newest = read(&world.disk, &checkpoint_path("contoso"));
    publisher.cosign(&second).expect("written");
    assert_eq!(read(&world.disk, &checkpoint_path("contoso")), newest, "a newer checkpoint is not taken back");
    assert_eq!(note(&world.disk, &witnessed_path("contoso")), second.note);
    // An old copy in which only this file is new.
    let witnessed = read(&world.disk, &witnessed_path("contoso"));
    world.disk = old;
    assert_eq!(world.stop(), None);
    world.disk.write(&witnessed_path("contoso"), &witnessed).expect("written");
    let Some(Stop::Behind { known: 3, found: 2, witness, .. }) = world.stop() else { panic!("behind") };
    assert_eq!(witness, "ws/contoso/log/witnessed");
    world.disk.corrupt(&witnessed_path("contoso"), 3, 0x80);
    assert!(matches!(world.stop(), Some(Stop::Evidence { .. })));
}

const WAL: &str = "wal/0000000001.wal";

#[test]
fn i2_an_old_copy_of_the_node_does_not_sign() {
    let mut world = World::new();
    world.commit(0..3);
    let old = world.disk.snapshot();
    world.commit(3..5);
    // Only the write-ahead log is old.
    let wal = old.read(WAL).expect("readable").expect("a file");
    let present = world.disk.snapshot();
    world.disk.write(WAL, &wal).expect("written");
    let Some(Stop::Behind { known: 5, found: 3, witness, .. }) = world.stop() else { panic!("behind") };
    assert_eq!(witness, "sequencer/signed");
    // The file of what was signed is old as well, and the checkpoint is not.
    let signed = old.read("sequencer/signed").expect("readable").expect("a file");
    world.disk.write("sequencer/signed", &signed).expect("written");
    let Some(Stop::Behind { witness, .. }) = world.stop() else { panic!("behind") };
    assert_eq!(witness, "ws/contoso/log/checkpoint");
    // All of the write-ahead log is gone.
    let mut gone = World { disk: present, ..World::new() };
    gone.disk.remove(WAL).expect("removed");
    assert!(matches!(gone.open(), Err(OpenError::Missing { path }) if path == WAL));
    gone.disk.remove("sequencer/signed").expect("removed");
    assert!(matches!(gone.stop(), Some(Stop::Behind { known: 5, found: 0, .. })));
}

#[test]
fn i2_another_history_is_not_continued() {
    let mut world = World::new();
    world.commit(0..3);
    let mut other = World::new();
    other.commit(10..13);
    let checkpoint = other.disk.read(&checkpoint_path("contoso")).expect("readable").expect("a file");
    world.disk.write(&checkpoint_path("contoso"), &checkpoint).expect("written");
    assert!(matches!(world.stop(), Some(Stop::Fork { size: 3, .. })));
}

#[test]
fn i2_what_was_signed_may_not_get_lost() {
    let mut world = World::new();
    world.commit(0..3);
    let path = "sequencer/signed";
    world.disk.corrupt(path, 30, 1);
    assert!(matches!(world.stop(), Some(Stop::Evidence { path: found, .. }) if found == path));
    world.disk.remove(path).expect("removed");
    assert!(matches!(world.stop(), Some(Stop::Evidence { path: found, .. }) if found == path));
}

#[test]
fn i2_a_clock_that_goes_back_stops_the_signing() {
    let mut world = World::new();
    let (mut core, _) = world.open().expect("it starts");
    let commit = |core: &mut Core, number| core.commit(requests(&[batch("contoso", "A", number, 10)])).remove(0);
    commit(&mut core, 0).expect("committed");
    world.clock.0.fetch_sub(5_000_000, Ordering::Relaxed);
    commit(&mut core, 1).expect("half a second is nothing");
    world.clock.0.fetch_sub(20_000_000, Ordering::Relaxed);
    assert!(matches!(commit(&mut core, 2), Err(SubmitError::Stopped(Stop::ClockWentBack { .. }))));
    world.clock.0.fetch_add(90_000_000, Ordering::Relaxed);
    assert!(matches!(commit(&mut core, 2), Err(SubmitError::Stopped(_))), "until a restart");
    drop(core);
    assert_eq!(world.stop(), None);
    world.clock.0.fetch_sub(900_000_000, Ordering::Relaxed);
    assert!(matches!(world.stop(), Some(Stop::ClockWentBack { .. })));
}

#[test]
fn i1_a_failed_flush_is_not_tried_again() {
    for (operation, fault) in [(0, Fault::Fail), (1, Fault::Fail), (1, Fault::FailAfter)] {
        let mut world = World::new();
        world.commit(0..3);
        let (mut core, _) = world.open().expect("it starts");
        world.disk.strike(operation, fault);
        let again = batch("contoso", "SigninLogs", 3, 10);
        let n_operations = world.disk.n_operations();
        let answer = core.commit(requests(std::slice::from_ref(&again))).remove(0);
        assert!(matches!(&answer, Err(SubmitError::Stopped(Stop::Flush { path, .. })) if path == WAL), "{answer:?}");
        let n_operations_then = world.disk.n_operations();
        assert_eq!(n_operations_then, n_operations + operation + 1);
        assert!(core.commit(requests(&[again])).remove(0).is_err());
        assert_eq!(world.disk.n_operations(), n_operations_then, "nothing is written after it");
        assert!(core.take_commits().is_empty(), "nothing of it is shown");
        drop(core);
        world.disk.restart(Loss::Power);
        world.commit(3..4);
    }
}

#[test]
fn damage_in_the_midst_stops_the_start_and_is_named() {
    let mut world = World::new();
    world.commit(0..4);
    let n_bytes = world.disk.read(WAL).expect("readable").expect("a file").len();
    let clean = world.disk.snapshot();
    let mut n_damaged = 0;
    for byte in (0..n_bytes).step_by(97) {
        world.disk = clean.snapshot();
        world.disk.corrupt(WAL, byte, 0x40);
        match world.open() {
            Err(OpenError::Damaged { path, byte: found, .. }) => {
                assert_eq!((path.as_str(), found), (WAL, byte as u64 / 512 * 512));
                n_damaged += 1;
            }
            // Behind the last frame nothing is kept.
            Ok((core, _)) => assert!(core.stopped().is_none() && byte >= 5 * 4096, "byte {byte}"),
            Err(error) => panic!("byte {byte}: {error}"),
        }
    }
    assert!(n_damaged > 200, "{n_damaged}");
}

#[test]
fn i3_tiles_are_rebuilt_from_entries_and_the_write_ahead_log() {
    let mut world = World::new();
    // More than one full tile, and a write-ahead log that no longer has the first entries.
    for part in 0..6 {
        world.commit(part * 60..(part + 1) * 60);
        let (mut core, mut publisher) = world.open().expect("it starts");
        core.set_published(publisher.publish().expect("published"));
        core.release_up_to("contoso", "SigninLogs", u64::MAX);
        core.recycle();
        assert!(core.n_segments() <= 2, "files are given up");
    }
    world.oracle.released.insert(("contoso".to_string(), "SigninLogs".to_string()), u64::MAX);
    assert!(world.disk.read(WAL).expect("readable").is_none());
    for path in ["tile/0/000", "tile/0/001.p/104", "tile/1/000.p/1"] {
        assert!(world.disk.read(&format!("ws/contoso/log/{path}")).expect("readable").is_some(), "{path}");
    }
    let clean = world.disk.snapshot();
    for gone in [&["tile/0/001.p/104"][..], &["tile/1/000.p/1", "tile/0/000"], &["checkpoint", "tile/0/000"]] {
        world.disk = clean.snapshot();
        for path in gone {
            world.disk.remove(&format!("ws/contoso/log/{path}")).expect("removed");
        }
        let (core, mut publisher) = world.open().expect("it starts");
        assert_eq!((core.stopped(), publisher.publish().is_ok()), (None, true), "{gone:?}");
        world.oracle.check(&world.disk);
    }
    // Entries that nobody has any more are a loss, which is said, and does not keep others from signing.
    world.disk = clean;
    for path in ["tile/entries/000", "tile/0/001.p/104"] {
        world.disk.remove(&format!("ws/contoso/log/{path}")).expect("removed");
    }
    let (core, mut publisher) = world.open().expect("it starts");
    assert_eq!(core.stopped(), None);
    assert!(publisher.publish().is_err());
    assert!(publisher.broken()["contoso"].contains("tile/entries/000"), "{:?}", publisher.broken());
}

#[test]
fn a_file_of_the_write_ahead_log_that_is_taken_away_is_missed() {
    let mut world = World::new();
    world.commit(0..40);
    assert!(world.disk.read("wal/0000000003.wal").expect("readable").is_some());
    let clean = world.disk.snapshot();
    for number in [1, 2] {
        world.disk = clean.snapshot();
        let path = format!("wal/000000000{number}.wal");
        world.disk.remove(&path).expect("removed");
        assert!(matches!(world.open(), Err(OpenError::Missing { path: found }) if found == path));
    }
}

#[test]
fn what_is_forgotten_is_in_no_file_not_even_the_new_one() {
    let mut world = World::new();
    let (mut core, mut publisher) = world.open().expect("it starts");
    let secret = |number: u64| {
        let mut batch = batch("contoso", "A", number, 20_000);
        batch.payload[..6].copy_from_slice(b"secret");
        batch
    };
    let mut release = |core: &mut Core| {
        publisher.add(core.take_commits());
        core.set_published(publisher.publish().expect("published"));
        core.release_up_to("contoso", "A", u64::MAX);
        core.recycle();
    };
    for number in 1..8 {
        core.commit(requests(&[secret(number)])).remove(0).expect("committed");
    }
    // Files that were written before wait to be written again.
    release(&mut core);
    let with_secret = |world: &World| {
        let names = world.disk.list("wal").expect("a folder");
        let bytes = |name: &String| world.disk.read(&format!("wal/{name}")).expect("readable").expect("a file");
        names.into_iter().filter(|name| bytes(name).windows(6).any(|part| part == b"secret")).collect::<Vec<_>>()
    };
    assert!(with_secret(&world).iter().any(|name| name.ends_with(".free")), "{:?}", with_secret(&world));
    let newest = core.forget().expect("a new file");
    release(&mut core);
    assert_eq!((core.oldest_segment(), with_secret(&world)), (newest, Vec::new()));
}

#[test]
fn a_full_write_ahead_log_asks_to_come_back() {
    let mut world = World::new();
    let (mut core, mut publisher) = world.open().expect("it starts");
    core.release_up_to("contoso", "A", u64::MAX);
    let mut number = 0;
    let full = loop {
        number += 1;
        match core.commit(requests(&[batch("contoso", "A", number, 20_000)])).remove(0) {
            Ok(_) => assert!(number < 100),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, SubmitError::Busy { .. }), "{full}");
    assert_eq!((core.stopped(), core.n_segments()), (None, 6));
    core.release_up_to("contoso", "A", u64::MAX);
    core.recycle();
    assert_eq!(core.n_segments(), 6, "nothing goes that is not published");
    publisher.add(core.take_commits());
    core.set_published(publisher.publish().expect("published"));
    core.recycle();
    assert_eq!(core.n_segments(), 1);
    for _ in 0..5 {
        number += 1;
        core.commit(requests(&[batch("contoso", "A", number, 20_000)])).remove(0).expect("room again");
    }
    publisher.add(core.take_commits());
    core.set_published(publisher.publish().expect("published"));
    let n_segments = core.n_segments();
    core.recycle();
    assert_eq!((core.n_segments(), n_segments > 1), (n_segments, true), "what came after the release is not released");
    core.release_up_to("contoso", "A", u64::MAX);
    core.recycle();
    core.commit(requests(&[batch("contoso", "A", number, 20_000)])).remove(0).expect("room again");
    let n_files = world.disk.list("wal").expect("a folder").len();
    assert!(n_files <= 6, "files are used again");
}

#[test]
fn a_disk_that_is_full_refuses_and_goes_on_later() {
    let mut world = World::new();
    let (mut core, _) = world.open().expect("it starts");
    for number in 0.. {
        let batch = batch("contoso", "A", number, 30_000);
        if number == 1 {
            // The second does not fit into the file any more, and the next operation is the allocation of another.
            world.disk.strike(0, Fault::Fail);
            let refused =
                core.commit(vec![Request::Batch(sequencer::SealedBatch { payload: vec![1; 50_000], ..batch.clone() })]);
            assert!(matches!(refused[..], [Err(SubmitError::Busy { .. })]), "{refused:?}");
            assert_eq!(core.stopped(), None);
        }
        core.commit(requests(&[batch])).remove(0).expect("committed");
        if number == 3 {
            return;
        }
    }
}

#[test]
fn a_request_is_taken_once() {
    let mut world = World::new();
    let (mut core, mut publisher) = world.open().expect("it starts");
    let first = batch("contoso", "A", 1, 10);
    let answers = core.commit(requests(&[first.clone(), first.clone(), batch("contoso", "A", 2, 10)]));
    let receipt = answers[0].clone().expect("committed");
    assert_eq!((answers[1].clone(), answers[2].clone().expect("committed").entry), (Ok(receipt.clone()), 1));
    assert_eq!(core.commit(requests(std::slice::from_ref(&first))), [Ok(receipt.clone())]);
    let again = sequencer::SealedBatch { root: Hash::of(b"other seeds"), ..first.clone() };
    assert_eq!(core.commit(vec![Request::Batch(again)]), [Ok(receipt.clone())]);
    let request = first.request.map(|request| sequencer::RequestId { content: [9; 16], ..request });
    let other = sequencer::SealedBatch { request, ..first.clone() };
    assert_eq!(core.commit(vec![Request::Batch(other)]), [Err(SubmitError::RequestReused)]);
    publisher.add(core.take_commits());
    publisher.publish().expect("published");
    drop((core, publisher));
    let (mut core, _) = world.open().expect("it starts");
    assert_eq!(core.commit(requests(&[first])), [Ok(receipt.clone())], "also after a restart");
    let log = Log::read(&world.disk, "contoso").expect("a log");
    let sender = receipt.to_sender(1, 1);
    assert_eq!(sender.verify(&log.policy).map(|sighting| sighting.checkpoint.size), Ok(2));
}

#[test]
fn a_full_write_ahead_log_has_room_for_entries_that_make_room() {
    let mut world = World::new();
    let (mut core, mut publisher) = world.open().expect("it starts");
    let act = || {
        let (subject, document, authorities) = ("case 7".to_string(), Hash::of(b"x"), vec!["a".to_string()]);
        let entry = Entry::Act(Act { kind: ActKind::HoldSet, subject, document, authorities, time: 0 });
        Request::Entry { workspace: "contoso".to_string(), entry }
    };
    // Until not even the smallest batch finds room.
    let (mut number, mut payload_len) = (0, 20_000);
    while payload_len > 0 {
        number += 1;
        let answer = core.commit(requests(&[batch("contoso", "A", number, payload_len)])).remove(0);
        payload_len = if answer.is_ok() { payload_len } else { payload_len / 2 };
        assert!(number < 200);
    }
    for n in 0..20 {
        let small = batch("contoso", "A", 1_000 + n, 1);
        let answers = core.commit(vec![Request::Batch(small), act()]);
        assert!(matches!(answers[0], Err(SubmitError::Busy { .. })), "batches do not take what is kept back");
        assert!(answers[1].is_ok(), "{answers:?}");
    }
    drop((core, publisher));
    (core, publisher) = world.open().expect("also with more files than batches may use");
    assert!(core.commit(vec![act()]).remove(0).is_ok());
    publisher.add(core.take_commits());
    core.set_published(publisher.publish().expect("published"));
    core.release_up_to("contoso", "A", u64::MAX);
    core.recycle();
    core.commit(requests(&[batch("contoso", "A", number, 20_000)])).remove(0).expect("room again");
}

#[test]
fn a_request_is_known_when_its_file_is_given_up() {
    let mut world = World::new();
    let (mut core, mut publisher) = world.open().expect("it starts");
    let first = batch("contoso", "A", 1, 10);
    let receipt = core.commit(requests(std::slice::from_ref(&first))).remove(0).expect("committed");
    for number in 2..40 {
        core.commit(requests(&[batch("contoso", "A", number, 5_000)])).remove(0).expect("committed");
        publisher.add(core.take_commits());
        core.set_published(publisher.publish().expect("published"));
        core.release_up_to("contoso", "A", u64::MAX);
        core.recycle();
    }
    assert!(!world.disk.list("wal").expect("a folder").contains(&"0000000001.wal".to_string()));
    for _ in 0..2 {
        drop((core, publisher));
        (core, publisher) = world.open().expect("it starts");
        let again = core.commit(requests(std::slice::from_ref(&first))).remove(0).expect("known");
        assert_eq!((again.entry, &again.records), (receipt.entry, &receipt.records));
        let log = Log::read(&world.disk, "contoso").expect("a log");
        assert!(again.to_sender(0, 1).verify(&log.policy).is_ok(), "under a checkpoint that covers it");
        let reused = sequencer::SealedBatch { table: "B".to_string(), ..first.clone() };
        assert_eq!(core.commit(vec![Request::Batch(reused)]), [Err(SubmitError::RequestReused)]);
    }
}

#[test]
fn a_file_that_a_dead_process_left_is_not_used_twice() {
    let mut world = World::new();
    world.commit(0..1);
    // As it is left by a process that dies before it gives the file its name.
    world.disk.allocate("wal/0000000002.free", 64 << 10).expect("allocated");
    world.disk.sync_folder("wal").expect("synced");
    let (mut core, _publisher) = world.open().expect("it starts");
    // The first does not fit into that file, the others do.
    for (number, payload_len) in (1..).zip([100_000, 10_000, 50_000, 50_000]) {
        core.commit(requests(&[batch("contoso", "A", number, payload_len)])).remove(0).expect("committed");
    }
    assert_eq!(core.stopped(), None);
}

#[test]
fn a_file_that_is_given_up_takes_the_place_of_one_that_a_dead_process_left() {
    let mut world = World::new();
    world.commit(0..1);
    for path in ["wal/0000000001-ahead.free", "wal/0000000002.free", "wal/0000000003-ahead.free"] {
        world.disk.allocate(path, 64 << 10).expect("allocated");
    }
    world.disk.sync_folder("wal").expect("synced");
    let (mut core, mut publisher) = world.open().expect("it starts");
    for number in 1..16 {
        core.commit(requests(&[batch("contoso", "A", number, 25_000)])).remove(0).expect("committed");
        publisher.add(core.take_commits());
        core.set_published(publisher.publish().expect("published"));
        // Later ones need all files that are at hand.
        for table in ["A", "SigninLogs"].into_iter().filter(|_| number < 7) {
            core.release_up_to("contoso", table, u64::MAX);
        }
        core.recycle();
    }
    assert_eq!(core.stopped(), None);
}

#[test]
fn a_file_that_cannot_be_given_up_now_stops_nothing() {
    let mut world = World::new();
    let (mut core, mut publisher) = world.open().expect("it starts");
    for number in 0..8 {
        core.commit(requests(&[batch("contoso", "A", number, 20_000)])).remove(0).expect("committed");
    }
    publisher.add(core.take_commits());
    core.set_published(publisher.publish().expect("published"));
    core.release_up_to("contoso", "A", u64::MAX);
    let n_segments = core.n_segments();
    world.disk.strike(0, Fault::Fail);
    core.recycle();
    assert_eq!((core.stopped(), core.n_segments()), (None, n_segments));
    core.recycle();
    assert_eq!((core.stopped(), core.n_segments()), (None, 1));
}

#[test]
fn one_flush_serves_all_workspaces_and_one_fault_refuses_only_its_own() {
    let mut world = World::new();
    let (mut core, _) = world.open().expect("it starts");
    let before = world.disk.n_operations();
    let bad = batch("contoso", "a\nb", 5, 10);
    let batches = [
        batch("contoso", "A", 1, 10),
        batch("locked", "A", 2, 10),
        batch("fabrikam", "B", 3, 10),
        bad,
        batch("a/b", "A", 4, 10),
    ];
    let answers = core.commit(requests(&batches));
    assert_eq!(world.disk.n_operations() - before, 2, "one write, one flush");
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert!(matches!(&answers[1], Err(SubmitError::Key { workspace, .. }) if workspace == "locked"));
    assert!(matches!(&answers[3], Err(SubmitError::Entry(_))));
    assert!(matches!(&answers[4], Err(SubmitError::Key { .. })));
    let sizes: Vec<(String, u64)> = core.sizes().into_iter().collect();
    assert_eq!(sizes, [("contoso".to_string(), 1), ("fabrikam".to_string(), 1)]);
}

#[test]
fn keys_change_in_the_log() {
    let mut world = World::new();
    world.commit(0..1);
    let start = |world: &World, keys: TestKeys| {
        let (disk, clock) = (Arc::new(world.disk.clone()), Arc::new(world.clock.clone()));
        Core::open(disk, clock, Box::new(keys), options(), |_| {}).expect("it starts")
    };
    let rotate =
        || Request::RotateKeys { workspace: "contoso".to_string(), authorities: vec!["approval/1".to_string()] };
    let id = |n| tlog::note::Signer::log(&origin("contoso"), &[n; 32]).expect("a key").verifier().id();
    let signers = |core: &mut Core, request| -> Vec<u32> {
        let receipt = core.commit(vec![request]).remove(0).expect("committed");
        receipt.checkpoint.signatures.iter().map(|signature| signature.id).collect()
    };
    let heartbeat = || Request::Heartbeat { workspace: "contoso".to_string() };

    let (mut core, _) = start(&world, TestKeys { first: 1, n_keys: 2 });
    assert_eq!(signers(&mut core, heartbeat()), [id(1)], "a key that the log does not name does not sign");
    assert_eq!(signers(&mut core, rotate()), [id(1), id(2)]);
    assert_eq!(signers(&mut core, heartbeat()), [id(1), id(2)]);
    assert!(core.commit(vec![rotate()]).remove(0).is_err(), "nothing to change");
    drop(core);
    let (mut core, mut publisher) = start(&world, TestKeys { first: 2, n_keys: 1 });
    assert_eq!(core.stopped(), None);
    assert_eq!(signers(&mut core, rotate()), [id(2)]);
    publisher.add(core.take_commits());
    publisher.publish().expect("published");
    drop((core, publisher));
    let (core, _) = start(&world, KEYS);
    assert!(matches!(core.stopped(), Some(Stop::ForeignKey { .. })), "the old key is retired");
    let tile = tlog::tile::Tile::of_log(0, 0, 5).expect("a tile");
    let entries = sequencer::read_entries(&world.disk, "contoso", tile).expect("entries");
    let acts = entries.iter().filter_map(|entry| match Entry::parse(entry) {
        Ok(Entry::Act(Act { kind, subject, .. })) => Some((kind, subject)),
        _ => None,
    });
    let added = tlog::note::Signer::log(&origin("contoso"), &[2; 32]).expect("a key").verifier().to_string();
    let retired = format!("{}+{:08x}", origin("contoso"), id(1));
    assert_eq!(acts.collect::<Vec<_>>(), [(ActKind::KeyAdded, added), (ActKind::KeyRetired, retired)]);
}

#[test]
fn entries_about_other_things_are_appended_with_the_time_of_now() {
    let mut world = World::new();
    let (mut core, _) = world.open().expect("it starts");
    let act = |kind| {
        let (subject, document, authorities) = ("case 7".to_string(), Hash::of(b"x"), vec!["a".to_string()]);
        let entry = Entry::Act(Act { kind, subject, document, authorities, time: 0 });
        Request::Entry { workspace: "contoso".to_string(), entry }
    };
    let answers = core.commit(vec![act(ActKind::HoldSet), act(ActKind::KeyAdded)]);
    assert_eq!(answers[0].as_ref().map(|receipt| (receipt.entry, receipt.records.clone())), Ok((0, 0..0)));
    assert!(matches!(answers[1], Err(SubmitError::Entry(_))));
    let commits = core.take_commits();
    let Ok(Entry::Act(act)) = Entry::parse(&commits[0].logs[0].entries[0]) else { panic!("an act") };
    assert!(act.time >= common::START);
}

#[test]
fn a_store_is_opened_once() {
    let mut world = World::new();
    let opened = world.open().expect("it starts");
    assert!(matches!(world.open(), Err(OpenError::Locked)));
    drop(opened);
    world.open().expect("free again");
}
