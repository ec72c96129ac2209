//! Stores that another process writes while they are verified: no false alarm, and no true one missed.

mod common;

use common::{Sample, check, open, take, texts, vault_options};
use extents::Catalog;
use sequencer::storage::{Disk, Storage};
use sequencer::{KeyFolder, Request, Sequencer, checkpoint_path, read_entries};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use stdx::SystemClock;
use tlog::entry::{Entry, Extent, SeqRange};
use tlog::note::SignedNote;
use tlog::tile::{TILE_WIDTH, Tile};
use tlog::{Checkpoint, Hash};
use verify::{Depth, Options, Report, verify_store};

#[test]
fn a_store_is_whole_at_every_moment_while_records_come_in() {
    let sample = Sample::new();
    let vault = open(sample.path());
    let is_over = AtomicBool::new(false);
    let n_taken = AtomicU64::new(0);
    let (mut reports, mut sizes) = (0, Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Past two full tiles, so that partial ones vanish in favour of full ones.
            while !is_over.load(Ordering::Relaxed) {
                let n = n_taken.fetch_add(1, Ordering::Relaxed);
                take(&vault, "Events", &format!("{{\"N\":{n}}}\n{{\"N\":\"none\"}}"));
                if n % 20 == 19 {
                    vault.flush().expect("files");
                    // Files vanish in favour of others.
                    vault.compact().expect("joined");
                }
                if n == 100 {
                    vault.create_workspace("later").expect("a workspace");
                }
            }
        });
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) && (reports < 12 || n_taken.load(Ordering::Relaxed) < 300) {
            let report = check(sample.path());
            if !report.is_whole() {
                is_over.store(true, Ordering::Relaxed);
            }
            assert!(report.is_in_use && report.is_whole(), "{}", texts(&report));
            assert!(report.unchecked.iter().all(|left| !left.why.starts_with("entries from ")), "{report:?}");
            sizes.push(report.counts.n_entries);
            reports += 1;
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(sizes.last() > sizes.first() && n_taken.load(Ordering::Relaxed) >= 300, "{sizes:?}");
    drop(vault);
    assert_eq!(texts(&check(sample.path())), "");
}

/// Returns the files of a table that are live as the log says now.
fn live(storage: &dyn Storage, table: &str) -> Vec<Extent> {
    let note = storage.read(&checkpoint_path(common::WORKSPACE)).expect("readable").expect("a checkpoint");
    let note = SignedNote::parse(&note).expect("a note");
    let size = Checkpoint::parse(&note.text).expect("a checkpoint").size;
    let mut catalog = Catalog::default();
    for index in 0..size.div_ceil(TILE_WIDTH) {
        let tile = Tile::of_log(0, index, size).expect("a tile");
        for entry in read_entries(storage, common::WORKSPACE, tile).expect("entries") {
            catalog.add(&entry).expect("an entry");
        }
    }
    catalog.tables[table].live.values().map(|live| live.extent.clone()).collect()
}

/// Verifies a store that a sequencer has, and does something once its checkpoint has been read.
fn check_while(root: &Path, act: impl Fn(&Sequencer, &Disk) + Sync) -> Report {
    let disk = Arc::new(Disk::open(root).expect("a store"));
    let keys = KeyFolder::new(root.join("keys"));
    let options = vault_options().sequencer;
    let sequencer = Sequencer::open(disk.clone(), Arc::new(SystemClock), Box::new(keys), options, |_| {});
    let sequencer = sequencer.expect("it starts");
    let is_published = || sequencer.status().logs.values().all(|log| log.size == log.published_size && log.size > 0);
    while !is_published() {
        std::thread::yield_now();
    }
    let bytes = |path: &str| root.join(path).metadata().expect("a file").len();
    let keys = std::fs::read_dir(root.join("keys").join(common::WORKSPACE)).expect("a folder");
    let key_bytes: u64 = keys.map(|key| key.and_then(|key| key.metadata()).expect("a key").len()).sum();
    let first = bytes("sequencer/signed") + key_bytes + bytes(&checkpoint_path(common::WORKSPACE));
    let is_done = AtomicBool::new(false);
    let options = Options { depth: Depth::Records, ..Options::default() };
    let report = verify_store(root, &options, &|progress| {
        if progress.n_bytes > first && !is_done.swap(true, Ordering::SeqCst) {
            act(&sequencer, &disk);
        }
    });
    assert!(is_done.load(Ordering::SeqCst));
    report.expect("a store")
}

/// Removes the files of the table `Events` and what belongs to them.
fn remove(root: &Path, extents: &[Extent]) {
    for extent in extents {
        let folder = root.join("ws").join(common::WORKSPACE);
        std::fs::remove_file(folder.join(&extent.path)).expect("removed");
        std::fs::remove_file(folder.join(ingest::seeds_path(&extent.path))).expect("removed");
    }
}

#[test]
fn files_that_newer_entries_replace_are_no_findings() {
    let sample = Sample::new();
    let root = sample.path();
    let report = check_while(root, |sequencer, disk| {
        let mut old = live(disk, "Events");
        // They come by their hashes, and an entry has its records in their order.
        old.sort_by_key(|extent| extent.records.first().map(|range| range.first));
        assert_eq!(old.len(), 2);
        let mut records: Vec<SeqRange> = old.iter().flat_map(|extent| extent.records.clone()).collect();
        records.sort_by_key(|range| range.first);
        let newer = Extent {
            path: "data/Events/2026-01-01/joined.parquet".to_string(),
            file: Hash::of(b"joined"),
            rows: old.iter().map(|extent| extent.rows).sum(),
            records,
            replaces: old.iter().map(|extent| extent.file).collect(),
            ..old[0].clone()
        };
        let request = Request::Entry { workspace: common::WORKSPACE.to_string(), entry: Entry::Extent(newer) };
        // The file may vanish a little before the entry is published.
        let ticket = sequencer.submit(request).expect("taken");
        ticket.wait().expect("sealed");
        remove(root, &old);
    });
    assert!(report.is_in_use && report.is_whole(), "{}", texts(&report));
    let n_replaced = report.unchecked.iter().filter(|left| left.why.contains("as a newer entry says")).count();
    assert!(n_replaced >= 2, "{:?}", report.unchecked);
}

#[test]
fn files_that_vanish_for_no_reason_are_findings() {
    let sample = Sample::new();
    let root = sample.path();
    let report = check_while(root, |sequencer, disk| {
        // The log grows, and says nothing of them.
        let request = Request::Heartbeat { workspace: common::WORKSPACE.to_string() };
        sequencer.submit(request).expect("taken").wait().expect("sealed");
        remove(root, &live(disk, "Events")[..1]);
    });
    assert!(report.is_in_use);
    let found = texts(&report);
    assert!(found.contains(": it is missing, and entry ") && found.contains("/seeds/Events/"), "{found}");
}
