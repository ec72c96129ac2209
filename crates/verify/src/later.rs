//! What a log says beyond the checkpoint that is verified, while another process writes it: files that the checkpoint covers may be
//! replaced and removed meanwhile. Only entries under a newer checkpoint, signed and grown from the one that is
//! verified, excuse that.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use extents::Catalog;
use sequencer::{checkpoint_path, read_entries};
use tlog::entry::Extent;
use tlog::note::SignedNote;
use tlog::tile::{TILE_WIDTH, Tile};
use tlog::tree::TreeBuilder;
use tlog::{Checkpoint, Hash, Policy};

use crate::log::LogContent;
use crate::run::Run;

/// How long an entry that excuses what is missing is waited for: it is published a little after it is sealed.
const WAIT: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

/// The newest state of a log that was looked at.
#[derive(Default)]
pub struct Later {
    state: Mutex<Option<Arc<State>>>,
    /// Who signs the log.
    policy: Option<Policy>,
}

struct State {
    size: u64,
    catalog: Catalog,
}

impl Later {
    /// Takes whose signatures count.
    pub fn new(policy: Option<Policy>) -> Later {
        Later { state: Mutex::default(), policy }
    }

    /// Returns whether a file that was live is so no more.
    pub fn is_replaced(&self, run: &Run<'_>, content: &LogContent, table: &str, extent: &Extent) -> bool {
        let is_live = |table: &extents::TableCatalog| table.live.contains_key(&extent.file);
        self.holds(run, content, |state| !state.catalog.tables.get(table).is_some_and(is_live))
    }

    /// Returns whether something holds in what the log says by now, or says in a moment.
    fn holds(&self, run: &Run<'_>, content: &LogContent, what: impl Fn(&State) -> bool) -> bool {
        if !run.is_in_use || !content.is_complete {
            return false;
        }
        let begun = Instant::now();
        loop {
            let known = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let newer = self.read(run, content, known.as_ref().map_or(content.size, |state| state.size));
            if let Some(newer) = newer {
                *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(newer.clone());
                if what(&newer) {
                    return true;
                }
            } else if known.is_some_and(|known| what(&known)) {
                return true;
            }
            if begun.elapsed() >= WAIT {
                return false;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Reads what is published by now, if that is more than `size` entries and grown from what is verified.
    fn read(&self, run: &Run<'_>, content: &LogContent, size: u64) -> Option<Arc<State>> {
        let note = std::fs::read(run.path(&checkpoint_path(&content.workspace))).ok()?;
        let note = SignedNote::parse(&note).ok()?;
        let checkpoint = match &self.policy {
            Some(policy) => policy.check_log(&note).ok()?.0,
            None => Checkpoint::parse(&note.text).ok()?,
        };
        if checkpoint.size <= size {
            return None;
        }
        let mut state = State { size: checkpoint.size, catalog: content.catalog.clone() };
        let mut tree = TreeBuilder::new();
        let n_known = usize::try_from(content.size).ok()?;
        tree.extend(content.leaves.get(..n_known)?.iter().copied());
        let mut next = content.size;
        while next < checkpoint.size {
            let tile = Tile::of_log(0, next / TILE_WIDTH, checkpoint.size)?;
            let entries = read_entries(&run.storage, &content.workspace, tile)?;
            for entry in entries.iter().skip((next % TILE_WIDTH) as usize) {
                tree.append(Hash::leaf(entry));
                state.catalog.add(entry).ok()?;
                next += 1;
            }
        }
        (tree.root() == checkpoint.root).then(|| Arc::new(state))
    }
}
