//! Files of records and their seeds, as far as bytes go.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;

use extents::{BatchRef, ExtentError, LiveExtent, StoredBytes, TableCatalog};
use ingest::{AtRest, LeafMaterial, parse_seeds, seeds_path};
use keys::StreamLayout;
use keys::stream::HEADER_BYTES;
use stdx::error_chain;
use tlog::entry::{EXTENT_HEAD_BYTES, Extent, SeqRange};

use crate::log::LogContent;
use crate::pool;
use crate::report::Finding;
use crate::run::Run;

/// What a Parquet file begins with.
const HEAD: &[u8; 4] = b"PAR1";

/// A live file of a workspace.
pub struct StoredExtent<'a> {
    pub workspace: &'a str,
    pub content: &'a LogContent,
    pub table: &'a str,
    pub live: &'a LiveExtent,
    /// What the log says of its table.
    pub catalog: &'a TableCatalog,
    /// Its batches, in the log's order.
    pub batches: Vec<&'a BatchRef>,
}

impl StoredExtent<'_> {
    pub fn extent(&self) -> &Extent {
        &self.live.extent
    }

    /// Returns the path of the file, relative to the root.
    pub fn path(&self) -> String {
        format!("ws/{}/{}", self.workspace, self.extent().path)
    }

    /// Says of a file that it was replaced or destroyed since the checkpoint that is verified; returns whether it was.
    pub fn is_replaced(&self, run: &Run<'_>, path: &str) -> bool {
        let is_replaced = self.content.later.is_replaced(run, self.content, self.table, self.extent());
        if is_replaced {
            run.leave(path, 0, "it was replaced or destroyed while the store was verified, as a newer entry says");
        }
        is_replaced
    }

    /// Returns the path of its seeds, relative to the root.
    pub fn seeds_path(&self) -> String {
        format!("ws/{}/{}", self.workspace, seeds_path(&self.extent().path))
    }
}

/// Returns the live files of a workspace.
pub fn live_extents<'a>(run: &Run<'_>, content: &'a LogContent) -> Vec<StoredExtent<'a>> {
    let mut extents = Vec::new();
    for (table, catalog) in &content.catalog.tables {
        for live in catalog.live.values() {
            let extent = StoredExtent {
                workspace: &content.workspace,
                content,
                table,
                live,
                catalog,
                batches: batches_of(catalog, &live.extent.records),
            };
            let path = &live.extent.path;
            if path.split('/').any(|part| part.is_empty() || part == "..") || !path.starts_with("data/") {
                run.find(Finding::new(extent.path(), format!("entry {} names a path outside the store", live.entry)));
                continue;
            }
            let n_records: u64 = live.extent.records.iter().map(|range| range.count).sum();
            let n_batched: u64 = extent.batches.iter().map(|batch| batch.count).sum();
            if n_records != live.extent.rows || n_records != n_batched {
                let what = format!("entry {} says that it cuts batches, or has other rows than records", live.entry);
                run.find(Finding::new(extent.path(), what).differs(n_batched, live.extent.rows));
            }
            if catalog.has_expired(live) {
                run.leave(extent.path(), 0, "records of it that were destroyed, as the log says, are there yet");
            }
            extents.push(extent);
        }
    }
    extents
}

/// Returns the batches with their first record in runs of records.
fn batches_of<'a>(catalog: &'a TableCatalog, records: &[SeqRange]) -> Vec<&'a BatchRef> {
    let mut batches = Vec::new();
    for range in records {
        let from = catalog.batches.partition_point(|batch| batch.first < range.first);
        let end = range.first.saturating_add(range.count);
        batches.extend(catalog.batches.iter().skip(from).take_while(|batch| batch.first < end));
    }
    batches
}

/// Verifies the bytes of files and of their seeds; returns which files are whole, `None` for those that are sealed and cannot be opened.
pub fn check_extents(run: &Run<'_>, extents: &[StoredExtent<'_>]) -> Vec<Option<bool>> {
    let whole: Vec<OnceLock<bool>> = extents.iter().map(|_| OnceLock::new()).collect();
    let items: Vec<_> = extents.iter().zip(&whole).collect();
    pool::each(run.n_threads, &items, |(extent, is_whole)| {
        let Some(at_rest) = run.access.at_rest(extent.workspace) else { return check_closed(run, extent) };
        let is_file_whole = check_file(run, extent, &at_rest);
        let are_seeds_whole = check_seeds(run, extent, &at_rest);
        let _ = is_whole.set(is_file_whole && are_seeds_whole);
        run.count(|counts| counts.n_extents += 1);
    });
    whole.into_iter().map(OnceLock::into_inner).collect()
}

/// Looks at a file that is sealed and cannot be opened: whether it is there, and long enough for what it must hold.
fn check_closed(run: &Run<'_>, stored: &StoredExtent<'_>) {
    let mut head = Vec::new();
    let path = stored.path();
    let opened = File::open(run.path(&path)).and_then(|file| Ok((file.metadata()?.len(), file)));
    let read = opened.and_then(|(len, file)| file.take(HEADER_BYTES as u64).read_to_end(&mut head).map(|_| len));
    let layout = read.map(|len| (len, StreamLayout::parse(&path, &head, len)));
    match layout {
        Ok((len, Ok(layout))) if layout.len() == stored.extent().bytes => {
            run.leave(path, len, "sealed: its length is right, and without the keys nothing else can be said");
        }
        Ok((_, Ok(layout))) => {
            let finding = Finding::new(path, "what is sealed in it has another length than its entry says");
            run.find(finding.differs(stored.extent().bytes, layout.len()));
        }
        Ok((_, Err(error))) => run.find(Finding::new(path, error_chain(&error))),
        Err(error) => run.find(Finding::new(path, format!("it cannot be read: {error}"))),
    }
    let path = stored.seeds_path();
    match run.path(&path).metadata() {
        Ok(file) => run.leave(path, file.len(), "sealed: nothing can be said of it without the keys"),
        Err(error) => run.find(Finding::new(path, format!("it cannot be read: {error}"))),
    }
}

/// Compares a file with its entry, and where it differs, its parts.
fn check_file(run: &Run<'_>, stored: &StoredExtent<'_>, at_rest: &AtRest) -> bool {
    let (path, extent) = (stored.path(), stored.extent());
    let root = run.path(&format!("ws/{}", stored.workspace));
    let file = match StoredBytes::open(&root, &extent.path, at_rest.sealer()) {
        Ok(file) => file,
        Err(ExtentError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            if stored.is_replaced(run, &path) {
                return false;
            }
            run.find(Finding::new(
                &path,
                format!("it is missing, and entry {} says that it is there", stored.live.entry),
            ));
            return false;
        }
        Err(ExtentError::Io { source, .. }) => {
            run.find(Finding::new(&path, format!("it cannot be read: {source}")));
            return false;
        }
        Err(error) => {
            run.find(Finding::new(&path, error_chain(&error)));
            return false;
        }
    };
    run.count(|counts| counts.n_files += 1);
    let found = file.len();
    if found != extent.bytes {
        let range = found.min(extent.bytes)..found.max(extent.bytes);
        let finding = Finding::new(&path, "the file has another length than is sealed").at(range);
        run.find(finding.differs(format!("{} bytes", extent.bytes), found));
        return false;
    }
    match file.hash(0..extent.bytes, |n_bytes| run.add_bytes(n_bytes)) {
        Ok(hash) if hash == extent.file => true,
        Ok(hash) => {
            if !find_parts(run, &path, &file, extent) {
                let what = "the whole file is not what is sealed, and each part is: its entry contradicts itself";
                run.find(Finding::new(&path, what).at(0..extent.bytes).differs(extent.file, hash));
            }
            false
        }
        Err(error) => {
            run.find(Finding::new(&path, format!("it cannot be read: {error}")));
            false
        }
    }
}

/// Says which parts of a file are not what is sealed; returns whether there are any.
fn find_parts(run: &Run<'_>, path: &str, file: &StoredBytes, extent: &Extent) -> bool {
    let mut has_any = false;
    let head = file.get(0..HEAD.len() as u64);
    if !head.is_ok_and(|head| head == HEAD) {
        run.find(Finding::new(path, "it does not begin as Parquet does").at(0..EXTENT_HEAD_BYTES));
        has_any = true;
    }
    let row_groups = extent.row_groups.iter().enumerate().map(|(idx, part)| (format!("row group {idx}"), part));
    let terms = extent.terms.iter().map(|part| ("the index of terms".to_string(), part));
    let footer = std::iter::once(("the footer".to_string(), &extent.footer));
    let mut at = EXTENT_HEAD_BYTES;
    for (what, part) in row_groups.chain(terms).chain(footer) {
        let range = at..at.saturating_add(part.bytes).min(extent.bytes);
        at = range.end;
        match file.hash(range.clone(), |n_bytes| run.add_bytes(n_bytes)) {
            Ok(hash) if hash == part.hash => continue,
            Ok(hash) => {
                let finding = Finding::new(path, format!("{what} is not what is sealed")).at(range);
                run.find(finding.differs(part.hash, hash));
            }
            Err(error) => run.find(Finding::new(path, format!("it cannot be read: {error}")).at(range)),
        }
        has_any = true;
    }
    has_any
}

/// Verifies the seeds of a file: their checksum, and that each batch of the file has them.
fn check_seeds(run: &Run<'_>, stored: &StoredExtent<'_>, at_rest: &AtRest) -> bool {
    let path = stored.seeds_path();
    let Some(mut bytes) = run.read(&path) else {
        if stored.is_replaced(run, &path) {
            return false;
        }
        run.find(Finding::new(path, "it is missing, and nobody can tell what leaves were made of without it"));
        return false;
    };
    let len = bytes.len() as u64;
    let find = |what: String| run.find(Finding::new(&path, what).at(0..len));
    if let Err(error) = at_rest.open_seeds(&seeds_path(&stored.extent().path), &mut bytes) {
        find(error_chain(&error));
        return false;
    }
    let seeds = match parse_seeds(&bytes) {
        Ok(seeds) => seeds,
        Err(error) => {
            find(error.to_string());
            return false;
        }
    };
    let due: BTreeSet<u64> = stored.batches.iter().map(|batch| batch.entry).collect();
    let lacks = due.iter().find(|entry| !seeds.contains_key(entry));
    if let Some(entry) = lacks {
        find(format!("it has no seeds for entry {entry}"));
    }
    let more = seeds.keys().find(|entry| !due.contains(entry));
    if let Some(entry) = more {
        find(format!("it has seeds for entry {entry}, which is not in its file"));
    }
    let is_small =
        |batch: &&&BatchRef| seeds.get(&batch.entry).is_some_and(|material| material.seeds.len() < batch.count);
    let small = stored.batches.iter().find(is_small);
    if let Some(batch) = small {
        find(format!("the seeds for entry {} are fewer than its records", batch.entry));
    }
    let are_due = lacks.is_none() && more.is_none() && small.is_none();
    are_due & check_erased(run, stored, &seeds, find)
}

/// Compares what was erased with what the log says of it.
fn check_erased(
    run: &Run<'_>,
    stored: &StoredExtent<'_>,
    seeds: &BTreeMap<u64, LeafMaterial>,
    find: impl Fn(String),
) -> bool {
    let mut is_whole = true;
    for batch in &stored.batches {
        let Some(material) = seeds.get(&batch.entry) else { continue };
        for (position, left) in &material.erased {
            let record = batch.first.saturating_add(*position);
            let ordered = stored.catalog.erased.get(&record);
            let is_ordered = |column: &u16| ordered.is_some_and(|ordered| ordered.contains_key(column));
            if let Some((column, _)) = left.digests.iter().find(|(column, _)| !is_ordered(column)) {
                find(format!("column {column} of record {record} was erased, and no entry says so"));
                is_whole = false;
            }
        }
        let in_batch = batch.first..batch.first.saturating_add(batch.count);
        for (record, columns) in stored.catalog.erased.range(in_batch) {
            let left = material.erased.get(&(record - batch.first));
            let stays = |column: &u16| left.is_none_or(|left| left.salts.iter().any(|(id, _)| id == column));
            let Some((column, entry)) = columns.iter().find(|(column, _)| stays(column)) else { continue };
            if *entry > stored.live.entry {
                let why = format!(
                    "column {column} of record {record}, which entry {entry} orders to be erased: it is not yet"
                );
                run.leave(stored.path(), 0, why);
            } else {
                find(format!("entry {entry} says that column {column} of record {record} was erased, and it was not"));
                is_whole = false;
            }
        }
    }
    is_whole
}

/// Says which files of records and seeds no entry names.
pub fn find_unnamed(run: &Run<'_>, content: &LogContent, extents: &[StoredExtent<'_>]) {
    if run.is_in_use {
        return;
    }
    let named: BTreeSet<String> = extents.iter().flat_map(|extent| [extent.path(), extent.seeds_path()]).collect();
    for folder in ["data", "seeds"] {
        for path in run.files(&format!("ws/{}/{folder}", content.workspace)) {
            if named.contains(&path) {
                continue;
            }
            if content.is_complete {
                let what = "no entry names it: it was copied here, or was being written when the process ended";
                run.find(Finding::new(path, what));
            } else {
                let bytes = run.path(&path).metadata().map_or(0, |file| file.len());
                run.leave(path, bytes, "no entry that can be read names it");
            }
        }
    }
}

/// Says which records are sealed and nowhere; `in_wal` are those in the write-ahead log.
pub fn find_missing(run: &Run<'_>, workspace: &str, table: &str, catalog: &TableCatalog, in_wal: &[SeqRange]) {
    let mut kept = catalog.stored();
    kept.extend(in_wal);
    kept.sort_by_key(|range| range.first);
    kept.push(SeqRange { first: catalog.next(), count: 0 });
    let mut end = 0;
    for SeqRange { first, count } in kept {
        if first > end {
            let what = format!("records {end} to {first} are sealed and in no file");
            run.find(Finding::new(format!("ws/{workspace}/data/{table}"), what));
        }
        end = end.max(first.saturating_add(count));
    }
}
