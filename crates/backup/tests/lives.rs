//! A store in another life: proofs of before and after, what witnesses saw, keys, and what the logs say of it.

mod common;

use std::path::PathBuf;
use std::sync::Arc;

use backup::{BackupError, BackupOptions, Refusal, RestoreOptions, back_up, list, restore};
use common::{MARKER, encrypted, make, new_store, numbers, open, passphrase, place, prove};
use common::{restore_options, take};
use folders::{files, files_with};
use ingest::Encryption;
use stdx::SystemClock;
use tlog::entry::{ActKind, Entry};
use tlog::note::SignedNote;
use tlog::tile::Tile;
use tlog::{Checkpoint, Hash};

fn checkpoint(store: &std::path::Path) -> (SignedNote, Checkpoint) {
    let bytes = std::fs::read(store.join("ws/contoso/log/checkpoint")).expect("a checkpoint");
    let note = SignedNote::parse(&bytes).expect("a note");
    let checkpoint = Checkpoint::parse(&note.text).expect("a checkpoint");
    (note, checkpoint)
}

#[test]
fn proofs_of_before_stay_and_the_log_goes_on_under_another_name() {
    let root = tempfile::tempdir().expect("a folder");
    let store = root.path().join("store");
    let vault = new_store(&store, Encryption::None);
    take(&vault, 0..30);
    vault.flush().expect("files");
    take(&vault, 30..40);
    let (old_bundle, old_policy) = prove(&vault);
    let place = place(&root.path().join("backups"));
    make(&store, &place);
    drop(vault);
    let mut origins = Vec::new();
    for name in ["one", "two"] {
        let folder = root.path().join(name);
        let restored = restore(&place, &folder, Arc::new(SystemClock), &restore_options()).expect("restored");
        let of = restored.workspaces.first().expect("a workspace").clone();
        assert!(of.is_verified && of.n_tail == 1, "{of:?}");
        let vault = open(&folder, Encryption::None);
        assert_eq!(numbers(&vault), (0..40).collect::<Vec<i64>>());
        let (new_bundle, new_policy) = prove(&vault);
        tlog::bundle::verify(&old_bundle, &old_policy, &[]).expect("what was proved stays proved");
        assert!(tlog::bundle::verify(&new_bundle, &old_policy, &[]).is_err(), "another log, another key");
        assert!(tlog::bundle::verify(&old_bundle, &new_policy, &[]).is_err());
        take(&vault, 40..45);
        prove(&vault);
        drop(vault);
        let vault = open(&folder, Encryption::None);
        assert_eq!(numbers(&vault).len(), 45);
        drop(vault);
        // The first entry of the new life says where it comes from.
        let disk = sequencer::storage::Disk::open(&folder).expect("a disk");
        let (_, now) = checkpoint(&folder);
        let tile = Tile::of_log(0, 0, now.size).expect("a tile");
        let entries = sequencer::read_entries(&disk, "contoso", tile).expect("entries");
        let Ok(Entry::Act(act)) = Entry::parse(&entries[of.size as usize]) else { panic!("no act") };
        let before = Checkpoint::parse(&old_note(&folder, &act.document).text).expect("a checkpoint");
        assert_eq!((act.kind, act.subject.as_str()), (ActKind::LossStated, before.origin.as_str()));
        // It is the same tree up to there, under another name.
        let mut tree = tlog::tree::TreeBuilder::new();
        tree.extend(entries[..of.size as usize].iter().map(|entry| Hash::leaf(entry)));
        assert_eq!((before.size, before.root), (of.size, tree.root()));
        assert_ne!(before.origin, now.origin);
        assert_eq!(now.origin, of.origin);
        let report = verify::verify_store(&folder, &verify::Options::default(), &|_| {}).expect("a store");
        assert_eq!(report.findings, []);
        origins.push(now.origin);
    }
    assert_ne!(origins[0], origins[1], "two stores out of one backup have logs of their own");
    // A restored store has backups and lives like any other.
    make(&root.path().join("one"), &place);
    let third = root.path().join("three");
    let restored = restore(&place, &third, Arc::new(SystemClock), &restore_options()).expect("restored");
    assert!(restored.origin.contains("/3-"), "{}", restored.origin);
    assert_eq!(numbers(&open(&third, Encryption::None)).len(), 45);
}

/// Returns the last checkpoint of the life before, out of a statement's document.
fn old_note(store: &std::path::Path, document: &Hash) -> SignedNote {
    let path = store.join(format!("ws/contoso/statements/{document}.json"));
    let bytes = std::fs::read(path).expect("a document");
    let document: serde_json::Value = serde_json::from_slice(&bytes).expect("a document");
    assert_eq!(document["reason"], "the disk died");
    let text = document["before"]["checkpoint"].as_str().expect("a checkpoint");
    SignedNote::parse(text.as_bytes()).expect("a note")
}

#[test]
fn who_has_less_than_was_witnessed_is_refused_until_the_loss_is_accepted() {
    let root = tempfile::tempdir().expect("a folder");
    let store = root.path().join("store");
    let vault = new_store(&store, Encryption::None);
    take(&vault, 0..10);
    let place = place(&root.path().join("backups"));
    make(&store, &place);
    let (at_backup, size) = checkpoint(&store);
    take(&vault, 10..20);
    vault.flush().expect("files");
    drop(vault);
    let (later, seen) = checkpoint(&store);
    let folder = root.path().join("restored");
    let clock = || Arc::new(SystemClock);
    let with = |note: &SignedNote| RestoreOptions {
        witnessed: vec![("witnessed.txt".to_string(), note.clone())],
        ..restore_options()
    };
    let refused = restore(&place, &folder, clock(), &with(&later));
    let Err(BackupError::Refused(refusals)) = refused else { panic!("{refused:?}") };
    let (size, witnessed) = (size.size, seen.size);
    assert_eq!(refusals, [Refusal::Behind { workspace: "contoso".to_string(), size, witnessed }]);
    assert!(!folder.exists());
    let accepted = RestoreOptions { accepted: ["contoso".to_string()].into(), ..with(&later) };
    let restored = restore(&place, &folder, clock(), &accepted).expect("the loss is accepted");
    assert_eq!(restored.workspaces[0].n_lost_entries, witnessed - size);
    let statement = files(&folder.join("ws/contoso/statements"));
    let text = std::fs::read_to_string(&statement[0]).expect("a document");
    assert!(text.contains("\"isAccepted\":true") && text.contains("witnesses have seen"), "{text}");
    // Witnesses that are no further see nothing wrong.
    restore(&place, &root.path().join("even"), clock(), &with(&at_backup)).expect("nothing is lost");
    // Another history is refused, whoever accepts what.
    let other = Checkpoint { root: Hash::of(b"other"), ..Checkpoint::parse(&at_backup.text).expect("a checkpoint") };
    let signer = tlog::note::Signer::log(&other.origin, &[7; 32]).expect("a key");
    let forged = SignedNote::sign(other.text(), &signer);
    let options = RestoreOptions { accepted: ["contoso".to_string()].into(), ..with(&forged) };
    let refused = restore(&place, &root.path().join("fork"), clock(), &options);
    assert!(
        matches!(&refused, Err(BackupError::Refused(why)) if matches!(why[..], [Refusal::Fork { .. }])),
        "{refused:?}"
    );
    // Of a log that is not in the backup nothing can be said.
    let other = Checkpoint { origin: "example/elsewhere".to_string(), ..other };
    let signer = tlog::note::Signer::log(&other.origin, &[7; 32]).expect("a key");
    let stranger = with(&SignedNote::sign(other.text(), &signer));
    let refused = restore(&place, &root.path().join("other"), clock(), &stranger);
    assert!(matches!(refused, Err(BackupError::UnknownLog { .. })), "{refused:?}");
    let unknown = RestoreOptions { accepted: ["nobody".to_string()].into(), ..restore_options() };
    let refused = restore(&place, &root.path().join("unknown"), clock(), &unknown);
    assert!(matches!(refused, Err(BackupError::UnknownWorkspace { .. })), "{refused:?}");
}

#[test]
fn an_encrypted_store_comes_back_under_another_root_key() {
    let root = tempfile::tempdir().expect("a folder");
    let (store, backups) = (root.path().join("store"), root.path().join("backups"));
    let vault = new_store(&store, encrypted("old words"));
    for name in ["fabrikam", "vidimus"] {
        vault.create_workspace(name).expect("a workspace");
        vault.ensure_table(name, "Events", &[schema::Column::new("N", schema::KqlType::Long)]).expect("a table");
        let pending = vault.take(name, "Events", b"{\"N\":1}", None).expect("taken");
        futures::executor::block_on(pending.finish()).expect("taken");
    }
    take(&vault, 0..10);
    vault.flush().expect("files");
    take(&vault, 10..20);
    let place = place(&backups);
    let options = BackupOptions { passphrase: Some(passphrase("old words")) };
    let summary = back_up(&store, &place, &SystemClock, &options).expect("a backup");
    assert!(summary.is_encrypted && summary.n_workspaces == 3, "{summary:?}");
    assert_eq!(files_with(&backups, MARKER), Vec::<PathBuf>::new());
    drop(vault);
    let folder = root.path().join("restored");
    let clock = || Arc::new(SystemClock);
    let missing = restore(&place, &folder, clock(), &restore_options());
    assert!(matches!(missing, Err(BackupError::NoPassphrase)), "{missing:?}");
    let wrong = RestoreOptions { passphrase: Some(passphrase("other words")), ..restore_options() };
    let wrong = restore(&place, &folder, clock(), &wrong);
    assert!(wrong.is_err_and(|error| stdx::error_chain(&error).contains("passphrase")));
    let options = RestoreOptions {
        passphrase: Some(passphrase("old words")),
        new_passphrase: Some(passphrase("new words")),
        summary_workspace: Some("vidimus".to_string()),
        left_out: ["fabrikam".to_string()].into(),
        ..restore_options()
    };
    let restored = restore(&place, &folder, clock(), &options).expect("restored");
    let rotation = restored.rotation.as_ref().expect("another root key");
    assert!(rotation.is_complete() && rotation.workspaces.len() == 2, "{rotation:?}");
    assert_eq!((restored.workspaces.len(), restored.left_out.clone()), (2, vec!["fabrikam".to_string()]));
    assert!(restored.workspaces.iter().all(|workspace| workspace.is_verified));
    let vault = open(&folder, encrypted("new words"));
    assert_eq!(numbers(&vault), (0..20).collect::<Vec<i64>>());
    prove(&vault);
    drop(vault);
    let options = ingest::VaultOptions { encryption: encrypted("old words"), ..common::vault_options() };
    assert!(ingest::Vault::open(&folder, clock(), options).is_err(), "the old passphrase opens nothing");
    // One act about the loss and one about the keys in each log, and a summary in one.
    assert_eq!(files(&folder.join("ws/contoso/statements")).len(), 2);
    assert_eq!(files(&folder.join("ws/vidimus/statements")).len(), 3);
    assert_eq!(list(&place).expect("backups").len(), 1);
}
