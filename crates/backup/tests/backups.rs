//! Backups are whole, small, and say when they are damaged.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use backup::{BackupError, BackupOptions, Place, back_up, list, restore};
use common::{MARKER, make, new_store, numbers, open, place, prove, restore_options, take};
use folders::{files, files_with};
use ingest::Encryption;
use stdx::SystemClock;

#[test]
fn whatever_was_acknowledged_before_a_backup_is_in_it() {
    let root = tempfile::tempdir().expect("a folder");
    let store = root.path().join("store");
    let vault = new_store(&store, Encryption::None);
    let (is_over, n_acknowledged) = (AtomicBool::new(false), AtomicI64::new(0));
    let place = place(&root.path().join("backups"));
    let mut before = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if is_over.load(Ordering::Acquire) {
                    break;
                }
                take(&vault, n * 3..n * 3 + 3);
                n_acknowledged.store(n * 3 + 3, Ordering::Release);
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                vault.flush().expect("files");
                std::thread::sleep(std::time::Duration::from_millis(30));
            }
        });
        for _ in 0..4 {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let acknowledged = n_acknowledged.load(Ordering::Acquire);
            let summary = make(&store, &place);
            before.push((summary.name, acknowledged));
        }
        is_over.store(true, Ordering::Release);
    });
    assert!(before.iter().any(|(_, acknowledged)| *acknowledged > 0));
    let backups = list(&place).expect("backups");
    for (n, (name, acknowledged)) in before.iter().enumerate() {
        let made = backups.iter().find(|backup| backup.name == *name).expect("it is listed").made;
        let folder = root.path().join(format!("restored-{n}"));
        let options = backup::RestoreOptions { to: Some(made), ..restore_options() };
        let restored = restore(&place, &folder, Arc::new(SystemClock), &options).expect("restored");
        assert_eq!(restored.backup, *name);
        let vault = open(&folder, Encryption::None);
        let found = numbers(&vault);
        assert!(found.iter().copied().eq(0..found.len() as i64) && found.len() as i64 >= *acknowledged, "{n}");
        prove(&vault);
    }
    let first = backups.first().expect("one").made;
    let options = backup::RestoreOptions { to: Some(first - 1), ..restore_options() };
    let none = restore(&place, &root.path().join("none"), Arc::new(SystemClock), &options);
    assert!(matches!(none, Err(BackupError::NoBackup { .. })));
}

#[test]
fn a_tile_may_become_full_while_a_store_is_restored() {
    let root = tempfile::tempdir().expect("a folder");
    let store = root.path().join("store");
    let vault = new_store(&store, Encryption::None);
    let place = place(&root.path().join("backups"));
    // Each batch is an entry, and 256 entries are a tile.
    let entries = 250..260;
    for n in 0..entries.end {
        take(&vault, n..n + 1);
        if n >= entries.start {
            make(&store, &place);
            let folder = root.path().join(format!("restored-{n}"));
            let restored = restore(&place, &folder, Arc::new(SystemClock), &restore_options());
            restored.unwrap_or_else(|error| panic!("after {n}: {}", stdx::error_chain(&error)));
            let vault = open(&folder, Encryption::None);
            assert!(numbers(&vault).into_iter().eq(0..=n));
            prove(&vault);
        }
    }
}

#[test]
fn what_is_there_is_not_copied_again() {
    let root = tempfile::tempdir().expect("a folder");
    let store = root.path().join("store");
    let vault = new_store(&store, Encryption::None);
    for n in 0..20 {
        take(&vault, n * 10..n * 10 + 10);
        vault.flush().expect("files");
    }
    let place = place(&root.path().join("backups"));
    let first = make(&store, &place);
    assert!(first.n_copied > 40, "{first:?}");
    let again = make(&store, &place);
    assert!(again.n_copied <= 1 && again.n_bytes >= first.n_bytes, "{again:?}");
    take(&vault, 200..210);
    vault.flush().expect("files");
    let more = make(&store, &place);
    assert!((3..=5).contains(&more.n_copied), "a file, its seeds, the last entries: {more:?}");
}

#[test]
fn a_backup_that_was_interrupted_leaves_the_one_before() {
    let root = tempfile::tempdir().expect("a folder");
    let (store, backups) = (root.path().join("store"), root.path().join("backups"));
    let vault = new_store(&store, Encryption::None);
    take(&vault, 0..10);
    let place = place(&backups);
    make(&store, &place);
    let before = files(&backups);
    take(&vault, 10..20);
    vault.flush().expect("files");
    let second = make(&store, &place);
    // As a process leaves it that dies before the manifest, which is last: with any of the blobs, and half of another.
    std::fs::remove_file(backups.join(&second.name)).expect("removed");
    let new: Vec<_> = files(&backups).into_iter().filter(|path| !before.contains(path)).collect();
    assert!(new.len() > 2);
    for (n, path) in new.iter().enumerate() {
        let bytes = std::fs::read(path).expect("read");
        std::fs::remove_file(path).expect("removed");
        std::fs::write(path.with_extension("tmp"), &bytes[..bytes.len() / 2]).expect("written");
        let folder = root.path().join(format!("restored-{n}"));
        restore(&place, &folder, Arc::new(SystemClock), &restore_options()).expect("the first one");
        assert_eq!(numbers(&open(&folder, Encryption::None)), (0..10).collect::<Vec<i64>>());
    }
    let third = make(&store, &place);
    assert!(third.n_copied >= new.len() as u64, "{third:?}");
    let folder = root.path().join("whole");
    restore(&place, &folder, Arc::new(SystemClock), &restore_options()).expect("restored");
    assert_eq!(numbers(&open(&folder, Encryption::None)), (0..20).collect::<Vec<i64>>());
}

#[test]
fn a_damaged_part_is_named_and_leaves_nothing() {
    let root = tempfile::tempdir().expect("a folder");
    let (store, backups) = (root.path().join("store"), root.path().join("backups"));
    let vault = new_store(&store, Encryption::None);
    take(&vault, 0..10);
    vault.flush().expect("files");
    take(&vault, 10..20);
    let place = place(&backups);
    make(&store, &place);
    let folder = root.path().join("restored");
    for path in files(&backups) {
        let bytes = std::fs::read(&path).expect("read");
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 4;
        std::fs::write(&path, flipped).expect("written");
        let error = restore(&place, &folder, Arc::new(SystemClock), &restore_options()).expect_err("it is damaged");
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let text = stdx::error_chain(&error);
        assert!(matches!(error, BackupError::Damaged { .. }) && text.contains(name), "{text}");
        assert!(!folder.exists() && !root.path().join("restored.restoring").exists(), "nothing is left");
        std::fs::write(&path, bytes).expect("written");
    }
    restore(&place, &folder, Arc::new(SystemClock), &restore_options()).expect("restored");
    let again = restore(&place, &folder, Arc::new(SystemClock), &restore_options());
    assert!(matches!(again, Err(BackupError::Exists { .. })), "nothing is written over");
}

#[test]
fn backups_of_two_stores_are_not_mixed_and_hold_no_signing_key() {
    let root = tempfile::tempdir().expect("a folder");
    let backups = root.path().join("backups");
    let place = place(&backups);
    let vault = new_store(&root.path().join("one"), Encryption::None);
    take(&vault, 0..5);
    make(&root.path().join("one"), &place);
    for path in files(&backups) {
        let bytes = std::fs::read(&path).expect("read");
        assert!(!bytes.windows(14).any(|window| window == b"vidimus.key.v1"), "{}", path.display());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = path.metadata().expect("a file").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is its owner's only", path.display());
        }
    }
    let other = new_store(&root.path().join("two"), Encryption::None);
    take(&other, 0..5);
    let refused = back_up(&root.path().join("two"), &place, &SystemClock, &BackupOptions::default());
    assert!(matches!(refused, Err(BackupError::OtherStore { .. })), "{refused:?}");
    let refused = back_up(root.path(), &place, &SystemClock, &BackupOptions::default());
    assert!(matches!(refused, Err(BackupError::NoStore { .. })), "{refused:?}");
}

#[test]
fn object_stores_take_backups_too() {
    let root = tempfile::tempdir().expect("a folder");
    let store = root.path().join("store");
    let vault = new_store(&store, Encryption::None);
    take(&vault, 0..10);
    vault.flush().expect("files");
    take(&vault, 10..20);
    let bucket = root.path().join("bucket");
    std::fs::create_dir(&bucket).expect("a folder");
    let local = object_store::local::LocalFileSystem::new_with_prefix(&bucket).expect("a store");
    let memory = object_store::memory::InMemory::new();
    let stores: [(Arc<dyn object_store::ObjectStore>, &str); 2] =
        [(Arc::new(local), "local"), (Arc::new(memory), "memory")];
    for (objects, name) in stores {
        let place = Place::of_store(objects, name).expect("a place");
        let first = make(&store, &place);
        let again = make(&store, &place);
        assert!(first.n_copied == first.n_parts && again.n_copied <= 1, "{first:?} {again:?}");
        let folder = root.path().join(name);
        restore(&place, &folder, Arc::new(SystemClock), &restore_options()).expect("restored");
        let vault = open(&folder, Encryption::None);
        assert_eq!(numbers(&vault), (0..20).collect::<Vec<i64>>());
        prove(&vault);
    }
    assert!(!files(&bucket).is_empty());
    for wrong in ["nothing://bucket/x", "s3://"] {
        assert!(matches!(Place::parse(wrong), Err(BackupError::Place { .. })), "{wrong}");
    }
}

#[test]
fn a_store_that_stopped_hard_says_what_is_not_published() {
    let root = tempfile::tempdir().expect("a folder");
    let store = root.path().join("store");
    let vault = new_store(&store, Encryption::None);
    take(&vault, 0..10);
    drop(vault);
    let place = place(&root.path().join("backups"));
    let made = make(&store, &place);
    assert_eq!(made.n_workspaces, 1);
    // A checkpoint of before, as a process leaves it that dies between the write-ahead log and the published form.
    let path = store.join("ws/contoso/log/checkpoint");
    let note = std::fs::read_to_string(&path).expect("a checkpoint");
    std::fs::remove_file(&path).expect("removed");
    let refused = back_up(&store, &place, &SystemClock, &BackupOptions::default());
    assert!(matches!(refused, Err(BackupError::Unpublished { .. })), "{refused:?}");
    std::fs::write(&path, note).expect("written");
    // Where the write-ahead log is damaged, nobody knows what was acknowledged.
    let wal = files(&store.join("wal")).into_iter().find(|path| path.extension().is_some_and(|kind| kind == "wal"));
    let (wal, bytes) = wal.map(|path| (path.clone(), std::fs::read(path).expect("read"))).expect("a file");
    let mut flipped = bytes.clone();
    flipped[100] ^= 1;
    std::fs::write(&wal, flipped).expect("written");
    let refused = back_up(&store, &place, &SystemClock, &BackupOptions::default());
    assert!(matches!(refused, Err(BackupError::DamagedWal { .. })), "{refused:?}");
    std::fs::write(&wal, bytes).expect("written");
    assert!(files(&root.path().join("backups")).iter().all(|path| path.extension().is_none_or(|kind| kind != "tmp")));
    assert!(!files_with(&store, MARKER).is_empty());
}
