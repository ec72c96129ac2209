//! Every point at which a disk can fail: whatever was acknowledged is there afterwards, provable and in order, and no two
//! checkpoints that anybody saw contradict each other.
//!
//! `VIDIMUS_CRASH_SEEDS` sets how many random histories are tried at every point (1 without it).

mod common;

use common::{Oracle, TestClock, open, random_batch, requests};
use sequencer::storage::Storage;
use sequencer::storage::simulated::{Fault, Loss, Simulated};
use sequencer::{Core, Publisher, Request, SealedBatch};
use stdx::Rng;

/// A history: commits, publications, releases, until something breaks.
struct History {
    rng: Rng,
    number: u64,
    /// Batches without an answer, which the sender submits again.
    unanswered: Vec<SealedBatch>,
}

impl History {
    fn new(seed: u64) -> History {
        History { rng: Rng::from_seed(seed), number: 0, unanswered: Vec::new() }
    }

    /// Goes some steps on; stops early when the core has stopped or the disk is gone.
    fn run(&mut self, n_steps: u64, disk: &Simulated, oracle: &mut Oracle, core: &mut Core, publisher: &mut Publisher) {
        for _ in 0..n_steps {
            if core.stopped().is_some() || disk.is_crashed() {
                return;
            }
            match self.rng.below(8) {
                0..3 => {
                    let mut batches = std::mem::take(&mut self.unanswered);
                    for _ in 0..1 + self.rng.below(3) {
                        batches.push(random_batch(&mut self.rng, self.number));
                        self.number += 1;
                    }
                    for (batch, answer) in batches.iter().zip(core.commit(requests(&batches))) {
                        oracle.answered(batch, &answer);
                        if answer.is_err() {
                            self.unanswered.push(batch.clone());
                        }
                    }
                }
                3..5 => {
                    publisher.add(core.take_commits());
                    if let Ok(frame) = publisher.publish() {
                        core.set_published(frame);
                        oracle.look(disk);
                    }
                }
                5..7 => {
                    for (batch, receipt) in &oracle.acknowledged {
                        core.release_up_to(&batch.workspace, &batch.table, receipt.records.end);
                        let key = (batch.workspace.clone(), batch.table.clone());
                        let released = oracle.released.entry(key).or_default();
                        *released = receipt.records.end.max(*released);
                    }
                    core.recycle();
                }
                _ => {
                    core.commit(vec![Request::Heartbeat { workspace: "contoso".to_string() }]);
                }
            }
        }
    }
}

const N_STEPS: u64 = 26;

/// Runs a history with a fault at an operation, restarts, looks, goes on, and restarts once more. Returns the number of operations
/// of the first run.
fn strike(seed: u64, fault: Option<(u64, Fault)>, loss: Loss) -> u64 {
    let (disk, clock, mut oracle) = (Simulated::new(seed), TestClock::default(), Oracle::default());
    let mut history = History::new(seed);
    if let Some((at, fault)) = fault {
        disk.strike(at, fault);
    }
    if let Ok((mut core, mut publisher)) = open(&disk, &clock, &mut oracle) {
        history.run(N_STEPS, &disk, &mut oracle, &mut core, &mut publisher);
    }
    let n_operations = disk.n_operations();
    if fault.is_none() && seed == 0 {
        let is_used_again = !disk.list("wal").expect("a folder").contains(&"0000000001.wal".to_string());
        assert!(is_used_again, "the history gives up files of the write-ahead log");
    }
    // Others may have seen what is on its way to the disk.
    oracle.look(&disk.snapshot());
    disk.restart(loss);
    // The second start may crash, too.
    let mut rng = Rng::from_seed(seed ^ fault.map_or(0, |(at, _)| at));
    for round in 0..3 {
        if round > 0 && fault.is_some() {
            disk.strike(rng.below(12), Fault::Crash);
        }
        if let Ok((mut core, mut publisher)) = open(&disk, &clock, &mut oracle)
            && core.stopped().is_none()
        {
            history.run(2, &disk, &mut oracle, &mut core, &mut publisher);
        }
        oracle.look(&disk.snapshot());
        disk.restart(if rng.below(2) == 0 { Loss::Power } else { Loss::Process });
        let (core, mut publisher) = open(&disk, &clock, &mut oracle).expect("it starts");
        assert_eq!(core.stopped(), None);
        publisher.publish().expect("it publishes");
        oracle.look(&disk);
        oracle.check(&disk);
    }
    n_operations
}

#[test]
fn i1_i2_i3_whatever_is_acknowledged_survives_a_fault_at_any_point() {
    let n_seeds = std::env::var("VIDIMUS_CRASH_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for seed in 0..n_seeds {
        let n_operations = strike(seed, None, Loss::Power);
        assert!(n_operations > 50, "the history does something");
        for at in 0..n_operations {
            for fault in [Fault::Crash, Fault::Fail, Fault::FailAfter] {
                // One of them each time is enough for a quick run: many points are alike.
                let is_quick = n_seeds == 1;
                for loss in [Loss::Power, Loss::Process]
                    .into_iter()
                    .skip(usize::from(is_quick && at % 2 == 0))
                    .take(if is_quick { 1 } else { 2 })
                {
                    let case = std::panic::catch_unwind(|| strike(seed, Some((at, fault)), loss));
                    assert!(case.is_ok(), "seed {seed}, {fault:?} at operation {at}, loss of {loss:?}");
                }
            }
        }
    }
}
