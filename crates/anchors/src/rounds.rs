//! Which checkpoint the witnesses are asked about, and who waits for it.
//!
//! A quorum has to cosign one and the same checkpoint. So all witnesses are asked about one checkpoint of a log at a time, its round,
//! while others are published; the next round is about the newest then. A witness that is away does not hold up the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use sequencer::{Cosigned, Receipt};
use tlog::note::{NoteSignature, SignedNote};
use tlog::{Checkpoint, Policy};

use crate::ticket::{Slot, WitnessTicket};

/// How long rounds take.
#[derive(Debug, Clone)]
pub struct RoundTimes {
    /// The shortest time from one round to the next, when nobody waits.
    pub every: Duration,
    /// How long the others are waited for once there is a quorum.
    pub grace: Duration,
    /// After so long without a quorum the next round begins if there is something newer.
    pub timeout: Duration,
}

/// The rounds of all logs.
pub struct Rounds {
    policy: Policy,
    times: RoundTimes,
    n_witnesses: usize,
    waiting_max: usize,
    n_waiting: usize,
    logs: BTreeMap<String, LogRounds>,
}

#[derive(Default)]
struct LogRounds {
    /// The newest checkpoint that is published, and its size.
    newest: Option<(u64, Arc<SignedNote>)>,
    round: Option<Round>,
    /// The newest checkpoint with a quorum, and its size.
    witnessed: Option<(u64, Arc<SignedNote>)>,
    /// Whoever waits for a checkpoint that covers an entry.
    waiting: Vec<(u64, Weak<Slot>)>,
}

struct Round {
    size: u64,
    note: Arc<SignedNote>,
    /// The same with the cosignatures that have come.
    cosigned: SignedNote,
    begun: Instant,
    /// The witnesses that need not be asked any more.
    answered: BTreeSet<usize>,
    has_quorum: bool,
}

/// A checkpoint to be submitted to a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub workspace: String,
    pub note: Arc<SignedNote>,
}

impl Rounds {
    pub fn new(policy: Policy, times: RoundTimes, n_witnesses: usize, waiting_max: usize) -> Rounds {
        Rounds { policy, times, n_witnesses, waiting_max, n_waiting: 0, logs: BTreeMap::new() }
    }

    /// Takes a checkpoint with a quorum that an earlier run has kept; one without is passed over.
    pub fn resume(&mut self, workspace: &str, note: SignedNote) {
        let Ok(checkpoint) = Checkpoint::parse(&note.text) else { return };
        if self.policy.check_quorum(&note).is_ok() {
            self.logs.entry(workspace.to_string()).or_default().witnessed = Some((checkpoint.size, Arc::new(note)));
        }
    }

    /// Takes a checkpoint that was published.
    pub fn offer(&mut self, workspace: &str, note: Arc<SignedNote>) {
        let Ok(checkpoint) = Checkpoint::parse(&note.text) else { return };
        let log = self.logs.entry(workspace.to_string()).or_default();
        if log.newest.as_ref().is_none_or(|(size, _)| *size < checkpoint.size) {
            log.newest = Some((checkpoint.size, note));
        }
    }

    /// Returns what a witness is to be asked next: of the logs for which `may_ask` holds, the first after the last one that it was
    /// asked about.
    pub fn next_job(
        &mut self,
        witness: usize,
        last: &str,
        now: Instant,
        may_ask: impl Fn(&str) -> bool,
    ) -> Option<Job> {
        let (n_witnesses, times) = (self.n_witnesses, &self.times);
        let mut jobs = self.logs.iter_mut().filter_map(|(workspace, log)| {
            log.advance(now, times, n_witnesses);
            let round = log.round.as_ref().filter(|round| !round.answered.contains(&witness))?;
            may_ask(workspace).then(|| Job { workspace: workspace.clone(), note: round.note.clone() })
        });
        let mut first = None;
        jobs.find(|job| {
            first.get_or_insert_with(|| job.clone());
            job.workspace.as_str() > last
        })
        .or(first)
    }

    /// Takes a witness's verified cosignature and returns what is to be published.
    pub fn cosigned(&mut self, witness: usize, job: &Job, cosignature: NoteSignature) -> Option<Cosigned> {
        let log = self.logs.get_mut(&job.workspace)?;
        let round = log.round.as_mut().filter(|round| round.note.text == job.note.text)?;
        round.answered.insert(witness);
        round.cosigned.signatures.retain(|other| other.id != cosignature.id || other.name != cosignature.name);
        round.cosigned.signatures.push(cosignature);
        round.has_quorum = self.policy.check_quorum(&round.cosigned).is_ok();
        let (note, has_quorum) = (round.cosigned.clone(), round.has_quorum);
        if has_quorum {
            let witnessed = Arc::new(note.clone());
            log.witnessed = Some((round.size, witnessed.clone()));
            let covered = log.waiting.extract_if(.., |(entry, _)| *entry < round.size);
            for (_, slot) in covered {
                self.n_waiting = self.n_waiting.saturating_sub(1);
                if let Some(slot) = slot.upgrade() {
                    slot.answer(Some(witnessed.clone()));
                }
            }
        }
        Some(Cosigned { workspace: job.workspace.clone(), note, has_quorum })
    }

    /// Takes note that a witness will not cosign what it was asked to, and need not be asked again.
    pub fn passed_over(&mut self, witness: usize, job: &Job) {
        let round = self.logs.get_mut(&job.workspace).and_then(|log| log.round.as_mut());
        if let Some(round) = round.filter(|round| round.note.text == job.note.text) {
            round.answered.insert(witness);
        }
    }

    /// Lets a receipt wait for its witnesses. When too many wait already, it is answered at once as it is.
    pub fn wait(&mut self, workspace: &str, receipt: Receipt) -> WitnessTicket {
        let slot = Arc::new(Slot::default());
        if self.n_waiting >= self.waiting_max {
            self.forget_the_gone();
        }
        let log = self.logs.entry(workspace.to_string()).or_default();
        match &log.witnessed {
            Some((size, note)) if receipt.entry < *size => slot.answer(Some(note.clone())),
            _ if self.n_waiting >= self.waiting_max => slot.answer(None),
            _ => {
                log.waiting.push((receipt.entry, Arc::downgrade(&slot)));
                self.n_waiting += 1;
            }
        }
        WitnessTicket::new(receipt, slot)
    }

    /// Answers everybody that nobody will cosign any more.
    pub fn give_up(&mut self) {
        for (_, slot) in self.logs.values_mut().flat_map(|log| log.waiting.drain(..)) {
            if let Some(slot) = slot.upgrade() {
                slot.answer(None);
            }
        }
        self.n_waiting = 0;
    }

    /// Returns the size of the newest checkpoint with a quorum, by workspace.
    pub fn witnessed_sizes(&self) -> BTreeMap<String, u64> {
        let sizes =
            self.logs.iter().filter_map(|(workspace, log)| Some((workspace.clone(), log.witnessed.as_ref()?.0)));
        sizes.collect()
    }

    /// Forgets those who have stopped waiting.
    fn forget_the_gone(&mut self) {
        self.n_waiting = 0;
        for log in self.logs.values_mut() {
            log.waiting.retain(|(_, slot)| slot.strong_count() > 0);
            self.n_waiting += log.waiting.len();
        }
    }
}

impl LogRounds {
    /// Begins the next round if it is time.
    fn advance(&mut self, now: Instant, times: &RoundTimes, n_witnesses: usize) {
        let Some((size, note)) = &self.newest else { return };
        if let Some(round) = &self.round {
            let took = now.saturating_duration_since(round.begun);
            let is_over = round.answered.len() >= n_witnesses
                || (round.has_quorum && took >= times.grace)
                || took >= times.timeout;
            let is_due = took >= times.every || !self.waiting.is_empty();
            if round.size >= *size || !is_over || !is_due {
                return;
            }
        }
        self.round = Some(Round {
            size: *size,
            note: note.clone(),
            cosigned: SignedNote::clone(note),
            begun: now,
            answered: BTreeSet::new(),
            has_quorum: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use sequencer::Level;
    use tlog::Hash;
    use tlog::note::Signer;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn witness(number: usize) -> Signer {
        Signer::witness(&format!("w{number}.example"), &[number as u8 + 10; 32]).expect("a key")
    }

    fn note(size: u64) -> Arc<SignedNote> {
        let log = Signer::log("log.example", &[1; 32]).expect("a key");
        let checkpoint = Checkpoint { origin: "log.example".to_string(), size, root: Hash::of(&size.to_be_bytes()) };
        Arc::new(SignedNote::sign(checkpoint.text(), &log))
    }

    fn rounds(waiting_max: usize) -> Rounds {
        let vkey = |number| witness(number).verifier().to_string();
        let policy = format!("witness A {}\nwitness B {}\ngroup G 2 A B\nquorum G\n", vkey(0), vkey(1));
        let times = RoundTimes { every: SECOND, grace: SECOND, timeout: SECOND * 10 };
        Rounds::new(Policy::parse(&policy).expect("a policy"), times, 2, waiting_max)
    }

    fn receipt(entry: u64) -> Receipt {
        Receipt { level: Level::Committed, entry, records: 0..1, time: None, checkpoint: note(entry + 1) }
    }

    fn job(rounds: &mut Rounds, idx: usize, now: Instant) -> Option<Job> {
        rounds.next_job(idx, "", now, |_| true)
    }

    fn cosign(rounds: &mut Rounds, idx: usize, job: &Job) -> Option<(usize, bool)> {
        let cosigned = rounds.cosigned(idx, job, witness(idx).sign(&job.note.text, 1_700_000_000))?;
        Some((cosigned.note.signatures.len(), cosigned.has_quorum))
    }

    #[test]
    fn all_are_asked_about_the_same_checkpoint() {
        let (mut rounds, now) = (rounds(10), Instant::now());
        rounds.offer("a", note(1));
        let first = job(&mut rounds, 0, now).expect("a job");
        rounds.offer("a", note(2));
        rounds.offer("a", note(3));
        rounds.offer("a", note(2));
        assert_eq!(cosign(&mut rounds, 0, &first), Some((2, false)));
        assert_eq!(job(&mut rounds, 0, now + SECOND * 9), None, "the other has not answered");
        assert_eq!(job(&mut rounds, 1, now), Some(first.clone()));
        assert_eq!(cosign(&mut rounds, 1, &first), Some((3, true)));
        assert_eq!(job(&mut rounds, 0, now), None, "not so soon");
        let second = job(&mut rounds, 0, now + SECOND).expect("a job");
        assert_eq!(second.note, note(3), "the newest");
        assert_eq!(cosign(&mut rounds, 0, &first), None, "too late");
        // One that does not answer holds up the other for a while only.
        assert_eq!(cosign(&mut rounds, 0, &second), Some((2, false)));
        rounds.offer("a", note(4));
        assert_eq!(job(&mut rounds, 0, now + SECOND * 10), None);
        assert_eq!(job(&mut rounds, 0, now + SECOND * 11).map(|job| job.note), Some(note(4)));
        assert_eq!(rounds.witnessed_sizes(), [("a".to_string(), 1)].into());
    }

    #[test]
    fn logs_take_turns() {
        let (mut rounds, now) = (rounds(10), Instant::now());
        for workspace in ["a", "b", "c"] {
            rounds.offer(workspace, note(1));
        }
        let mut next = |last: &str, refused: &str| {
            rounds.next_job(0, last, now, |workspace| workspace != refused).map(|job| job.workspace)
        };
        assert_eq!(next("", "").as_deref(), Some("a"));
        assert_eq!(next("a", "").as_deref(), Some("b"));
        assert_eq!(next("a", "b").as_deref(), Some("c"));
        assert_eq!(next("c", "").as_deref(), Some("a"));
    }

    #[test]
    fn receipts_wait_for_what_covers_them_and_not_too_many_do() {
        let (mut rounds, now) = (rounds(2), Instant::now());
        let (covered, beyond) = (rounds.wait("a", receipt(0)), rounds.wait("a", receipt(1)));
        let refused = rounds.wait("a", receipt(0));
        assert_eq!(refused.wait(SECOND).level, Level::Committed);
        rounds.offer("a", note(1));
        let round = job(&mut rounds, 0, now).expect("a job");
        rounds.offer("a", note(2));
        cosign(&mut rounds, 0, &round);
        cosign(&mut rounds, 1, &round);
        let witnessed = covered.wait(Duration::ZERO);
        assert_eq!((witnessed.level, witnessed.entry, witnessed.checkpoint.signatures.len()), (Level::Witnessed, 0, 3));
        assert_eq!(rounds.wait("a", receipt(0)).wait(Duration::ZERO).level, Level::Witnessed);
        assert_eq!(job(&mut rounds, 0, now).map(|job| job.note), Some(note(2)), "at once, for somebody waits");
        // Whoever stops waiting makes room.
        let other = rounds.wait("b", receipt(0));
        drop(beyond);
        let last = rounds.wait("b", receipt(0));
        rounds.give_up();
        for ticket in [other, last] {
            assert_eq!(ticket.wait(Duration::from_secs(60)).level, Level::Committed);
        }
    }
}
