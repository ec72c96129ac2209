//! An encrypted store: everything that a plain one can do, and nothing readable on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use folders::{files, files_with};
use futures::executor::block_on;
use ingest::{Encryption, Vault, VaultError, VaultOptions, Wanted};
use keys::{BackendError, Cost, KeyError, Passphrase};
use schema::{Column, KqlType};
use stdx::SystemClock;
use tlog::entry::SeqRange;

const MARKER: &str = "the-marker-that-nobody-may-find";

fn encrypted(words: &str) -> Encryption {
    let passphrase = Passphrase::new(words.as_bytes().to_vec()).expect("a passphrase");
    Encryption::Passphrase { passphrase, cost: Cost { memory_kib: 8, passes: 1, lanes: 1 } }
}

fn open(root: &Path, encryption: Encryption) -> Result<Vault, VaultError> {
    Vault::open(root, Arc::new(SystemClock), VaultOptions { encryption, ..VaultOptions::default() })
}

fn take(vault: &Vault, range: std::ops::Range<u64>) {
    let records: String =
        range.map(|n| format!("{{\"User\":\"{MARKER}\",\"N\":{n},\"Bag\":{{\"x\":\"{MARKER}\"}}}}\n")).collect();
    let pending = vault.take("contoso", "Events", records.as_bytes(), None).expect("taken");
    assert!(block_on(pending.finish()).expect("taken").rejected.is_empty());
    let bad = vault.take("contoso", "Events", format!("{MARKER} is no JSON").as_bytes(), None).expect("taken");
    assert_eq!(block_on(bad.finish()).expect("taken").rejected.len(), 1);
}

fn fill(root: &Path, encryption: &Encryption) {
    let vault = open(root, encryption.clone()).expect("it opens");
    vault.create_workspace("contoso").expect("a workspace");
    let columns = [Column::new("User", KqlType::String), Column::new("N", KqlType::Long)];
    vault.ensure_table("contoso", "Events", &columns).expect("a table");
    take(&vault, 0..20);
    vault.flush().expect("files");
    take(&vault, 20..30);
}

fn n_rows(vault: &Vault) -> u64 {
    let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
    let snapshot = table.snapshot().expect("a snapshot");
    for file in &snapshot.files {
        let mut n_read = 0;
        file.rows(&["User", "N"], None, |rows| {
            n_read += rows.num_rows() as u64;
            Ok(())
        })
        .expect("rows");
        assert_eq!(n_read, file.extent().rows);
    }
    snapshot.n_rows()
}

#[test]
fn what_is_encrypted_is_there_after_a_restart_and_can_be_proved() {
    let root = tempfile::tempdir().expect("a folder");
    let encryption = encrypted("six words");
    fill(root.path(), &encryption);
    for _ in 0..2 {
        let vault = open(root.path(), encryption.clone()).expect("it opens");
        assert_eq!(n_rows(&vault), 30);
        let wanted = BTreeMap::from([("Events".to_string(), Wanted::Range(SeqRange { first: 0, count: 30 }))]);
        let bundle = vault.prove("contoso", &wanted, &BTreeSet::new()).expect("evidence from files and from memory");
        let lines: String = vault.keys("contoso").expect("keys").iter().map(|key| format!("log {key}\n")).collect();
        let policy = tlog::Policy::parse(&format!("{lines}quorum none\n")).expect("a policy");
        tlog::bundle::verify(&bundle, &policy, &[]).expect("proved");
        vault.flush().expect("files");
    }
    assert_eq!(n_rows(&open(root.path(), encryption).expect("it opens")), 30);
}

#[test]
fn no_file_shows_anything_of_a_record() {
    let plain = tempfile::tempdir().expect("a folder");
    fill(plain.path(), &Encryption::None);
    let found: BTreeSet<String> = files_with(plain.path(), MARKER)
        .iter()
        .filter_map(|path| path.strip_prefix(plain.path()).ok()?.iter().next()?.to_str().map(str::to_string))
        .collect();
    assert_eq!(found, ["wal", "ws"].map(str::to_string).into(), "the search finds what is there");
    let root = tempfile::tempdir().expect("a folder");
    fill(root.path(), &encrypted("six words"));
    for marker in [MARKER, "vidimus.seeds.v1", "PAR1", "vidimus.key.v1"] {
        assert_eq!(files_with(root.path(), marker), Vec::<PathBuf>::new(), "{marker}");
    }
}

#[test]
fn a_store_is_opened_as_what_it_was_made() {
    let root = tempfile::tempdir().expect("a folder");
    fill(root.path(), &encrypted("six words"));
    let open = |encryption: Encryption| open(root.path(), encryption).map(drop);
    let other = open(Encryption::None).expect_err("it is encrypted");
    assert!(matches!(other, VaultError::Keys(KeyError::OtherMode { .. })), "{other:?}");
    let wrong = open(encrypted("other words")).expect_err("the passphrase is wrong");
    assert!(matches!(wrong, VaultError::Keys(KeyError::Root(BackendError::Locked { .. }))), "{wrong:?}");
    let ring = files(root.path()).into_iter().find(|path| path.ends_with("keys/contoso/ring.0000000001"));
    let ring = ring.expect("keys of the workspace");
    for lost in [root.path().join("keys/root.0000000001"), root.path().join("keys/mode.v1"), ring] {
        let bytes = std::fs::read(&lost).expect("read");
        std::fs::remove_file(&lost).expect("removed");
        let error = open(encrypted("six words")).expect_err("a key is lost");
        match lost.file_name().and_then(|name| name.to_str()) {
            Some("mode.v1") => assert!(matches!(error, VaultError::Keys(KeyError::ModeMissing { .. })), "{error:?}"),
            Some("root.0000000001") => {
                assert!(matches!(error, VaultError::Keys(KeyError::Root(BackendError::Missing))), "{error:?}")
            }
            _ => {}
        }
        std::fs::write(&lost, bytes).expect("written");
        #[cfg(unix)]
        std::fs::set_permissions(&lost, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("changed");
    }
    open(encrypted("six words")).expect("it opens");
    let plain = tempfile::tempdir().expect("a folder");
    fill(plain.path(), &Encryption::None);
    let other = super_open(plain.path());
    assert!(matches!(other, Err(VaultError::Keys(KeyError::OtherMode { .. }))), "{:?}", other.err());
    std::fs::remove_file(plain.path().join("keys/mode.v1")).expect("removed");
    let other = super_open(plain.path());
    assert!(matches!(other, Err(VaultError::Keys(KeyError::NotEmpty { .. }))), "{:?}", other.err());
}

fn super_open(root: &Path) -> Result<(), VaultError> {
    open(root, encrypted("six words")).map(drop)
}

#[test]
fn a_flipped_bit_of_a_sealed_file_is_never_read() {
    let root = tempfile::tempdir().expect("a folder");
    let encryption = encrypted("six words");
    fill(root.path(), &encryption);
    let sealed = files(root.path());
    let sealed = sealed.iter().filter(|path| path.extension().is_some_and(|kind| kind == "parquet"));
    let mut n_flips = 0;
    for path in sealed.filter(|path| path.to_string_lossy().contains("Events")) {
        let bytes = std::fs::read(path).expect("read");
        for bit in (0..bytes.len() * 8).step_by(1571) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(path, flipped).expect("written");
            let vault = open(root.path(), encryption.clone()).expect("it opens");
            let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
            let error = table.snapshot().expect_err("the file is not whole");
            let text = stdx::error_chain(&error);
            assert!(text.contains(path.file_name().and_then(|name| name.to_str()).expect("a name")), "{text}");
            n_flips += 1;
        }
        std::fs::write(path, bytes).expect("written");
    }
    assert!(n_flips > 10);
}
