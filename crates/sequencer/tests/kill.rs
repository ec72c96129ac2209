//! A process that is killed in the midst of its work: whatever it acknowledged before is there.
//!
//! The test starts itself again as the process to be killed. `VIDIMUS_KILL_ROUNDS` sets how often (4 without it).

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{KEYS, Oracle, batch, options};
use sequencer::storage::Disk;
use sequencer::{Core, Level, Receipt, Request, Sequencer, SequencerOptions, StoredBatch};
use stdx::{Rng, SystemClock};
use tlog::note::SignedNote;

const STORE: &str = "VIDIMUS_KILL_STORE";
const FIRST: &str = "VIDIMUS_KILL_FIRST";

/// Not a test by itself: submits without end and prints every receipt, when it is told where.
#[test]
fn writer() {
    let Ok(store) = std::env::var(STORE) else { return };
    let first: u64 = std::env::var(FIRST).ok().and_then(|first| first.parse().ok()).expect("a number");
    let disk = Arc::new(Disk::open(store).expect("a store"));
    let options = SequencerOptions {
        core: options(),
        publish_every: Duration::from_millis(5),
        heartbeat_every: Some(Duration::from_millis(20)),
        ..SequencerOptions::default()
    };
    let mut stored = Vec::new();
    let on_batch = |batch: StoredBatch| stored.push(batch);
    let opened = Sequencer::open(disk, Arc::new(SystemClock), Box::new(KEYS), options, on_batch);
    let sequencer = opened.expect("it starts");
    for StoredBatch { workspace, batch, .. } in stored {
        sequencer.release_up_to(&workspace, &batch.table, batch.end());
    }
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let sequencer = &sequencer;
            scope.spawn(move || {
                for number in (0..).map(|n| first + n * 3 + thread) {
                    let batch = batch(
                        ["contoso", "fabrikam"][number as usize % 2],
                        "SigninLogs",
                        number,
                        number as usize % 3000,
                    );
                    let (workspace, table) = (batch.workspace.clone(), batch.table.clone());
                    let answer = sequencer.submit(Request::Batch(batch)).and_then(|ticket| ticket.wait());
                    let Ok(receipt) = answer else {
                        std::thread::sleep(Duration::from_millis(5));
                        continue;
                    };
                    let Receipt { entry, records, checkpoint, .. } = &receipt;
                    let checkpoint = checkpoint.to_text().replace('\n', "|");
                    let line = format!("receipt/{number}/{entry}/{}/{}/{checkpoint}\n", records.start, records.end);
                    let mut stdout = std::io::stdout().lock();
                    stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).expect("somebody listens");
                    drop(stdout);
                    // The files are small: without this they would be full at once.
                    sequencer.release_up_to(&workspace, &table, records.end);
                }
            });
        }
    });
}

#[test]
fn i1_what_a_killed_process_acknowledged_is_there() {
    let n_rounds: u64 = std::env::var("VIDIMUS_KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let folder = tempfile::tempdir().expect("a folder");
    let (mut oracle, mut rng) = (Oracle::default(), Rng::from_entropy());
    for workspace in ["contoso", "fabrikam"] {
        // The writer releases whatever it was told.
        oracle.released.insert((workspace.to_string(), "SigninLogs".to_string()), u64::MAX);
    }
    for round in 0..n_rounds {
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "writer", "--nocapture"])
            .env(STORE, folder.path())
            .env(FIRST, (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let stdout = child.stdout.take().expect("piped");
        // The last line may be cut off in the midst.
        let lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
        let mut receipts = lines.filter_map(|line| parse(std::str::from_utf8(&line).ok()?));
        let n_before = 1 + rng.below(300) as usize;
        let mut told: Vec<_> = receipts.by_ref().take(n_before).collect();
        std::thread::sleep(Duration::from_micros(rng.below(20_000)));
        child.kill().expect("killed");
        child.wait().expect("gone");
        told.extend(receipts);
        assert!(told.len() >= n_before, "round {round}: {} receipts", told.len());
        for (number, receipt) in told {
            let workspace = ["contoso", "fabrikam"][number as usize % 2];
            oracle.answered(&batch(workspace, "SigninLogs", number, number as usize % 3000), &Ok(receipt));
        }
        let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
        oracle.look(&*disk);
        let mut stored = Vec::new();
        let opened =
            Core::open(disk.clone(), Arc::new(SystemClock), Box::new(KEYS), options(), |batch| stored.push(batch));
        let (core, mut publisher) = opened.expect("it starts");
        assert_eq!(core.stopped(), None);
        publisher.publish().expect("it publishes");
        oracle.acknowledged.sort_by_key(|(_, receipt)| receipt.entry);
        oracle.check(&*disk);
        assert!(!stored.is_empty());
        for StoredBatch { workspace, request, payload, .. } in &stored {
            let number = request.and_then(|request| request.id.first_chunk().copied()).map(u64::from_be_bytes);
            let number = number.expect("every request has an id");
            assert_eq!(payload, &batch(workspace, "SigninLogs", number, number as usize % 3000).payload);
        }
    }
}

fn parse(line: &str) -> Option<(u64, Receipt)> {
    // The test harness may print before the first receipt.
    let mut parts = line.split_once("receipt/")?.1.splitn(5, '/');
    let mut number = || parts.next()?.parse().ok();
    let (request, entry, first, end): (u64, u64, u64, u64) = (number()?, number()?, number()?, number()?);
    let checkpoint = SignedNote::parse(parts.next()?.replace('|', "\n").as_bytes()).ok()?;
    Some((
        request,
        Receipt { level: Level::Committed, entry, records: first..end, time: None, checkpoint: Arc::new(checkpoint) },
    ))
}
