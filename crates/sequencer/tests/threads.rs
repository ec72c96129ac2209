//! The sequencer with its threads, on a real disk and on one that fails.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{KEYS, Oracle, TestClock, batch, options};
use sequencer::storage::simulated::{Fault, Simulated};
use sequencer::storage::{Disk, Storage};
use sequencer::{
    KeyFolder, Options, Request, SealedBatch, Sequencer, SequencerOptions, Status, Stop, StoredBatch, SubmitError,
    WalOptions,
};
use stdx::SystemClock;

fn wait_for(sequencer: &Sequencer, is_reached: impl Fn(&Status) -> bool) -> Status {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let status = sequencer.status();
        if is_reached(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{status:?}");
        std::thread::yield_now();
    }
}

#[test]
fn many_submit_and_everything_is_published() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path().join("store")).expect("a store"));
    let keys = KeyFolder::new(folder.path().join("keys"));
    for workspace in ["contoso", "fabrikam"] {
        keys.create(workspace, &common::origin(workspace), &[1; 32]).expect("a key");
    }
    let mut oracle = Oracle::default();
    for part in 0..2 {
        let wal = WalOptions { segment_bytes: 1 << 20, segments_max: 8 };
        let core = Options { wal, ..Options::default() };
        let options = SequencerOptions { core, ..SequencerOptions::default() };
        let mut stored: Vec<StoredBatch> = Vec::new();
        let opened = Sequencer::open(disk.clone(), Arc::new(SystemClock), Box::new(keys.clone()), options, |batch| {
            stored.push(batch)
        });
        let sequencer = opened.expect("it starts");
        assert_eq!(stored.len(), part * 200);
        let mut answers = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|worker| {
                    let sequencer = &sequencer;
                    scope.spawn(move || {
                        (0..50)
                            .map(|n| {
                                let number = (part * 200 + worker * 50 + n) as u64;
                                let batch = batch(["contoso", "fabrikam"][n % 2], ["A", "B"][worker % 2], number, 700);
                                let receipt =
                                    sequencer.submit(Request::Batch(batch.clone())).and_then(|ticket| ticket.wait());
                                (batch, receipt.expect("committed"))
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("done")).collect::<Vec<_>>()
        });
        answers.sort_by_key(|(_, receipt)| receipt.entry);
        for (batch, receipt) in answers {
            oracle.answered(&batch, &Ok(receipt));
        }
        let status = wait_for(&sequencer, |status| status.logs.values().all(|log| log.published_size == log.size));
        assert_eq!((status.stopped, status.publish_error, status.logs.len()), (None, None, 2));
        oracle.stored.extend(stored.into_iter().filter(|_| part == 1));
        sequencer.close();
    }
    sequencer::Core::open(disk.clone(), Arc::new(SystemClock), Box::new(keys), Default::default(), |batch| {
        oracle.stored.push(batch)
    })
    .expect("it starts");
    oracle.look(&*disk);
    oracle.check(&*disk);
}

#[test]
fn a_stop_is_told_to_all_and_reads_go_on() {
    let disk = Simulated::new(3);
    let options = SequencerOptions { core: options(), heartbeat_every: None, ..SequencerOptions::default() };
    let opened =
        Sequencer::open(Arc::new(disk.clone()), Arc::new(TestClock::default()), Box::new(KEYS), options, |_| {});
    let sequencer = opened.expect("it starts");
    let submit = |number| sequencer.submit(Request::Batch(batch("contoso", "A", number, 10)));
    submit(0).and_then(|ticket| ticket.wait()).expect("committed");
    wait_for(&sequencer, |status| status.logs["contoso"].published_size == 1);
    disk.strike(1, Fault::Fail);
    let told = Arc::new(AtomicUsize::new(0));
    for number in 1..5 {
        let callee = told.clone();
        let count = move |answer: Result<_, _>| {
            assert!(matches!(answer, Err(SubmitError::Stopped(Stop::Flush { .. }))));
            callee.fetch_add(1, Ordering::SeqCst);
        };
        if sequencer.submit_with(Request::Batch(batch("contoso", "A", number, 10)), count).is_err() {
            told.fetch_add(1, Ordering::SeqCst);
        }
    }
    let status = wait_for(&sequencer, |status| status.stopped.is_some() && told.load(Ordering::SeqCst) == 4);
    assert!(matches!(status.stopped, Some(Stop::Flush { .. })));
    assert!(matches!(submit(9), Err(SubmitError::Stopped(Stop::Flush { .. }))));
    assert!(disk.read(&sequencer::checkpoint_path("contoso")).expect("readable").is_some());
}

#[test]
fn a_full_queue_pushes_back() {
    let options =
        SequencerOptions { core: options(), queue_bytes_max: 10_000, retry_after_ms: 7, ..SequencerOptions::default() };
    let disk = Arc::new(Simulated::new(3));
    let sequencer =
        Sequencer::open(disk, Arc::new(TestClock::default()), Box::new(KEYS), options, |_| {}).expect("it starts");
    let big = |len| sequencer.submit(Request::Batch(batch("contoso", "A", 1, len)));
    assert!(matches!(big(10_000), Err(SubmitError::Busy { retry_after_ms: 7, .. })));
    assert!(matches!(big(17 << 20), Err(SubmitError::TooLarge { .. })));
    big(1_000).and_then(|ticket| ticket.wait()).expect("committed");
}

#[test]
fn a_silent_log_gives_signs_of_life() {
    let options = SequencerOptions {
        core: options(),
        heartbeat_every: Some(Duration::from_micros(1)),
        ..SequencerOptions::default()
    };
    let disk = Arc::new(Simulated::new(3));
    let sequencer =
        Sequencer::open(disk, Arc::new(TestClock::default()), Box::new(KEYS), options, |_| {}).expect("it starts");
    let ticket = sequencer.submit(Request::Batch(batch("contoso", "A", 1, 10))).expect("taken");
    assert_eq!(ticket.wait().expect("committed").entry, 0);
    wait_for(&sequencer, |status| status.logs.get("contoso").is_some_and(|log| log.size >= 3));
}

#[test]
fn files_that_are_needed_no_more_are_removed_and_nothing_of_them_is_left_when_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
    let wal = WalOptions { segment_bytes: 64 << 10, segments_max: 64 };
    let options = SequencerOptions { core: Options { wal, ..Options::default() }, ..SequencerOptions::default() };
    let opened = Sequencer::open(disk.clone(), Arc::new(SystemClock), Box::new(KEYS), options, |_| {});
    let sequencer = opened.expect("it starts");
    let fill = |numbers: std::ops::Range<u64>| {
        for number in numbers {
            let payload = b"secret".repeat(2000);
            let batch = SealedBatch { payload, ..batch("contoso", "A", number, 10) };
            sequencer.submit(Request::Batch(batch)).and_then(|ticket| ticket.wait()).expect("committed");
        }
        assert!(sequencer.status().n_segments > 10);
        wait_for(&sequencer, |status| status.logs["contoso"].published_size == status.logs["contoso"].size);
        sequencer.release_up_to("contoso", "A", u64::MAX);
    };
    let names = || disk.list("wal").expect("a folder");
    let has_secret = |name: &String| {
        let bytes = std::fs::read(folder.path().join("wal").join(name));
        bytes.is_ok_and(|bytes| bytes.windows(6).any(|part| part == b"secret"))
    };
    fill(0..80);
    let n_free = || names().iter().filter(|name| name.ends_with(".free")).count();
    wait_for(&sequencer, |status| status.n_segments == 1 && n_free() <= 5);
    fill(80..160);
    let newest = sequencer.forget().expect("a new file");
    wait_for(&sequencer, |status| status.oldest_segment >= newest);
    assert_eq!(names().into_iter().filter(has_secret).collect::<Vec<_>>(), Vec::<String>::new());
}
