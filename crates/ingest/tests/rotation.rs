//! Another root key: data stay, old passphrases and root keys open nothing, and each log knows of it.

use std::path::Path;
use std::sync::Arc;

use futures::executor::block_on;
use ingest::{Encryption, Vault, VaultError, VaultOptions};
use keys::{BackendError, Cost, KeyError, Passphrase};
use schema::{Column, KqlType};
use stdx::SystemClock;
use tlog::entry::{ActKind, Entry};
use tlog::tile::Tile;

const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

fn passphrase(words: &str) -> Passphrase {
    Passphrase::new(words.as_bytes().to_vec()).expect("a passphrase")
}

fn open(root: &Path, words: &str) -> Result<Vault, VaultError> {
    let encryption = Encryption::Passphrase { passphrase: passphrase(words), cost: CHEAP };
    Vault::open(root, Arc::new(SystemClock), VaultOptions { encryption, ..VaultOptions::default() })
}

fn n_records(vault: &Vault, workspace: &str) -> u64 {
    let table = vault.workspace(workspace).expect("a workspace").table("Events").expect("a table");
    table.snapshot().expect("a snapshot").n_rows()
}

#[test]
fn a_rotation_leaves_data_and_takes_the_old_root_key() {
    let root = tempfile::tempdir().expect("a folder");
    let authorities = ["ticket-17".to_string()];
    let old_keys = tempfile::tempdir().expect("a folder");
    let vault = open(root.path(), "old words").expect("it opens");
    for name in ["contoso", "fabrikam"] {
        vault.create_workspace(name).expect("a workspace");
        vault.ensure_table(name, "Events", &[Column::new("N", KqlType::Long)]).expect("a table");
        block_on(vault.take(name, "Events", b"{\"N\":1}", None).expect("taken").finish()).expect("taken");
    }
    vault.flush().expect("files");
    let old = std::fs::read(root.path().join("keys/root.0000000001")).expect("root keys");
    std::fs::write(old_keys.path().join("root"), old).expect("a copy");
    let rotation = vault.rotate_root_key(Some((&passphrase("new words"), CHEAP)), "a laptop was lost", &authorities);
    let rotation = rotation.expect("rotated");
    assert!(rotation.is_complete(), "{rotation:?}");
    assert_eq!((rotation.retired.len(), rotation.workspaces.len()), (1, 2));
    block_on(vault.take("contoso", "Events", b"{\"N\":2}", None).expect("taken").finish()).expect("taken");
    drop(vault);
    let wrong = open(root.path(), "old words").err();
    assert!(matches!(wrong, Some(VaultError::Keys(KeyError::Root(BackendError::Locked { .. })))), "{wrong:?}");
    let vault = open(root.path(), "new words").expect("it opens");
    assert_eq!((n_records(&vault, "contoso"), n_records(&vault, "fabrikam")), (2, 1));
    drop(vault);
    for (name, result) in &rotation.workspaces {
        let entry = result.clone().expect("rewrapped").expect("an act");
        let disk = sequencer::storage::Disk::open(root.path()).expect("a disk");
        let size = entry + 1;
        let tile = Tile::of_log(0, 0, size).expect("a tile");
        let mut entries = sequencer::read_entries(&disk, name, tile).or_else(|| {
            let found = std::fs::read_to_string(root.path().join(format!("ws/{name}/log/checkpoint"))).ok()?;
            let size = found.lines().nth(1)?.parse().ok()?;
            sequencer::read_entries(&disk, name, Tile::of_log(0, 0, size)?)
        });
        let bytes = entries.as_mut().expect("entries").swap_remove(entry as usize);
        let Ok(Entry::Act(act)) = Entry::parse(&bytes) else { panic!("no act at {entry}") };
        assert_eq!((act.kind, act.subject.as_str()), (ActKind::KeysRewrapped, rotation.new.as_str()));
        let document = std::fs::read(root.path().join(format!("ws/{name}/statements/{}.json", act.document)));
        let document = String::from_utf8(document.expect("a document")).expect("a text");
        assert!(document.contains("a laptop was lost"), "{document}");
    }
    // The keys of now do not open with the root keys of then.
    let now = root.path().join("keys");
    for name in std::fs::read_dir(&now).expect("a folder") {
        let path = name.expect("an entry").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("root.")) {
            std::fs::remove_file(&path).expect("removed");
        }
    }
    let put = now.join("root.0000000001");
    std::fs::copy(old_keys.path().join("root"), &put).expect("copied");
    #[cfg(unix)]
    std::fs::set_permissions(&put, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("changed");
    let refused = open(root.path(), "old words").err();
    assert!(matches!(refused, Some(VaultError::WorkspaceKeys { .. })), "{refused:?}");
}

#[test]
fn a_plain_store_has_no_root_key() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = Vault::open(root.path(), Arc::new(SystemClock), VaultOptions::default()).expect("it opens");
    let refused = vault.rotate_root_key(None, "why not", &["ticket-1".to_string()]);
    assert!(matches!(refused, Err(VaultError::NotEncrypted)));
}
