//! An encrypted store, its backup and its next life, from the command line.

use futures::executor::block_on;
use ingest::{Encryption, Vault, VaultOptions};
use keys::{Cost, Passphrase};
use schema::{Column, KqlType};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use stdx::SystemClock;

/// Runs the program; returns its exit code and what it printed, errors last.
fn vidimus(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_vidimus")).args(args).output().expect("it runs");
    let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (status.code(), text)
}

fn secret(path: PathBuf, words: &str) -> String {
    std::fs::write(&path, format!("{words}\n")).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("changed");
    path.to_str().expect("a text").to_string()
}

fn fill(store: &Path, encryption: Encryption) {
    let mut options = VaultOptions { encryption, ..VaultOptions::default() };
    options.sequencer.core.wal.segment_bytes = 64 << 10;
    let vault = Vault::open(store, Arc::new(SystemClock), options).expect("a store");
    for name in ["main", "vidimus"] {
        vault.create_workspace(name).expect("a workspace");
        vault.ensure_table(name, "Events", &[Column::new("N", KqlType::Long)]).expect("a table");
        block_on(vault.take(name, "Events", b"{\"N\":1}\n{\"N\":2}", None).expect("taken").finish()).expect("taken");
    }
    vault.flush().expect("files");
    block_on(vault.take("main", "Events", b"{\"N\":3}", None).expect("taken").finish()).expect("taken");
}

#[test]
fn an_encrypted_store_is_looked_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a text").to_string();
    let (old, new) = (secret(folder.path().join("old"), "old words"), secret(folder.path().join("new"), "new words"));
    let passphrase = Passphrase::new(b"old words".to_vec()).expect("a passphrase");
    let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    fill(&folder.path().join("store"), Encryption::Passphrase { passphrase, cost });
    let store = at("store");

    let (code, text) = vidimus(&["verify", &store]);
    assert!(code == Some(0) && text.contains("sealed: its length is right"), "{text}");
    let (code, text) = vidimus(&["verify", &store, "--passphrase-file", &old]);
    assert!(code == Some(0) && text.contains(" records hashed again") && !text.contains("sealed:"), "{text}");
    let (code, text) = vidimus(&["verify", &store, "--passphrase-file", &new]);
    assert!(code == Some(2) && text.contains("the passphrase is wrong"), "{text}");

    let (code, text) = vidimus(&["serve", "--data", &store, "--listen", "127.0.0.1:0"]);
    assert!(code == Some(1) && text.contains("it is encrypted: give its passphrase"), "{text}");
    let (code, text) = vidimus(&["serve", "--data", &store, "--listen", "127.0.0.1:0", "--passphrase-file", &new]);
    assert!(code == Some(1) && text.contains("the passphrase is wrong"), "{text}");

    let acts = ["--reason", "a laptop was lost", "--authority", "ticket-17"];
    let with = |args: &[&str]| vidimus(&[args, &acts].concat());
    let rotate = ["keys", "rotate", "--data", &store, "--passphrase-file", &old, "--new-passphrase-file", &new];
    let (code, text) = with(&rotate);
    assert!(code == Some(0) && text.contains("2 workspaces, 0 failed, 1 former root keys destroyed"), "{text}");
    let (code, text) = with(&rotate);
    assert!(code == Some(1) && text.contains("the passphrase is wrong"), "the old passphrase is nothing now: {text}");

    let (backups, restored) = (at("backups"), at("restored"));
    let (code, text) = vidimus(&["backup", &backups, "--data", &store, "--passphrase-file", &new]);
    assert!(code == Some(0) && text.contains("2 workspaces") && text.contains("encrypted"), "{text}");
    let checkpoint = format!("{store}/ws/main/log/checkpoint");
    let restore = ["restore", &backups, &restored, "--witnessed-checkpoint", &checkpoint];
    let keys = ["--passphrase-file", &new, "--new-passphrase-file", &old];
    let (code, text) = with(&[&restore[..], &keys].concat());
    assert!(
        code == Some(0) && text.contains("all of it was verified") && text.contains("0 of 2 workspaces failed"),
        "{text}"
    );
    let (code, text) = vidimus(&["verify", &restored, "--passphrase-file", &old, "--deep"]);
    assert!(code == Some(0) && text.contains(" records hashed again"), "{text}");
    let (code, text) = with(&[&restore[..], &keys].concat());
    assert!(code == Some(1) && text.contains("is there already"), "{text}");
    let (code, text) = with(&["restore", &backups, &at("past"), "--to", "2020-01-01", "--passphrase-file", &new]);
    assert!(code == Some(1) && text.contains("there is no backup"), "{text}");
}

#[test]
fn a_plain_store_stays_plain() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = secret(folder.path().join("words"), "six words");
    let store = folder.path().join("store");
    fill(&store, Encryption::None);
    let store = store.to_str().expect("a text");
    let serve = ["serve", "--data", store, "--listen", "127.0.0.1:0", "--passphrase-file", &words];
    let (code, text) = vidimus(&serve);
    assert!(code == Some(1) && text.contains("a store stays what it was made"), "{text}");
    let both = [&serve[..], &["--encryption", "none"]].concat();
    let (code, text) = vidimus(&both);
    assert!(code == Some(1) && text.contains("without encryption has no passphrase"), "{text}");
    let (code, text) = vidimus(&["serve", "--data", store, "--encryption", "passphrase"]);
    assert!(code == Some(1) && text.contains("give --passphrase-file"), "{text}");
    let (code, text) = vidimus(&["verify", store, "--passphrase-file", &words]);
    assert!(code == Some(2) && text.contains("the store is plain"), "{text}");
}
