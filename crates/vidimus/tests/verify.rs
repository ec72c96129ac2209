//! `vidimus verify` over a store and over a bundle: exit codes and what is printed.

use futures::executor::block_on;
use ingest::{Vault, VaultOptions, Wanted};
use schema::{Column, KqlType};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use stdx::SystemClock;
use tlog::entry::SeqRange;

fn verify(args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_vidimus")).arg("verify").args(args).output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

/// Makes a store, a bundle beside it, and a policy; returns the policy's path.
fn fill(root: &Path) -> std::path::PathBuf {
    let mut options = VaultOptions::default();
    options.sequencer.core.wal.segment_bytes = 64 << 10;
    let vault = Vault::open(root.join("store"), Arc::new(SystemClock), options).expect("a store");
    let key = vault.create_workspace("contoso").expect("a workspace");
    vault.ensure_table("contoso", "Events", &[Column::new("N", KqlType::Long)]).expect("a table");
    block_on(vault.take("contoso", "Events", b"{\"N\":1}\n{\"N\":2}", None).expect("taken").finish()).expect("taken");
    vault.flush().expect("files");
    let wanted = BTreeMap::from([("Events".to_string(), Wanted::Range(SeqRange { first: 0, count: 2 }))]);
    std::fs::create_dir(root.join("bundle")).expect("a folder");
    for (name, bytes) in vault.prove("contoso", &wanted, &BTreeSet::new()).expect("a bundle") {
        std::fs::write(root.join("bundle").join(name), bytes).expect("written");
    }
    let policy = root.join("policy");
    std::fs::write(&policy, format!("log {key}\nquorum none\n")).expect("written");
    policy
}

#[test]
fn stores_and_bundles_are_verified() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = fill(folder.path());
    let policy = policy.to_str().expect("text");
    let (store, bundle) = (folder.path().join("store"), folder.path().join("bundle"));
    let (store, bundle) = (store.to_str().expect("text"), bundle.to_str().expect("text"));

    let (code, out, error) = verify(&[store]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert!(out.ends_with("all is as it was signed and sealed\n") && out.contains("2 records in 1 files"), "{out}");
    let checkpoint = format!("{store}/ws/contoso/log/checkpoint");
    let (code, out, _) =
        verify(&[store, "--policy", policy, "--pinned", &checkpoint, "--workspace", "contoso", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &report["whole"], &report["records"]), (Some(0), &true.into(), &2.into()), "{out}");

    let (code, out, error) = verify(&[bundle, "--policy", policy]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("proved:\n"), "{out}");
    let (code, _, error) = verify(&[bundle]);
    assert!(code == Some(2) && error.contains("--policy says whom you trust"), "{error}");
    let (code, _, error) = verify(&[folder.path().to_str().expect("text")]);
    assert!(code == Some(2) && error.contains("is no folder of a store"), "{error}");

    let data = format!("{store}/ws/contoso/data/Events");
    let day = std::fs::read_dir(&data).expect("a folder").next().expect("a day").expect("a day").path();
    let file = std::fs::read_dir(day).expect("a folder").next().expect("a file").expect("a file").path();
    let mut bytes = std::fs::read(&file).expect("bytes");
    bytes[7] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    let (code, out, _) = verify(&[store, "--quick"]);
    let line = out.lines().next().unwrap_or_default();
    assert_eq!(code, Some(1), "{out}");
    assert!(
        line.starts_with("ws/contoso/data/Events/") && line.contains(": bytes 4 to ") && out.contains("1 finding\n"),
        "{out}"
    );
    std::fs::write(format!("{bundle}/claim"), "x").expect("written");
    assert_eq!(verify(&[bundle, "--policy", policy]).0, Some(1));
}
