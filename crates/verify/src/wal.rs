//! The write-ahead log: its frames, the records in it, and whether it says what is published.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};

use extents::StoredSchema;
use ingest::{LeafMaterial, batch_tree, from_payload};
use sequencer::{OpenError, StoredBatch, WalLog, WalPlace, WalScan, scan};
use stdx::error_chain;
use tlog::Policy;
use tlog::entry::SeqRange;

use crate::log::LogContent;
use crate::options::Depth;
use crate::report::Finding;
use crate::run::Run;
use crate::schemas::read_doc;

/// What the write-ahead log holds.
#[derive(Default)]
pub struct WalContent {
    pub scan: WalScan,
    /// The records in it, by workspace and table.
    pub records: BTreeMap<(String, String), Vec<SeqRange>>,
}

/// Reads the write-ahead log and verifies it by itself. `oldest` is the number of its oldest file, if known.
///
/// # Errors
/// When a file cannot be read.
pub fn read_wal(run: &Run<'_>, oldest: Option<u64>) -> Result<WalContent, OpenError> {
    let mut records: BTreeMap<(String, String), Vec<SeqRange>> = BTreeMap::new();
    let is_deep = run.options.depth != Depth::Files;
    let schemas = Schemas { run, docs: Mutex::default() };
    let (sender, receiver) = sync_channel::<(WalPlace, StoredBatch)>(run.n_threads);
    let receiver = Mutex::new(receiver);
    let work = || {
        loop {
            let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((place, batch)) = next else { return };
            check_batch(run, &schemas, &place, batch);
        }
    };
    let scan = std::thread::scope(|scope| {
        let sender = sender;
        for _ in 0..run.n_threads {
            scope.spawn(work);
        }
        scan(&run.storage, oldest, |place, batch| {
            let table = (batch.workspace.clone(), batch.batch.table.clone());
            records.entry(table).or_default().push(SeqRange { first: batch.batch.first, count: batch.batch.count });
            if is_deep {
                // Fails only when all threads are gone, and then their panic ends this.
                let _ = sender.send((place.clone(), batch));
            }
        })
    })?;
    run.add_bytes(scan.n_bytes);
    run.count(|counts| {
        counts.n_files += scan.n_files;
        counts.n_frames += scan.frames.len() as u64;
    });
    for finding in &scan.findings {
        run.find(Finding { range: finding.range.clone(), ..Finding::new(&finding.path, &finding.what) });
    }
    if scan.n_older_bytes > 0 {
        let why = "what older frames left, which nothing reads: by the checksum of 32 bits of each sector only";
        run.leave("wal", scan.n_older_bytes, why);
    }
    if let Some(WalPlace { path, range }) = &scan.torn {
        let why = format!("from byte {} on a frame that was being written and was not acknowledged", range.start);
        run.leave(path, range.end - range.start, why);
    }
    for WalPlace { path, range } in &scan.unfollowed {
        let why =
            format!("frames from byte {} on, which follow damage: by the checksums of their sectors only", range.start);
        run.leave(path, range.end - range.start, why);
    }
    Ok(WalContent { scan, records })
}

/// A workspace, a table, the number of a version.
type Version = (String, String, u32);

/// Schemas as batches name them.
struct Schemas<'a, 'r> {
    run: &'a Run<'r>,
    docs: Mutex<HashMap<Version, Option<Arc<StoredSchema>>>>,
}

impl Schemas<'_, '_> {
    fn get(&self, workspace: &str, table: &str, id: u32) -> Option<Arc<StoredSchema>> {
        let mut docs = self.docs.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (workspace.to_string(), table.to_string(), id);
        let read = || read_doc(self.run, workspace, table, id).map(|doc| Arc::new(StoredSchema::from_doc(doc)));
        docs.entry(key).or_insert_with(read).clone()
    }
}

/// Hashes the records of a batch again.
fn check_batch(run: &Run<'_>, schemas: &Schemas<'_, '_>, place: &WalPlace, mut stored: StoredBatch) {
    let find = |what: String| run.find(Finding::new(&place.path, what).at(place.range.clone()));
    let of = format!("the records of entry {} of `{}`", stored.entry, stored.workspace);
    let Some(at_rest) = run.access.at_rest(&stored.workspace) else {
        return run.leave(&place.path, stored.payload.len() as u64, format!("{of}: they are sealed"));
    };
    if let Err(error) = at_rest.open_batch(&mut stored) {
        return find(format!("{of}: {}", error_chain(&error)));
    }
    let StoredBatch { workspace, entry, batch, leaf_material, payload, .. } = &stored;
    let schema = schemas.get(workspace, &batch.table, batch.schema_id);
    let Some(schema) = schema.filter(|schema| schema.doc().hash() == batch.schema_hash) else {
        let why = format!("the records of entry {entry} of `{workspace}`, whose schema cannot be read");
        return run.leave(&place.path, payload.len() as u64, why);
    };
    let what = |why: String| format!("the records of entry {entry} of `{workspace}`: {why}");
    let material = match LeafMaterial::whole(leaf_material) {
        Ok(material) => material,
        Err(error) => return find(what(error.to_string())),
    };
    let rows = match from_payload(payload) {
        Ok(rows) => rows,
        Err(error) => return find(what(error.to_string())),
    };
    if rows.num_rows() as u64 != batch.count {
        return find(what(format!("{} of {} are there", rows.num_rows(), batch.count)));
    }
    // No leaf covers a column that the schema has not.
    let fields = rows.schema();
    let is_other =
        |field: &&Arc<arrow::datatypes::Field>| !schema.columns().iter().any(|column| column.name == *field.name());
    if let Some(field) = fields.fields().iter().find(is_other) {
        return find(what(format!("they have values in `{}`, a column that they were sealed without", field.name())));
    }
    match batch_tree(&schema, &rows, &material) {
        Ok(tree) if tree.root() == batch.root => run.add_records(batch.count),
        Ok(tree) => {
            let what = what("they are not those that were sealed".to_string());
            run.find(Finding::new(&place.path, what).at(place.range.clone()).differs(batch.root, tree.root()));
        }
        Err(error) => find(what(error.to_string())),
    }
}

/// Compares what the write-ahead log says of a log with what is published.
pub fn check_wal_log(run: &Run<'_>, content: &LogContent, wal: Option<&WalLog>, scan: &WalScan, own: Option<&Policy>) {
    let workspace = &content.workspace;
    let find = |frame: usize, what: String| {
        let place = scan.frames.get(frame);
        let finding =
            place.map_or_else(|| Finding::new("wal", &what), |p| Finding::new(&p.path, &what).at(p.range.clone()));
        run.find(finding);
    };
    let last = scan.frames.len().saturating_sub(1);
    let Some(wal) = wal else {
        if content.size > 0 && scan.findings.is_empty() {
            find(last, format!("the write-ahead log knows nothing of the log of `{workspace}`, which is published"));
        }
        return;
    };
    if wal.size < content.size && scan.findings.is_empty() {
        let (found, size) = (wal.size, content.size);
        let what = format!("it ends at entry {found} of `{workspace}`, and {size} are published: it is an older copy");
        match &scan.unused {
            Some(path) => run.find(Finding::new(path, format!("there is no frame in it, and without it {what}"))),
            None => find(last, what),
        }
    }
    let published = wal.entries.range(..content.size);
    let is_other = |(index, bytes): &(&u64, &sequencer::WalEntry)| {
        let leaf = usize::try_from(**index).ok().and_then(|index| content.leaves.get(index));
        leaf.is_some_and(|leaf| *leaf != tlog::Hash::leaf(&bytes.bytes))
    };
    let mut others = published.filter(is_other);
    if let Some((index, entry)) = others.next() {
        let n_more = others.count();
        let more = if n_more == 0 { String::new() } else { format!(", as are {n_more} more") };
        find(entry.frame, format!("entry {index} of `{workspace}` is another than the one that is published{more}"));
    }
    let is_other = |(size, (root, _)): &(&u64, &(tlog::Hash, usize))| {
        content.roots.get(size).is_some_and(|published| published != root)
    };
    if let Some((size, (root, frame))) = wal.roots.iter().find(is_other) {
        let expected = content.roots.get(size).map(ToString::to_string).unwrap_or_default();
        let what = format!("the root of the first {size} entries of `{workspace}`: expected {expected}, found {root}");
        find(*frame, what);
    }
    if let (Some((note, frame)), Some(own)) = (&wal.checkpoint, own)
        && let Err(error) = own.check_log(note)
    {
        find(*frame, format!("the last checkpoint of `{workspace}` in it: {error}"));
    }
}
