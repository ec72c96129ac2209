//! The process that is killed: it opens a store and works on it with many threads, and prints every answer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use ingest::{Answer, Encryption, IngestError, Selection, Vault, VaultError, VaultOptions, Wanted};
use lifecycle::{Document, Hold, HoldLift};
use sequencer::{OpenError, Options, SequencerOptions, WalOptions};
use stdx::{Rng, SystemClock};

use super::sending::{ROUND, Sending, WORKSPACES, columns, new_column, own_request, own_workspace};

/// The store to work on; without it there is nothing to do.
pub const STORE: &str = "VIDIMUS_CRASH_STORE";
/// The round, from which the numbers of requests follow.
pub const ROUND_NUMBER: &str = "VIDIMUS_CRASH_ROUND";
/// The table whose records are destroyed again and again.
pub const GONE_TABLE: &str = "Gone";
/// Threads that send; each has every third request.
pub const N_SENDERS: u64 = 3;
/// How long it lives when nobody kills it.
const LIFE: Duration = Duration::from_secs(20);
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Sizes so small that files are begun, filled and given up all the time.
pub fn options() -> VaultOptions {
    let wal = WalOptions { segment_bytes: 64 << 10, segments_max: 6 };
    let sequencer = SequencerOptions {
        core: Options { wal, request_window: 400, ..Options::default() },
        publish_every: Duration::from_millis(5),
        heartbeat_every: Some(Duration::from_millis(100)),
        ..SequencerOptions::default()
    };
    VaultOptions {
        sequencer,
        flush_rows: 300,
        flush_after: Duration::from_millis(200),
        keep_every: Some(Duration::from_millis(30)),
        ..VaultOptions::default()
    }
}

/// How the names of folders of encrypted stores begin.
pub const ENCRYPTED: &str = "encrypted-";

fn is_encrypted(store: &Path) -> bool {
    store.file_name().is_some_and(|name| name.to_string_lossy().starts_with(ENCRYPTED))
}

pub fn open(store: &Path) -> Result<Vault, VaultError> {
    let encryption = if is_encrypted(store) { super::encrypted() } else { Encryption::None };
    Vault::open(store, Arc::new(SystemClock), VaultOptions { encryption, ..options() })
}

/// Returns whether another process has the store.
fn is_locked(error: &VaultError) -> bool {
    use keys::{BackendError, KeyError};
    matches!(
        error,
        VaultError::Sequencer(OpenError::Locked)
            | VaultError::Keys(KeyError::Locked | KeyError::Root(BackendError::InUse))
    )
}

/// Prints a line of fields. When nobody listens any more, the process ends.
fn tell(fields: &[&str]) {
    let line = fields.join("\t").replace('\n', "|") + "\n";
    let mut stdout = std::io::stdout().lock();
    if stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(1);
    }
}

/// Tells of something that must not happen.
fn complain(what: &str, error: &dyn std::fmt::Debug) {
    tell(&["bad", what, &format!("{error:?}")]);
}

/// Sends a request; while there is no room again and again if it has an id. One without is not sent twice: a part of it may be taken.
pub fn send(vault: &Vault, sending: &Sending) -> Result<Answer, IngestError> {
    let Sending { workspace, table, body, id, .. } = sending;
    let begin = Instant::now();
    loop {
        let taken = vault.take(workspace, table, body.as_bytes(), id.as_deref());
        match taken.and_then(|pending| block_on(pending.finish())) {
            Err(IngestError::Busy { .. }) if id.is_some() && begin.elapsed() < LIFE => {
                std::thread::sleep(Duration::from_millis(2))
            }
            other => return other,
        }
    }
}

/// Sends a request and tells of the answer.
fn send_and_tell(vault: &Vault, sending: &Sending) -> Option<Answer> {
    let answer = match send(vault, sending) {
        Ok(answer) => answer,
        Err(IngestError::Busy { .. }) if sending.id.is_none() => return None,
        Err(error) => {
            complain("a request was refused", &error);
            return None;
        }
    };
    let receipts = |receipts: &[tlog::Receipt]| receipts.iter().map(tlog::Receipt::to_text).collect::<Vec<_>>();
    let (taken, rejected) = (receipts(&answer.receipts), receipts(&answer.quarantine_receipts));
    let [number, n_taken, n_rejected] =
        [sending.number, taken.len() as u64, rejected.len() as u64].map(|n| n.to_string());
    let mut fields = vec!["ack", &number, &n_taken, &n_rejected];
    fields.extend(taken.iter().chain(&rejected).map(String::as_str));
    tell(&fields);
    Some(answer)
}

/// Works until somebody kills the process.
pub fn run(store: &Path, round: u64) {
    // The test harness may have begun a line.
    tell(&[""]);
    let begin = Instant::now();
    // A process that the parent starts for another store has its files, and so the lock, until it is another program.
    let mut opened = open(store);
    while opened.as_ref().is_err_and(is_locked) && begin.elapsed() < LOCK_WAIT {
        std::thread::sleep(Duration::from_millis(2));
        opened = open(store);
    }
    let vault = match opened {
        Ok(vault) => vault,
        Err(error) => return complain("the store does not open", &error),
    };
    for workspace in WORKSPACES {
        if vault.workspace(workspace).is_none()
            && let Err(error) = vault.create_workspace(workspace)
        {
            complain("a workspace cannot be made", &error);
        }
        for table in ["Events", "Wide"] {
            if let Err(error) = vault.ensure_table(workspace, table, &columns()) {
                complain("a table cannot be made", &error);
            }
        }
    }
    tell(&["open"]);
    let answered: Mutex<Vec<(String, String, u64)>> = Mutex::default();
    let is_over = || begin.elapsed() > LIFE;
    std::thread::scope(|scope| {
        for thread in 0..N_SENDERS {
            let (vault, answered) = (&vault, &answered);
            scope.spawn(move || {
                let mut rng = Rng::from_seed(round * N_SENDERS + thread);
                for number in (0..).map(|n| round * ROUND + n * N_SENDERS + thread).take_while(|_| !is_over()) {
                    let sending = Sending::new(number);
                    if sending.table == "Wide"
                        && let Err(error) = vault.ensure_table(&sending.workspace, "Wide", &[new_column(number)])
                    {
                        complain("a column cannot be added", &error);
                    }
                    let Some(answer) = send_and_tell(vault, &sending) else { continue };
                    if sending.id.is_some() && rng.below(4) == 0 {
                        match send(vault, &sending) {
                            Ok(again) if again == answer => {}
                            other => complain("a repetition has another answer", &other),
                        }
                    }
                    for receipt in &answer.receipts {
                        let place = (sending.workspace.clone(), sending.table.to_string(), receipt.entry);
                        answered.lock().expect("not poisoned").push(place);
                    }
                }
            });
        }
        if is_encrypted(store) {
            scope.spawn(|| match vault.rotate_root_key(None, "a test", &["round".to_string()]) {
                Ok(rotation) => {
                    for (workspace, error) in
                        rotation.workspaces.iter().filter_map(|(name, r)| Some((name, r.as_ref().err()?)))
                    {
                        complain("a workspace is not under the new root key", &(workspace, error));
                    }
                }
                Err(error) => complain("the root key is not rotated", &error),
            });
        }
        scope.spawn(|| {
            let name = own_workspace(round);
            let made = vault.create_workspace(&name).err().map(|error| error.to_string());
            let made = made.or(vault.ensure_table(&name, "Events", &columns()).err().map(|error| error.to_string()));
            match made {
                None => drop(send_and_tell(&vault, &Sending::new(own_request(round)))),
                Some(error) => complain("a workspace cannot be made", &error),
            }
        });
        scope.spawn(|| {
            while !is_over() {
                if let Err(error) = vault.flush() {
                    complain("a file cannot be written", &error);
                }
                std::thread::sleep(Duration::from_millis(8));
            }
        });
        scope.spawn(|| {
            let mut rng = Rng::from_seed(round + 1);
            for turn in (0..).take_while(|_| !is_over()) {
                std::thread::sleep(Duration::from_millis(15));
                govern(&vault, &format!("{round}-{turn}"), &answered, &mut rng);
            }
        });
        scope.spawn(|| {
            let mut rng = Rng::from_seed(round);
            while !is_over() {
                std::thread::sleep(Duration::from_millis(10));
                look(&vault, &answered, &mut rng);
            }
        });
    });
}

/// Does what those do who are in charge of records: erases a text, sets and lifts a hold, destroys all records of a table.
fn govern(vault: &Vault, name: &str, answered: &Mutex<Vec<(String, String, u64)>>, rng: &mut Rng) {
    let [reason, authority] = ["a test", "test/1"].map(str::to_string);
    let answered = answered.lock().expect("not poisoned").clone();
    let done = match rng.below(4) {
        0 => {
            let hold = Hold { name: name.to_string(), tables: vec!["None".to_string()], from: None, to: None, reason };
            let lift = HoldLift { name: name.to_string(), reason: "over".to_string() };
            let [hold, lift] = [Document::Hold(hold), Document::HoldLift(lift)];
            [hold, lift]
                .into_iter()
                .try_for_each(|act| vault.govern("contoso", act, std::slice::from_ref(&authority)).map(drop))
        }
        1 => {
            let taken = vault.ensure_table("fabrikam", GONE_TABLE, &columns());
            let taken = taken.and_then(|_| vault.take("fabrikam", GONE_TABLE, b"{\"N\":1}", None));
            match taken.and_then(|pending| block_on(pending.finish())) {
                Ok(_) => vault.purge("fabrikam", GONE_TABLE, i64::MAX, &reason, &[authority]).map(drop),
                Err(IngestError::Busy { .. }) => Ok(()),
                Err(error) => return complain("a record is not taken", &error),
            }
        }
        _ => match answered.get(rng.below(answered.len() as u64) as usize) {
            None => Ok(()),
            Some((workspace, table, entry)) => {
                let (selection, columns) = (Selection::Records([(*entry, 0)].into()), ["Text".to_string()]);
                let erased = vault.erase(workspace, table, &selection, &columns, &reason, &[authority]);
                erased.map(|_| tell(&["erased", workspace, table, &entry.to_string()]))
            }
        },
    };
    if let Err(error) = done {
        complain("an act of governance failed", &error);
    }
}

/// Reads as others do meanwhile: snapshots, published checkpoints, evidence.
fn look(vault: &Vault, answered: &Mutex<Vec<(String, String, u64)>>, rng: &mut Rng) {
    for workspace in WORKSPACES {
        let path = vault.root().join(sequencer::checkpoint_path(workspace));
        if let Ok(note) = std::fs::read_to_string(path) {
            tell(&["note", workspace, &note]);
        }
        for table in vault.workspace(workspace).iter().flat_map(|workspace| workspace.tables()) {
            if let Err(error) = table.snapshot() {
                complain("a snapshot cannot be had", &error);
            }
        }
    }
    let answered = answered.lock().expect("not poisoned").clone();
    if let Some((workspace, table, entry)) = answered.get(rng.below(answered.len() as u64) as usize) {
        let wanted = BTreeMap::from([(table.clone(), Wanted::Rows([(*entry, 0)].into()))]);
        if let Err(error) = vault.prove(workspace, &wanted, &BTreeSet::new()) {
            complain("a record cannot be proved", &error);
        }
    }
}
