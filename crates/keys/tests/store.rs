//! What a store of keys promises when nothing goes wrong on the disk: who can open what, and what is erased.

mod common;

use std::sync::Arc;

use common::{CHEAP, SeededEntropy, WORDS, World, passphrase};
use keys::{
    BackendError, EpochState, KeyBackend, KeyError, KeyStore, PassphraseBackend, Purpose, Rewrapped, Sealer,
    Surroundings,
};
use sequencer::storage::{Disk, Storage};
use stdx::{FixedClock, SystemEntropy};

fn sealed(sealer: &Sealer, purpose: Purpose, object: &str, contents: &[u8]) -> Vec<u8> {
    let mut bytes = contents.to_vec();
    sealer.seal(purpose, object, &mut bytes).expect("sealed");
    assert_eq!(bytes.len(), contents.len() + Sealer::OVERHEAD_BYTES);
    bytes
}

fn opened(sealer: &Sealer, purpose: Purpose, object: &str, blob: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut bytes = blob.to_vec();
    let result = sealer.open(purpose, object, &mut bytes);
    if result.is_err() {
        assert_eq!(bytes, blob, "what does not open stays as it is");
    }
    result.map(|()| bytes)
}

#[test]
fn a_blob_opens_where_and_as_what_it_was_sealed() {
    let world = World::new(1);
    let open = world.open();
    let contoso = open.store.sealer("contoso").expect("keys");
    let fabrikam = open.store.sealer("fabrikam").expect("keys");
    for contents in [&b""[..], b"x", &[7; 100_000]] {
        let blob = sealed(&contoso, Purpose::Seeds, "seeds/SigninLogs/1", contents);
        assert_eq!(opened(&contoso, Purpose::Seeds, "seeds/SigninLogs/1", &blob).expect("opened"), contents);
        let elsewhere = [
            opened(&contoso, Purpose::Seeds, "seeds/SigninLogs/2", &blob),
            opened(&contoso, Purpose::Wal, "seeds/SigninLogs/1", &blob),
            opened(&fabrikam, Purpose::Seeds, "seeds/SigninLogs/1", &blob),
        ];
        assert!(elsewhere.iter().all(|found| matches!(found, Err(KeyError::NotAuthentic { .. }))));
        let cut = opened(&contoso, Purpose::Seeds, "seeds/SigninLogs/1", &blob[..blob.len() - 1]);
        assert!(matches!(cut, Err(KeyError::NotAuthentic { .. })));
    }
    for not_sealed in [&b""[..], b"PAR1", &[0; 200]] {
        let found = opened(&contoso, Purpose::Seeds, "x", not_sealed);
        assert!(matches!(found, Err(KeyError::NotSealed { .. })), "what is not sealed is not taken for its contents");
    }
}

#[test]
fn another_store_with_the_same_root_key_opens_nothing() {
    let (a, b) = (World::new(1), World::new(2));
    let in_a = a.open();
    let blob = sealed(&in_a.store.sealer("contoso").expect("keys"), Purpose::Wal, "1", b"contents");
    // The other store's workspace gets the first one's keys and asks the same backend.
    b.open();
    let ring = a.disk.read("contoso/ring.0000000001").expect("read").expect("a ring");
    b.disk.write("contoso/ring.0000000001", &ring).expect("written");
    b.disk.restart(sequencer::storage::simulated::Loss::Process);
    let around = Surroundings {
        storage: Arc::new(b.disk.clone()),
        backend: in_a.backend.clone(),
        former: Vec::new(),
        entropy: SeededEntropy::shared(3),
        clock: Arc::new(FixedClock(7)),
    };
    let (store, unusable) = KeyStore::open(around).expect("a store");
    let names: Vec<&str> = unusable.iter().map(|unusable| unusable.workspace.as_str()).collect();
    assert_eq!(names, ["contoso", "fabrikam"]);
    assert!(matches!(unusable[0].error, KeyError::Damaged { .. }), "{}", unusable[0].error);
    assert!(matches!(unusable[1].error, KeyError::Root(BackendError::UnknownRoot(_))), "{}", unusable[1].error);
    assert!(store.sealer("contoso").is_err());
    let found = opened(&in_a.store.sealer("contoso").expect("keys"), Purpose::Wal, "1", &blob);
    assert_eq!(found.expect("opened"), b"contents");
}

#[test]
fn a_destroyed_epoch_opens_nothing_and_others_go_on() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let first = sealed(&sealer, Purpose::Seeds, "1", b"first");
    let other_purpose = sealed(&sealer, Purpose::Wal, "1", b"wal");
    let in_use = open.store.destroy_epoch("contoso", Purpose::Seeds, 1);
    assert!(matches!(in_use, Err(KeyError::EpochInUse { .. })));
    assert_eq!(open.store.new_epoch("contoso", Purpose::Seeds).expect("an epoch"), 2);
    let second = sealed(&sealer, Purpose::Seeds, "2", b"second");
    assert_eq!(opened(&sealer, Purpose::Seeds, "1", &first).expect("a former epoch"), b"first");
    open.store.destroy_epoch("contoso", Purpose::Seeds, 1).expect("destroyed");
    open.store.destroy_epoch("contoso", Purpose::Seeds, 1).expect("destroyed already");
    let missing = [0, 3].map(|epoch| open.store.destroy_epoch("contoso", Purpose::Seeds, epoch));
    assert!(missing.iter().all(|result| matches!(result, Err(KeyError::NoEpoch { .. }))));
    let check = |sealer: &Sealer| {
        let found = opened(sealer, Purpose::Seeds, "1", &first);
        assert!(matches!(found, Err(KeyError::EpochDestroyed { epoch: 1, .. })));
        assert_eq!(opened(sealer, Purpose::Seeds, "2", &second).expect("opened"), b"second");
        assert_eq!(opened(sealer, Purpose::Wal, "1", &other_purpose).expect("opened"), b"wal");
    };
    check(&sealer);
    drop(open);
    let open = world.open();
    check(&open.store.sealer("contoso").expect("keys"));
    let states: Vec<EpochState> =
        open.store.epochs("contoso", Purpose::Seeds).expect("epochs").iter().map(|info| info.state).collect();
    assert_eq!(states, [EpochState::Destroyed, EpochState::Current]);
}

#[test]
fn a_workspace_that_left_is_erased() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let blobs = Purpose::ALL.map(|purpose| (purpose, sealed(&sealer, purpose, "1", b"contents")));
    open.store.destroy_workspace("contoso").expect("destroyed");
    open.store.destroy_workspace("contoso").expect("destroyed already");
    for (purpose, blob) in &blobs {
        assert!(matches!(opened(&sealer, *purpose, "1", blob), Err(KeyError::EpochDestroyed { .. })));
        assert!(matches!(sealer.seal(*purpose, "2", &mut vec![1]), Err(KeyError::EpochDestroyed { .. })));
    }
    let other = open.store.sealer("fabrikam").expect("keys");
    sealed(&other, Purpose::Wal, "1", b"contents");
}

/// A second name for a file's blocks stands for whoever reads them from the disk itself.
#[cfg(unix)]
#[test]
fn the_blocks_of_older_keys_are_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("keys");
    let storage: Arc<dyn Storage> = Arc::new(Disk::open_private(&root).expect("a disk"));
    let entropy = Arc::new(SystemEntropy);
    let id = keys::settle(storage.as_ref(), keys::Mode::Encrypted, entropy.as_ref()).expect("a store").expect("a name");
    let backend = PassphraseBackend::create(storage.clone(), id, &passphrase(WORDS), CHEAP, entropy.clone());
    let backend = Arc::new(backend.expect("a backend"));
    let clock = Arc::new(FixedClock(7));
    let around = Surroundings { storage, backend: backend.clone(), former: Vec::new(), entropy, clock };
    let (store, _) = KeyStore::open(around).expect("a store");
    store.add_workspace("contoso").expect("a workspace");
    store.new_epoch("contoso", Purpose::Seeds).expect("an epoch");
    let second_name = |path: &str| {
        let link = folder.path().join(path.replace('/', "-"));
        std::fs::hard_link(root.join(path), &link).expect("a second name");
        assert!(std::fs::read(&link).expect("read").iter().any(|byte| *byte != 0));
        link
    };
    let (ring, roots) = (second_name("contoso/ring.0000000002"), second_name("root.0000000001"));
    store.destroy_epoch("contoso", Purpose::Seeds, 1).expect("destroyed");
    backend.change_passphrase(&passphrase("other words"), CHEAP).expect("changed");
    for link in [ring, roots] {
        assert!(std::fs::read(&link).expect("read").iter().all(|byte| *byte == 0), "{}", link.display());
    }
    let mut names: Vec<_> = std::fs::read_dir(root.join("contoso")).expect("a folder").collect();
    assert_eq!(names.pop().expect("a file").expect("a file").file_name(), "ring.0000000003");
    assert!(names.is_empty());
    use std::os::unix::fs::PermissionsExt;
    for path in ["root.0000000002", "contoso/ring.0000000003", "mode.v1"] {
        let mode = std::fs::metadata(root.join(path)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}

#[test]
fn another_passphrase_opens_nothing_and_says_no_more() {
    let world = World::new(1);
    drop(world.open());
    let error = world.backend("wrong words").err().expect("refused");
    let text = error.to_string();
    assert_eq!(
        text,
        "`root.0000000001` does not open: the passphrase is wrong, or the file is damaged or another store's"
    );
    assert!(std::error::Error::source(&error).is_none());
    let open = world.open_with(WORDS).expect("a store");
    open.backend.change_passphrase(&passphrase("other words"), CHEAP).expect("changed");
    open.backend.health().expect("healthy");
    drop(open);
    assert!(matches!(world.backend(WORDS), Err(BackendError::Locked { .. })));
    world.open_with("other words").expect("a store").store.sealer("contoso").expect("keys");
}

#[test]
fn one_process_has_the_keys() {
    let world = World::new(1);
    let open = world.open();
    assert!(matches!(world.backend(WORDS), Err(BackendError::InUse)));
    assert!(matches!(KeyStore::open(world.around(open.backend.clone())), Err(KeyError::Locked)));
}

#[test]
fn rewrapping_keeps_data_and_needs_the_old_root_no_more() {
    let world = World::new(1);
    let open = world.open();
    let blob = sealed(&open.store.sealer("contoso").expect("keys"), Purpose::Extents, "1", b"contents");
    let old = open.backend.key_id().expect("a root");
    let new = open.backend.rotate().expect("a root");
    assert!(matches!(open.store.retire_root(&old), Err(KeyError::RootInUse { .. })));
    let summary = open.store.rewrap_all(|_| Ok(())).expect("a summary");
    assert_eq!((&summary.new, summary.n_ok(), summary.n_failed()), (&new, 2, 0));
    for outcome in &summary.outcomes {
        assert_eq!((outcome.old.as_ref(), outcome.result.as_ref().ok()), (Some(&old), Some(&Rewrapped::Now)));
    }
    let again = open.store.rewrap_all(|_| Ok(())).expect("a summary");
    assert!(again.outcomes.iter().all(|outcome| matches!(outcome.result, Ok(Rewrapped::Before))));
    open.store.retire_root(&old).expect("retired");
    open.store.retire_root(&old).expect("retired already");
    assert!(matches!(open.store.retire_root(&new), Err(KeyError::RootInUse { .. })));
    assert_eq!(open.backend.roots().expect("roots"), [new]);
    drop(open);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    assert_eq!(opened(&sealer, Purpose::Extents, "1", &blob).expect("opened"), b"contents");
}

#[test]
fn one_workspace_that_cannot_be_rewrapped_stops_no_other_and_keeps_its_root() {
    let world = World::new(1);
    drop(world.open());
    world.disk.corrupt("contoso/ring.0000000001", 200, 1);
    let open = world.open_with(WORDS).expect("a store");
    assert_eq!(open.unusable.len(), 1);
    let old = open.backend.key_id().expect("a root");
    open.backend.rotate().expect("a root");
    let summary = open.store.rewrap_all(|_| Ok(())).expect("a summary");
    let (contoso, fabrikam) = (&summary.outcomes[0], &summary.outcomes[1]);
    assert!(matches!(contoso.result, Err(KeyError::Damaged { .. })) && contoso.old.as_ref() == Some(&old));
    assert!(matches!(fabrikam.result, Ok(Rewrapped::Now)));
    let needed = open.store.retire_root(&old);
    assert!(matches!(needed, Err(KeyError::RootInUse { workspace, .. }) if workspace == "contoso"));
}

#[test]
fn a_workspace_is_rewrapped_only_when_it_may_be() {
    let world = World::new(1);
    let open = world.open();
    let old = open.backend.key_id().expect("a root");
    open.backend.rotate().expect("a root");
    let behind = |workspace: &str| if workspace == "contoso" { Err("its log is behind".to_string()) } else { Ok(()) };
    let summary = open.store.rewrap_all(behind).expect("a summary");
    assert_eq!((summary.n_ok(), summary.n_failed()), (1, 1));
    let why = summary.outcomes[0].result.as_ref().expect_err("refused").to_string();
    assert_eq!(why, "the keys of the workspace `contoso` are not to be rewrapped: its log is behind");
    assert!(matches!(open.store.retire_root(&old), Err(KeyError::RootInUse { .. })));
    assert_eq!(open.store.rewrap_all(|_| Ok(())).expect("a summary").n_ok(), 2);
    open.store.retire_root(&old).expect("retired");
}

#[test]
fn a_store_changes_to_another_backend() {
    let (world, elsewhere) = (World::new(1), World::new(2));
    let open = world.open();
    let blob = sealed(&open.store.sealer("contoso").expect("keys"), Purpose::Wal, "1", b"contents");
    let former = open.backend.clone();
    drop(open);
    let new = elsewhere.backend("elsewhere").expect("a backend");
    let around = Surroundings { former: vec![former], ..world.around(new.clone()) };
    let (store, unusable) = KeyStore::open(around).expect("a store");
    assert!(unusable.is_empty());
    assert_eq!(store.rewrap_all(|_| Ok(())).expect("a summary").n_ok(), 2);
    drop(store);
    let (store, unusable) = KeyStore::open(world.around(new)).expect("a store");
    assert!(unusable.is_empty());
    let sealer = store.sealer("contoso").expect("keys");
    assert_eq!(opened(&sealer, Purpose::Wal, "1", &blob).expect("opened"), b"contents");
}

#[test]
fn workspaces_have_names_and_come_once() {
    let world = World::new(1);
    let open = world.open();
    for name in ["", "..", "a/b", "mode.v1"] {
        assert!(matches!(open.store.add_workspace(name), Err(KeyError::WorkspaceName(_))), "{name}");
        assert!(matches!(open.store.sealer(name), Err(KeyError::WorkspaceName(_))), "{name}");
    }
    assert!(matches!(open.store.add_workspace("contoso"), Err(KeyError::WorkspaceExists(_))));
    assert!(matches!(open.store.sealer("root"), Err(KeyError::NoWorkspace(_))));
    open.store.add_workspace("root").expect("a name like any other");
    assert_eq!(open.store.workspaces().expect("names"), ["contoso", "fabrikam", "root"]);
}
