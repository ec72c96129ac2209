//! Every point at which a disk can fail: whatever was sealed opens afterwards, whatever was destroyed does not, and asking again
//! completes what was interrupted.
//!
//! `VIDIMUS_CRASH_SEEDS` sets how many histories are tried at every point (1 without it).

mod common;

use std::collections::BTreeMap;

use common::{CHEAP, Open, WORDS, World, passphrase};
use keys::{Key, KeyBackend, KeyError, Purpose, RootId, SealedKeys};
use sequencer::storage::Storage;
use sequencer::storage::simulated::{Fault, Loss};

const NEW_WORDS: &str = "new words";
const ORIGIN: &str = "vault.example/contoso";

/// What has been promised so far.
#[derive(Default)]
struct Promises {
    /// Blobs by workspace, purpose and epoch.
    blobs: BTreeMap<(String, Purpose, u64), Vec<u8>>,
    destroyed: Vec<(String, Purpose, u64)>,
    old_root: Option<RootId>,
    is_retired: bool,
    has_signing_key: bool,
}

type Step = fn(&Open, &mut Promises) -> Result<(), KeyError>;

/// What is done, one after the other. Each may be done again when it was interrupted.
const STEPS: &[Step] = &[
    |open, _| add(open, "contoso"),
    |open, _| add(open, "fabrikam"),
    seal_everywhere,
    |open, promises| match SealedKeys::new(open.store.clone()).create("contoso", ORIGIN, &Key::from_bytes([3; 32])) {
        Ok(_) | Err(KeyError::SigningKeyExists { .. }) => {
            promises.has_signing_key = true;
            Ok(())
        }
        Err(error) => Err(error),
    },
    |open, _| open.store.new_epoch("contoso", Purpose::Seeds).map(drop),
    |open, _| open.store.new_epoch("contoso", Purpose::Signing).map(drop),
    |open, _| SealedKeys::new(open.store.clone()).reseal("contoso").map(drop),
    seal_everywhere,
    |open, promises| destroy(open, promises, Purpose::Seeds),
    |open, promises| destroy(open, promises, Purpose::Signing),
    |open, promises| {
        promises.old_root.get_or_insert(open.backend.key_id().map_err(KeyError::Root)?);
        open.backend.rotate().map(drop).map_err(KeyError::Root)
    },
    |open, _| {
        let summary = open.store.rewrap_all(|_| Ok(()))?;
        summary.outcomes.into_iter().try_for_each(|outcome| outcome.result.map(drop))
    },
    |open, promises| {
        let root = promises.old_root.clone().expect("a root");
        open.store.retire_root(&root)?;
        promises.is_retired = true;
        Ok(())
    },
    |open, _| open.backend.change_passphrase(&passphrase(NEW_WORDS), CHEAP).map_err(KeyError::Root),
    seal_everywhere,
];

fn add(open: &Open, workspace: &str) -> Result<(), KeyError> {
    match open.store.add_workspace(workspace) {
        Err(KeyError::WorkspaceExists(_)) => Ok(()),
        other => other,
    }
}

fn seal_everywhere(open: &Open, promises: &mut Promises) -> Result<(), KeyError> {
    for workspace in ["contoso", "fabrikam"] {
        let sealer = open.store.sealer(workspace)?;
        for purpose in Purpose::ALL {
            let mut blob = b"contents".to_vec();
            sealer.seal(purpose, "object", &mut blob)?;
            let (_, epoch) = keys::Sealer::epoch_of("object", &blob)?;
            promises.blobs.insert((workspace.to_string(), purpose, epoch), blob);
        }
    }
    Ok(())
}

fn destroy(open: &Open, promises: &mut Promises, purpose: Purpose) -> Result<(), KeyError> {
    let epoch = ("contoso".to_string(), purpose, 1);
    // From the moment on that it is asked for, it may be gone.
    promises.blobs.remove(&epoch);
    open.store.destroy_epoch("contoso", purpose, 1)?;
    promises.destroyed.push(epoch);
    Ok(())
}

fn check(world: &World, open: &Open, promises: &Promises, case: &str) {
    let unusable: Vec<String> = open.unusable.iter().map(|unusable| unusable.error.to_string()).collect();
    assert!(unusable.is_empty(), "{case}: {unusable:?}");
    for ((workspace, purpose, epoch), blob) in &promises.blobs {
        let mut blob = blob.clone();
        let found = open.store.sealer(workspace).and_then(|sealer| sealer.open(*purpose, "object", &mut blob));
        assert!(found.is_ok(), "{case}: {workspace} {purpose} {epoch}: {found:?}");
        assert_eq!(blob, b"contents");
    }
    for (workspace, purpose, epoch) in &promises.destroyed {
        let infos = open.store.epochs(workspace, *purpose).expect("epochs");
        let info = infos.iter().find(|info| info.epoch == *epoch).expect("the epoch is remembered");
        assert_eq!(info.state, keys::EpochState::Destroyed, "{case}");
    }
    if promises.is_retired {
        let roots = open.backend.roots().expect("roots");
        assert!(promises.old_root.as_ref().is_none_or(|root| !roots.contains(root)), "{case}");
    }
    if promises.has_signing_key {
        let keys = SealedKeys::new(open.store.clone()).open_all("contoso").expect("signing keys");
        assert_eq!(keys.len(), 1, "{case}");
    }
    // No older copy of anything stays.
    for (folder, stem) in [("", "root."), ("contoso", "ring."), ("fabrikam", "ring.")] {
        let names = world.disk.list(folder).expect("names");
        let n_copies = names.iter().filter(|name| name.starts_with(stem)).count();
        assert!(n_copies <= 1, "{case}: {folder} has {names:?}");
    }
}

/// Opens with either passphrase: while it is changed, both may be right.
fn open(world: &World) -> Result<Open, KeyError> {
    world
        .open_with(WORDS)
        .or_else(|error| if world.disk.is_crashed() { Err(error) } else { world.open_with(NEW_WORDS) })
}

/// Goes through the steps with a fault at an operation, restarts, completes them, and restarts once more. Returns the number of
/// operations of the first run.
fn strike(seed: u64, fault: Option<(u64, Fault)>, loss: Loss, case: &str) -> u64 {
    let world = World::new(seed);
    let mut promises = Promises::default();
    if let Some((at, fault)) = fault {
        world.disk.strike(at, fault);
    }
    let mut next = 0;
    let run = |next: &mut usize, promises: &mut Promises| {
        // One fault may strike at the opening, the next try is without it.
        let Ok(open) = open(&world).or_else(|_| open(&world)) else { return };
        while let Some(step) = STEPS.get(*next) {
            // What fails is asked for again.
            if let Err(error) = step(&open, promises).or_else(|_| step(&open, promises)) {
                assert!(world.disk.is_crashed(), "{case}: step {next}: {error:?}");
                return;
            }
            *next += 1;
        }
    };
    run(&mut next, &mut promises);
    let n_operations = world.disk.n_operations();
    world.disk.restart(loss);
    check(&world, &open(&world).expect("it opens"), &promises, case);
    run(&mut next, &mut promises);
    assert_eq!(next, STEPS.len(), "{case}");
    world.disk.restart(Loss::Power);
    let open = world.open_with(NEW_WORDS).expect("it opens");
    check(&world, &open, &promises, case);
    assert!(promises.is_retired && promises.destroyed.len() == 2);
    n_operations
}

#[test]
fn keys_survive_a_fault_at_any_point_and_destroyed_ones_do_not() {
    let n_seeds = std::env::var("VIDIMUS_CRASH_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for seed in 0..n_seeds {
        let n_operations = strike(seed, None, Loss::Power, "no fault");
        assert!(n_operations > 100, "the history does something: {n_operations}");
        for at in 0..n_operations {
            for fault in [Fault::Crash, Fault::Fail, Fault::FailAfter] {
                // One of them each time is enough for a quick run: many points are alike.
                let (is_quick, losses) = (n_seeds == 1, [Loss::Power, Loss::Process]);
                let n_skipped = usize::from(is_quick && at % 2 == 0);
                for loss in losses.into_iter().skip(n_skipped).take(if is_quick { 1 } else { 2 }) {
                    let case = format!("seed {seed}, {fault:?} at operation {at}, loss of {loss:?}");
                    strike(seed, Some((at, fault)), loss, &case);
                }
            }
        }
    }
}

/// A crash in the midst of completing what another crash interrupted.
#[test]
fn a_second_crash_changes_nothing() {
    for at in 0..30 {
        for second in 0..12 {
            let world = World::new(at);
            let mut promises = Promises::default();
            let opened = world.open();
            seal_everywhere(&opened, &mut promises).expect("sealed");
            opened.store.new_epoch("contoso", Purpose::Seeds).expect("an epoch");
            seal_everywhere(&opened, &mut promises).expect("sealed");
            world.disk.strike(at % 15, Fault::Crash);
            let _ = destroy(&opened, &mut promises, Purpose::Seeds);
            drop(opened);
            world.disk.restart(Loss::Power);
            world.disk.strike(second, Fault::Crash);
            drop(world.open_with(WORDS));
            world.disk.restart(if at % 2 == 0 { Loss::Power } else { Loss::Process });
            let open = world.open_with(WORDS).expect("it opens");
            check(&world, &open, &promises, &format!("{at}, then {second}"));
        }
    }
}
