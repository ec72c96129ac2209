//! Starting: what the write-ahead log and the published logs say becomes workspaces and tables again.
//!
//! ```text
//! write-ahead log ─ every batch in it ─► those that no live file has become the hot tail
//! published log ─ every entry, against the signed root ─► catalog ─► live files, opened; files that no entry names are removed
//! ```

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::time::Duration;

use extents::{Catalog, ExtentFile, HotBatch, SealTimes, StoredSchema, TableCatalog};
use sequencer::storage::{Disk, Storage, replace};
use sequencer::{Sequencer, StoredBatch, checkpoint_path, read_entries};
use stdx::{Clock, crash_point};
use tlog::entry::{Act, SeqRange};
use tlog::note::SignedNote;
use tlog::record::SchemaDoc;
use tlog::tile::{TILE_WIDTH, Tile};
use tlog::tree::TreeBuilder;
use tlog::{Checkpoint, Hash};

use crate::acts::{document_path, read_rules};
use crate::at_rest::{AtRest, StoreKeys};
use crate::error::VaultError;
use crate::seal::from_payload;
use crate::table::{Table, TableState};
use crate::vault::{Inner, Vault, VaultOptions};
use crate::workspace::Workspace;

/// How long a start waits for what was durable before it to be published.
const PUBLISH_WAIT: Duration = Duration::from_secs(300);
const PUBLISH_LOOK: Duration = Duration::from_millis(5);

impl Vault {
    /// Opens the store in a folder, making it if it is empty.
    ///
    /// # Errors
    /// When another process has it, it is encrypted otherwise than the options say, its keys do not open, the write-ahead log or the log of a workspace is damaged, or the folder cannot be used. A damaged
    /// file of records is no error here: its table says so when it is asked.
    pub fn open(root: impl Into<PathBuf>, clock: Arc<dyn Clock>, options: VaultOptions) -> Result<Vault, VaultError> {
        Vault::open_with(root.into(), clock, options, Vec::new())
    }

    /// Opens a store whose write-ahead log lacks batches that its log has, which are given.
    pub(crate) fn open_with(
        root: PathBuf,
        clock: Arc<dyn Clock>,
        mut options: VaultOptions,
        batches: Vec<StoredBatch>,
    ) -> Result<Vault, VaultError> {
        let storage: Arc<dyn Storage> = Arc::new(Disk::open(&root).map_err(VaultError::io(&root))?);
        let is_new = storage.read("origin").map_err(VaultError::io(root.join("origin")))?.is_none();
        let encryption = std::mem::take(&mut options.encryption);
        let keys = StoreKeys::open(&root, is_new, &encryption, clock.clone())?;
        drop(encryption);
        let origin = origin(&*storage, &root)?;
        let mut stored: BTreeMap<(String, String), Vec<StoredBatch>> = BTreeMap::new();
        for batch in batches {
            stored.entry((batch.workspace.clone(), batch.batch.table.clone())).or_default().push(batch);
        }
        let sequencer = Sequencer::open(
            storage.clone(),
            clock.clone(),
            Box::new(keys.clone()),
            options.sequencer.clone(),
            |batch| {
                stored.entry((batch.workspace.clone(), batch.batch.table.clone())).or_default().push(batch);
            },
        )?;
        crash_point("open.recovered");
        wait_for_publication(&sequencer)?;
        crash_point("open.published");
        keys.remove_remains().map_err(VaultError::io(keys.path()))?;
        let mut workspaces = BTreeMap::new();
        for name in keys.workspaces().map_err(VaultError::io(keys.path()))? {
            let at_rest = keys.at_rest(&name)?;
            let catalog = read_log(&*storage, &name)?;
            let mut tables = BTreeMap::new();
            let mut known: Vec<String> = catalog.tables.keys().cloned().collect();
            known.extend(schema_tables(&*storage, &name)?);
            known.sort();
            known.dedup();
            for table in known {
                let of_table = catalog.tables.get(&table).cloned().unwrap_or_default();
                let batches = stored.remove(&(name.clone(), table.clone())).unwrap_or_default();
                let state = open_table(&*storage, &root, &name, &at_rest, &table, of_table, batches)?;
                for SeqRange { first, count } in
                    state.catalog.stored().into_iter().take(1).filter(|range| range.first == 0)
                {
                    sequencer.release_up_to(&name, &table, first + count);
                }
                tables.insert(table.clone(), Arc::new(Table::new(&table, state)));
            }
            remove_orphans(&root, &name, &tables)?;
            remove_unsealed(&root, &name, &catalog.acts)?;
            let governance = read_rules(&*storage, &name, &catalog.acts);
            workspaces.insert(name.clone(), Arc::new(Workspace::new(&name, &root, at_rest, tables, governance)));
        }
        let n_hot_bytes = workspaces.values().map(|workspace| workspace.n_hot_bytes()).sum();
        Vault::start(Inner {
            root,
            storage,
            sequencer,
            clock,
            options,
            keys,
            origin,
            workspaces: RwLock::new(workspaces),
            n_hot_bytes: Arc::new(AtomicUsize::new(n_hot_bytes)),
            flush_failure: Mutex::new(None),
            keep_failure: Mutex::new(None),
            forgetting: Mutex::new(()),
            closing: Mutex::new(false),
            closed: Condvar::new(),
        })
    }
}

/// Returns the first part of the origins of the store's logs, which is made when the store is.
fn origin(storage: &dyn Storage, root: &Path) -> Result<String, VaultError> {
    let path = root.join("origin");
    if let Some(bytes) = storage.read("origin").map_err(VaultError::io(&path))? {
        let text = String::from_utf8_lossy(&bytes).trim().to_string();
        return Ok(text);
    }
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| VaultError::Random(error.to_string()))?;
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let origin = format!("vidimus.invalid/{digits}");
    replace(storage, "origin", format!("{origin}\n").as_bytes()).map_err(VaultError::io(&path))?;
    Ok(origin)
}

fn names(storage: &dyn Storage, folder: &str) -> Result<Vec<String>, VaultError> {
    storage.list(folder).map_err(VaultError::io(folder))
}

/// Waits until all that was durable before the start can be read in the published logs.
fn wait_for_publication(sequencer: &Sequencer) -> Result<(), VaultError> {
    let n_looks = PUBLISH_WAIT.as_millis() / PUBLISH_LOOK.as_millis().max(1);
    let mut why = String::new();
    for _ in 0..n_looks {
        let status = sequencer.status();
        if let Some(stop) = status.stopped {
            return Err(VaultError::NotPublished { why: stop.to_string() });
        }
        if status.logs.values().all(|log| log.published_size >= log.size) {
            return Ok(());
        }
        why = status.publish_error.unwrap_or_default();
        std::thread::sleep(PUBLISH_LOOK);
    }
    Err(VaultError::NotPublished { why })
}

/// Reads a workspace's log and compares it with the root that is signed.
pub(crate) fn read_log(storage: &dyn Storage, workspace: &str) -> Result<Catalog, VaultError> {
    let damaged = |why: String| VaultError::Log { workspace: workspace.to_string(), why };
    let path = checkpoint_path(workspace);
    let Some(bytes) = storage.read(&path).map_err(VaultError::io(&path))? else { return Ok(Catalog::default()) };
    let form = |source| VaultError::Form { path: PathBuf::from(&path), what: "signed checkpoint", source };
    let note = SignedNote::parse(&bytes).map_err(form)?;
    let Checkpoint { size, root, .. } = Checkpoint::parse(&note.text).map_err(form)?;
    let mut catalog = Catalog::default();
    let mut tree = TreeBuilder::new();
    for index in 0..size.div_ceil(TILE_WIDTH) {
        let Some(tile) = Tile::of_log(0, index, size) else { break };
        let entries = read_entries(storage, workspace, tile);
        let entries = entries.ok_or_else(|| damaged(format!("`{}` is missing or damaged", tile.entries_path())))?;
        for entry in entries {
            tree.append(Hash::leaf(&entry));
            let catalog_error = |source| VaultError::Catalog { workspace: workspace.to_string(), source };
            catalog.add(&entry).map_err(catalog_error)?;
        }
    }
    if tree.root() != root {
        return Err(damaged(format!("its entries have the root {}, and {root} is signed", tree.root())));
    }
    Ok(catalog)
}

/// Returns the tables that have columns, whether they have records or not.
fn schema_tables(storage: &dyn Storage, workspace: &str) -> Result<Vec<String>, VaultError> {
    let names = names(storage, &format!("ws/{workspace}/schema"))?;
    // Half a file that a process left behind is no version.
    let table = |name: &String| {
        let (table, id) = name.rsplit_once('@')?;
        id.parse::<u32>().is_ok().then(|| table.to_string())
    };
    Ok(names.iter().filter_map(table).collect())
}

fn open_table(
    storage: &dyn Storage,
    root: &Path,
    workspace: &str,
    at_rest: &AtRest,
    table: &str,
    catalog: TableCatalog,
    batches: Vec<StoredBatch>,
) -> Result<TableState, VaultError> {
    let mut state = TableState::new();
    state.seal_times = catalog.batches.iter().map(|batch| (batch.entry, batch.time)).collect::<SealTimes>().into();
    state.catalog = catalog;
    read_schemas(storage, workspace, table, &mut state)?;
    let folder = root.join("ws").join(workspace);
    for (hash, live) in &state.catalog.live {
        let opened = ExtentFile::open_sealed(&folder, live.extent.clone(), at_rest.sealer());
        state.files.insert(*hash, opened.map(Arc::new).map_err(Arc::new));
    }
    let mut kept = state.catalog.stored();
    for mut stored in batches {
        let range = SeqRange { first: stored.batch.first, count: stored.batch.count };
        let end = stored.batch.end();
        let is_stored = |by: &SeqRange| by.first <= range.first && end <= by.first.saturating_add(by.count);
        if kept.iter().any(is_stored) {
            continue;
        }
        at_rest.open_batch(&mut stored)?;
        let StoredBatch { entry, batch, leaf_material, payload, .. } = stored;
        let internal = |why: String| VaultError::Log { workspace: workspace.to_string(), why };
        let rows =
            from_payload(&payload).map_err(|error| internal(format!("the records of entry {entry}: {error}")))?;
        let leaf_material = Arc::from(leaf_material);
        let hot = HotBatch { entry, records: range, schema_id: batch.schema_id, leaf_material, since: batch.time };
        state.hot.push(hot, &rows).map_err(|error| internal(error.to_string()))?;
        state.hot.settle().map_err(|error| internal(error.to_string()))?;
        kept.push(range);
    }
    state.missing = missing(kept, state.catalog.next());
    Ok(state)
}

/// Returns the runs of records below `next` that are in none of the ranges.
fn missing(mut kept: Vec<SeqRange>, next: u64) -> Vec<SeqRange> {
    kept.sort_by_key(|range| range.first);
    kept.push(SeqRange { first: next, count: 0 });
    let mut missing = Vec::new();
    let mut end = 0;
    for range in kept {
        if range.first > end {
            missing.push(SeqRange { first: end, count: range.first - end });
        }
        end = end.max(range.first.saturating_add(range.count));
    }
    missing
}

/// Reads the versions of a table's columns. One that batches name must be what they name.
fn read_schemas(storage: &dyn Storage, workspace: &str, table: &str, state: &mut TableState) -> Result<(), VaultError> {
    let folder = format!("ws/{workspace}/schema");
    let prefix = format!("{table}@");
    for name in names(storage, &folder)? {
        let Some(id) = name.strip_prefix(&prefix).and_then(|id| id.parse::<u32>().ok()) else { continue };
        let path = format!("{folder}/{name}");
        let Some(bytes) = storage.read(&path).map_err(VaultError::io(&path))? else { continue };
        let form = |source| VaultError::Form { path: PathBuf::from(&path), what: "schema", source };
        let doc = SchemaDoc::parse(&bytes).map_err(form)?;
        let hash = doc.hash();
        let is_other = |batch: &extents::BatchRef| batch.schema_id == id && batch.schema_hash != hash;
        if doc.id != id || doc.table != table || state.catalog.batches.iter().any(is_other) {
            let why = format!("`{path}` is not the schema that its batches name");
            return Err(VaultError::Log { workspace: workspace.to_string(), why });
        }
        state.schemas.insert(id, Arc::new(StoredSchema::from_doc(doc)));
    }
    let lacks = |batch: &&extents::BatchRef| !state.schemas.contains_key(&batch.schema_id);
    if let Some(batch) = state.catalog.batches.iter().find(lacks) {
        let why = format!("the schema {} of the table `{table}` is missing", batch.schema_id);
        return Err(VaultError::Log { workspace: workspace.to_string(), why });
    }
    Ok(())
}

/// Removes files that were being written when the process ended: no entry of the log names them.
fn remove_orphans(root: &Path, workspace: &str, tables: &BTreeMap<String, Arc<Table>>) -> Result<(), VaultError> {
    let folder = root.join("ws").join(workspace);
    let mut live: HashSet<PathBuf> = HashSet::new();
    for table in tables.values() {
        for extent in table.state().catalog.live.values() {
            live.insert(folder.join(&extent.extent.path));
            live.insert(folder.join(seeds_path(&extent.extent.path)));
        }
    }
    let names = ["schema", "statements"].map(|kind| std::fs::read_dir(folder.join(kind)).into_iter().flatten());
    for name in names.into_iter().flatten() {
        let path = name.map_err(VaultError::io(&folder))?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            std::fs::remove_file(&path).map_err(VaultError::io(&path))?;
        }
    }
    for kind in ["data", "seeds"] {
        let mut folders = vec![folder.join(kind)];
        while let Some(next) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&next) else { continue };
            for entry in entries {
                let path = entry.map_err(VaultError::io(&next))?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !live.contains(&path) {
                    crash_point("open.orphan");
                    std::fs::remove_file(&path).map_err(VaultError::io(&path))?;
                }
            }
        }
    }
    Ok(())
}

/// Removes documents of acts that were not sealed when the process ended.
fn remove_unsealed(root: &Path, workspace: &str, acts: &[(u64, Act)]) -> Result<(), VaultError> {
    let named: HashSet<PathBuf> =
        acts.iter().map(|(_, act)| root.join(document_path(workspace, &act.document))).collect();
    let folder = root.join("ws").join(workspace).join("acts");
    for name in std::fs::read_dir(&folder).into_iter().flatten() {
        let path = name.map_err(VaultError::io(&folder))?.path();
        if !named.contains(&path) {
            crash_point("open.unsealed");
            std::fs::remove_file(&path).map_err(VaultError::io(&path))?;
        }
    }
    Ok(())
}

/// Returns the path of the seeds of a file of records; both are relative to the workspace's folder.
pub fn seeds_path(extent_path: &str) -> String {
    let rest = extent_path.strip_prefix("data/").unwrap_or(extent_path);
    format!("seeds/{}.seeds", rest.strip_suffix(".parquet").unwrap_or(rest))
}
