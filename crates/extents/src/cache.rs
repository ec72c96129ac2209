//! Decoded columns in memory, so that what is asked again and again is neither read nor unpacked again.
//!
//! A column of a row group is kept whole, or some of its rows as they were asked for, under the hash of its file. What is kept was
//! compared with the log when it was read. The cache holds no file open: when nobody else has a file, its columns go.
//!
//! Two questions are decided here. *Is a column worth loading whole when few of its rows are wanted?* When half as much was paid for
//! parts of it as the whole costs; then a thread of its own loads it, and who wants a few rows does not wait. Who wants the same
//! rows again gets what was decoded then, and pays nothing. *Does it take the place of another when there is no room?* Only of what
//! was not asked since it was itself asked the last time: so a scan of more than fits does not throw out everything, but keeps a
//! part that fits.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arrow::array::{Array, ArrayRef, AsArray};
use parquet::arrow::arrow_reader::RowSelection;
use schema::KqlType;
use tlog::Hash;

use crate::reader::ExtentFile;

/// What decoding a part of a column costs beside its rows, as bytes that could be decoded meanwhile.
const PART_BYTES: u64 = 512 << 10;
/// Columns of row groups that may wait to be loaded.
const LATER_MAX: usize = 256;
/// Parts of a column of a row group that are kept, and the bytes of each.
const PARTS_MAX: usize = 16;
const PART_KEPT_BYTES: u64 = 1 << 20;

/// A column of a row group, in pieces of [`PIECE_ROWS`](crate::PIECE_ROWS) rows.
pub type Pieces = Arc<[ArrayRef]>;

/// Columns kept in memory, at most so many bytes of them.
#[derive(Debug)]
pub struct ColumnCache {
    max_bytes: u64,
    state: Mutex<State>,
    /// Where the thread that loads columns takes them from; it ends with the cache.
    later: Mutex<Option<SyncSender<Later>>>,
}

/// A column that is to be loaded.
#[derive(Debug)]
struct Later {
    file: Weak<ExtentFile>,
    row_group: usize,
    place: usize,
    ktype: KqlType,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<Hash, FileColumns>,
    n_bytes: u64,
    /// The number of the last query.
    last_query: u64,
}

#[derive(Debug)]
struct FileColumns {
    file: Weak<ExtentFile>,
    /// By row group and place.
    chunks: HashMap<(usize, usize), Chunk>,
}

#[derive(Debug, Default)]
struct Chunk {
    pieces: Option<Pieces>,
    /// Rows that were decoded while the whole was not kept, the last asked for last.
    parts: Vec<Part>,
    /// Of the pieces, or of the parts.
    n_bytes: u64,
    /// The query that asked last, and the one before it.
    asked: u64,
    asked_before: u64,
    /// Bytes that were decoded of it while it was not kept.
    paid_bytes: u64,
    /// Whether it waits to be loaded.
    is_coming: bool,
}

/// Some rows of a column.
#[derive(Debug)]
struct Part {
    rows: RowSelection,
    values: ArrayRef,
    n_bytes: u64,
}

/// What somebody wants of a column.
#[derive(Debug, Clone, Copy)]
pub struct Want {
    pub row_group: usize,
    pub place: usize,
    /// Rows of the row group.
    pub n_rows: usize,
    /// Rows that would have to be decoded for what is wanted.
    pub decoded_rows: usize,
    /// Whether so much is wanted that all may as well be decoded.
    pub is_most: bool,
}

/// What a cache says of a column.
#[derive(Debug)]
pub enum Found {
    /// The column of the whole row group.
    Kept(Pieces),
    /// The rows that are wanted.
    KeptPart(ArrayRef),
    /// It is not there, and should be decoded whole and given to [`ColumnCache::keep`].
    Load,
    /// It is not there, and should be given to [`ColumnCache::load_later`]; now what is wanted of it is decoded.
    Later,
    /// It is not there, and is not worth its room.
    Pass,
}

impl ColumnCache {
    /// Makes an empty cache.
    pub fn new(max_bytes: u64) -> ColumnCache {
        ColumnCache { max_bytes, state: Mutex::default(), later: Mutex::default() }
    }

    /// Returns the bytes that the columns take.
    pub fn n_bytes(&self) -> u64 {
        self.state().n_bytes
    }

    /// Begins a query, and returns its number. Columns of files that nobody has any more go.
    pub fn begin_query(&self) -> u64 {
        let mut state = self.state();
        state.forget_closed();
        state.last_query += 1;
        state.last_query
    }

    /// Asks for a column. `rows` says which of its rows are wanted, when they are few.
    pub fn look<'a>(
        &self,
        query: u64,
        file: &Arc<ExtentFile>,
        want: Want,
        rows: impl FnOnce() -> Option<&'a RowSelection>,
    ) -> Found {
        let mut state = self.state();
        let known = state.files.entry(file.extent().file);
        let of_file = known.or_insert_with(|| FileColumns { file: Arc::downgrade(file), chunks: HashMap::new() });
        if of_file.file.strong_count() == 0 {
            of_file.file = Arc::downgrade(file);
        }
        let chunk = of_file.chunks.entry((want.row_group, want.place)).or_default();
        if chunk.asked != query {
            chunk.asked_before = std::mem::replace(&mut chunk.asked, query);
        }
        if let Some(pieces) = &chunk.pieces {
            return Found::Kept(pieces.clone());
        }
        if let Some(values) = rows().and_then(|rows| chunk.part(rows)) {
            return Found::KeptPart(values);
        }
        let (_, n_bytes) = file.column_bytes(want.row_group, want.place);
        let part = u128::from(n_bytes) * want.decoded_rows as u128 / want.n_rows.max(1) as u128;
        let part = u64::try_from(part).unwrap_or(u64::MAX).saturating_add(PART_BYTES);
        chunk.paid_bytes = chunk.paid_bytes.saturating_add(part);
        if !want.is_most && (chunk.is_coming || chunk.paid_bytes <= n_bytes / 2) {
            return Found::Pass;
        }
        let asked_before = chunk.asked_before;
        match state.has_room(n_bytes, self.max_bytes, asked_before) {
            true if want.is_most => Found::Load,
            true => Found::Later,
            false => Found::Pass,
        }
    }

    /// Has a column loaded by a thread that does nothing else, one after the other. When too many wait already it is not, nor when it
    /// cannot be read: whoever wants it the next time finds that out.
    pub fn load_later(self: &Arc<Self>, file: &Arc<ExtentFile>, row_group: usize, place: usize, ktype: KqlType) {
        let hash = file.extent().file;
        // Before it is handed over: the thread may be quick.
        self.state().set_coming(hash, row_group, place, true);
        let later = Later { file: Arc::downgrade(file), row_group, place, ktype };
        let mut sender = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.is_none() {
            let (new, waiting) = sync_channel(LATER_MAX);
            let cache = Arc::downgrade(self);
            let thread = std::thread::Builder::new().name("columns".to_string());
            if thread.spawn(move || load(&waiting, &cache)).is_ok() {
                *sender = Some(new);
            }
        }
        if sender.as_ref().is_none_or(|sender| sender.try_send(later).is_err()) {
            self.state().set_coming(hash, row_group, place, false);
        }
    }

    /// Takes a column that was decoded whole.
    pub fn keep(&self, file: &Arc<ExtentFile>, row_group: usize, place: usize, pieces: &Pieces) {
        let n_bytes = bytes_of(pieces);
        if n_bytes > self.max_bytes {
            return;
        }
        let mut state = self.state();
        state.forget_closed();
        while state.n_bytes.saturating_add(n_bytes) > self.max_bytes && state.forget_oldest() {}
        let Some(of_file) = state.files.get_mut(&file.extent().file) else { return };
        let chunk = of_file.chunks.entry((row_group, place)).or_default();
        if chunk.pieces.is_none() {
            chunk.parts.clear();
            chunk.pieces = Some(pieces.clone());
            let n_bytes_before = std::mem::replace(&mut chunk.n_bytes, n_bytes);
            state.n_bytes = (state.n_bytes + n_bytes).saturating_sub(n_bytes_before);
        }
    }

    /// Takes rows of a column that were decoded because the column was not there, if they are few. They share no memory with others.
    pub fn keep_part(&self, file: &ExtentFile, row_group: usize, place: usize, rows: &RowSelection, values: &ArrayRef) {
        let n_bytes = values.get_array_memory_size() as u64;
        if n_bytes > PART_KEPT_BYTES.min(self.max_bytes) {
            return;
        }
        let mut state = self.state();
        let Some(chunk) = state.chunk(file.extent().file, row_group, place) else { return };
        let asked_before = chunk.asked_before;
        if chunk.pieces.is_some()
            || chunk.part(rows).is_some()
            || !state.has_room(n_bytes, self.max_bytes, asked_before)
        {
            return;
        }
        while state.n_bytes.saturating_add(n_bytes) > self.max_bytes && state.forget_oldest() {}
        let Some(chunk) = state.chunk(file.extent().file, row_group, place) else { return };
        let is_full = chunk.parts.len() >= PARTS_MAX;
        let n_bytes_gone = if is_full { chunk.parts.remove(0).n_bytes } else { 0 };
        chunk.parts.push(Part { rows: rows.clone(), values: values.clone(), n_bytes });
        chunk.n_bytes = (chunk.n_bytes + n_bytes).saturating_sub(n_bytes_gone);
        state.n_bytes = (state.n_bytes + n_bytes).saturating_sub(n_bytes_gone);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Loads columns until the cache is gone.
fn load(waiting: &Receiver<Later>, cache: &Weak<ColumnCache>) {
    stdx::stand_back();
    while let Ok(Later { file, row_group, place, ktype }) = waiting.recv() {
        let Some(file) = file.upgrade() else { continue };
        let decoded = file.decode(row_group, place, ktype);
        let Some(cache) = cache.upgrade() else { return };
        if let Ok(pieces) = decoded {
            cache.keep(&file, row_group, place, &pieces.into());
        }
        cache.state().set_coming(file.extent().file, row_group, place, false);
    }
}

/// Returns the bytes of memory that a column takes; what its pieces share counts once.
fn bytes_of(pieces: &[ArrayRef]) -> u64 {
    let mut seen = HashSet::new();
    let bytes = pieces.iter().map(|piece| match piece.as_string_view_opt() {
        Some(texts) => {
            let buffers = texts.data_buffers().iter().filter(|buffer| seen.insert(buffer.data_ptr()));
            buffers.map(|buffer| buffer.capacity()).sum::<usize>() + texts.views().inner().capacity()
        }
        None => piece.get_array_memory_size(),
    });
    bytes.sum::<usize>() as u64
}

impl Chunk {
    /// Returns rows that are kept.
    fn part(&mut self, rows: &RowSelection) -> Option<ArrayRef> {
        let at = self.parts.iter().position(|part| part.rows == *rows)?;
        self.parts.get_mut(at..)?.rotate_left(1);
        Some(self.parts.last()?.values.clone())
    }
}

impl State {
    /// Returns whether there is room for so many bytes, that is free or taken by columns that no query asked for since `asked_before`.
    fn has_room(&self, n_bytes: u64, max_bytes: u64, asked_before: u64) -> bool {
        let chunks = || self.files.values().flat_map(|file| file.chunks.values());
        let asked_since = || chunks().filter(|chunk| chunk.asked >= asked_before).map(|chunk| chunk.n_bytes).sum();
        n_bytes <= max_bytes.saturating_sub(self.n_bytes) || n_bytes <= max_bytes.saturating_sub(asked_since())
    }

    /// Returns what is known of a column that somebody asked for.
    fn chunk(&mut self, file: Hash, row_group: usize, place: usize) -> Option<&mut Chunk> {
        self.files.get_mut(&file)?.chunks.get_mut(&(row_group, place))
    }

    fn set_coming(&mut self, file: Hash, row_group: usize, place: usize, is_coming: bool) {
        if let Some(chunk) = self.chunk(file, row_group, place) {
            chunk.is_coming = is_coming;
        }
    }

    fn forget_closed(&mut self) {
        let n_bytes = &mut self.n_bytes;
        self.files.retain(|_, file| {
            let is_open = file.file.strong_count() > 0;
            if !is_open {
                *n_bytes -= file.chunks.values().map(|chunk| chunk.n_bytes).sum::<u64>().min(*n_bytes);
            }
            is_open
        });
    }

    /// Forgets the column that was not asked for the longest; returns false when there is none.
    fn forget_oldest(&mut self) -> bool {
        let chunks = self.files.values_mut().flat_map(|file| file.chunks.values_mut());
        let oldest = chunks.filter(|chunk| chunk.n_bytes > 0).min_by_key(|chunk| chunk.asked);
        let Some(chunk) = oldest else { return false };
        chunk.pieces = None;
        chunk.parts.clear();
        chunk.paid_bytes = 0;
        self.n_bytes -= std::mem::take(&mut chunk.n_bytes).min(self.n_bytes);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExtentWriter, StoredSchema, WriterOptions};
    use arrow::array::{Int32Array, Int64Array, RecordBatch};
    use arrow::datatypes::Int64Type;
    use parquet::arrow::arrow_reader::RowSelector;
    use schema::{Column, KqlType};
    use tlog::entry::{Extent, SeqRange};

    /// Writes a file of row groups.
    fn file(root: &std::path::Path, n_groups: usize, group_rows: usize) -> Arc<ExtentFile> {
        let schema = StoredSchema::new("T", &[Column::new("N", KqlType::Long)]).expect("a schema");
        let n = (n_groups * group_rows) as i64;
        let numbers = |of: fn(i64) -> i64| Arc::new(Int64Array::from_iter_values((0..n).map(of))) as ArrayRef;
        let rows = RecordBatch::try_from_iter([
            ("TimeGenerated", numbers(|row| 639_000_000_000_000_000 + row)),
            ("N", numbers(|row| row * 0x9e37_79b9)),
            ("_batch", numbers(|_| 1)),
            ("_pos", Arc::new(Int32Array::from_iter_values(0..n as i32)) as ArrayRef),
        ]);
        let writer = ExtentWriter { options: WriterOptions { row_group_rows: group_rows, ..WriterOptions::default() } };
        let written = writer.write(&root.join("a"), &schema, &rows.expect("rows"), &[]).expect("written");
        let extent = Extent {
            table: "T".to_string(),
            path: "a".to_string(),
            bytes: written.bytes,
            rows: written.rows,
            file: written.file,
            row_groups: written.row_groups,
            terms: None,
            footer: written.footer,
            records: vec![SeqRange { first: 0, count: written.rows }],
            replaces: Vec::new(),
            time: 0,
        };
        Arc::new(ExtentFile::open(root, extent).expect("it opens"))
    }

    /// Asks as a scan does, and says what came of it: kept, loaded, or passed by.
    fn ask(
        cache: &Arc<ColumnCache>,
        query: u64,
        file: &Arc<ExtentFile>,
        row_group: usize,
        rows: usize,
    ) -> &'static str {
        let place = file.place_of("N").expect("a column");
        let group_rows = file.row_group_sizes().next().expect("a row group");
        let is_most = rows * 2 >= group_rows;
        let want = Want { row_group, place, n_rows: group_rows, decoded_rows: rows, is_most };
        match cache.look(query, file, want, || None) {
            Found::KeptPart(_) => "kept a part",
            Found::Kept(pieces) => {
                assert_eq!(pieces.iter().map(|piece| piece.len()).sum::<usize>(), group_rows);
                assert!(pieces.iter().rev().skip(1).all(|piece| piece.len() == crate::PIECE_ROWS));
                "kept"
            }
            Found::Load => {
                let pieces: Pieces = file.decode(row_group, place, KqlType::Long).expect("decoded").into();
                cache.keep(file, row_group, place, &pieces);
                "loaded"
            }
            Found::Later => {
                cache.load_later(file, row_group, place, KqlType::Long);
                "later"
            }
            Found::Pass => "passed",
        }
    }

    #[test]
    fn a_scan_of_more_than_fits_keeps_a_part() {
        const ROWS: usize = 2 * crate::PIECE_ROWS;
        let root = tempfile::tempdir().expect("a folder");
        let file = file(root.path(), 4, ROWS);
        let (_, guess) = file.column_bytes(0, 1);
        let cache = Arc::new(ColumnCache::new(guess * 2 + guess / 2));
        for expected in [["loaded", "loaded", "passed", "passed"], ["kept", "kept", "passed", "passed"]] {
            let query = cache.begin_query();
            let found: Vec<&str> = (0..4).map(|group| ask(&cache, query, &file, group, ROWS)).collect();
            assert_eq!(found, expected);
        }
        // What is asked twice while the others are not takes their place.
        let asked: Vec<&str> = (0..3).map(|_| ask(&cache, cache.begin_query(), &file, 3, ROWS)).collect();
        assert_eq!(asked, ["passed", "loaded", "kept"]);
        assert!(cache.n_bytes() > 0 && cache.n_bytes() <= guess * 2 + guess / 2, "{}", cache.n_bytes());
    }

    #[test]
    fn a_column_is_loaded_once_parts_of_it_cost_as_much() {
        const ROWS: usize = 400_000;
        let root = tempfile::tempdir().expect("a folder");
        let file = file(root.path(), 1, ROWS);
        let cache = Arc::new(ColumnCache::new(64 << 20));
        let (_, n_bytes) = file.column_bytes(0, 1);
        // A part of one row costs the part alone.
        let n_passed = n_bytes / 2 / (PART_BYTES + n_bytes / ROWS as u64);
        assert!(n_passed > 1);
        let asked: Vec<&str> = (0..=n_passed).map(|_| ask(&cache, cache.begin_query(), &file, 0, 1)).collect();
        let (last, passed) = asked.split_last().expect("asked");
        assert_eq!((*last, passed.iter().all(|found| *found == "passed")), ("later", true));
        // While it is loaded nobody waits for it.
        let until_kept = std::iter::repeat_with(|| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            ask(&cache, cache.begin_query(), &file, 0, 1)
        });
        let asked: Vec<&str> = until_kept.take(10_000).take_while(|found| *found != "kept").collect();
        assert!(asked.len() < 10_000 && asked.iter().all(|found| *found == "passed"), "{asked:?}");
    }

    #[test]
    fn rows_that_are_asked_again_are_decoded_once() {
        let root = tempfile::tempdir().expect("a folder");
        let file = file(root.path(), 1, 20_000);
        let place = file.place_of("N").expect("a column");
        let cache = Arc::new(ColumnCache::new(64 << 20));
        let ask = |row: usize| {
            let rows = RowSelection::from(vec![
                RowSelector::skip(row),
                RowSelector::select(1),
                RowSelector::skip(20_000 - row - 1),
            ]);
            let want = Want { row_group: 0, place, n_rows: 20_000, decoded_rows: 1, is_most: false };
            match cache.look(cache.begin_query(), &file, want, || Some(&rows)) {
                Found::KeptPart(values) => {
                    assert_eq!(values.as_primitive::<Int64Type>().values(), &[row as i64 * 0x9e37_79b9]);
                    true
                }
                _ => {
                    let values =
                        file.decode_some(0, &[(place, KqlType::Long)], rows.clone()).expect("decoded").remove(0);
                    cache.keep_part(&file, 0, place, &rows, &values);
                    false
                }
            }
        };
        assert_eq!([7, 7, 8, 7, 8].map(ask), [false, true, false, true, true]);
        // Of many the last ones are kept, and 7 was asked last.
        assert!((100..100 + PARTS_MAX - 1).all(|row| !ask(row) && ask(7)));
        assert!(!ask(8) && ask(7));
        let n_bytes = cache.n_bytes();
        assert!(n_bytes > 0);
        let pieces: Pieces = file.decode(0, place, KqlType::Long).expect("decoded").into();
        cache.keep(&file, 0, place, &pieces);
        assert_eq!(cache.n_bytes(), bytes_of(&pieces));
    }

    #[test]
    fn a_part_does_not_take_the_place_of_what_is_asked_for() {
        let root = tempfile::tempdir().expect("a folder");
        let file = file(root.path(), 2, 20_000);
        let place = file.place_of("N").expect("a column");
        let whole: Pieces = file.decode(0, place, KqlType::Long).expect("decoded").into();
        let cache = Arc::new(ColumnCache::new(bytes_of(&whole) + 8));
        let rows = RowSelection::from(vec![RowSelector::select(1), RowSelector::skip(19_999)]);
        let ask_part = || {
            let want = Want { row_group: 1, place, n_rows: 20_000, decoded_rows: 1, is_most: false };
            let found = cache.look(cache.begin_query(), &file, want, || Some(&rows));
            if !matches!(found, Found::KeptPart(_)) {
                let values = file.decode_some(1, &[(place, KqlType::Long)], rows.clone()).expect("decoded").remove(0);
                cache.keep_part(&file, 1, place, &rows, &values);
            }
            matches!(found, Found::KeptPart(_))
        };
        let ask_whole = || ask(&cache, cache.begin_query(), &file, 0, 20_000);
        assert_eq!((ask_whole(), ask_part(), ask_whole()), ("loaded", false, "kept"));
        // What was asked for twice while the other was not takes its place.
        assert_eq!((ask_part(), ask_part(), ask_part()), (false, false, true));
    }

    #[test]
    fn the_thread_that_loads_ends_with_the_cache() {
        let root = tempfile::tempdir().expect("a folder");
        let file = file(root.path(), 1, 1_000);
        let cache = Arc::new(ColumnCache::new(64 << 20));
        let (sender, waiting) = sync_channel(1);
        let weak = Arc::downgrade(&cache);
        let thread = std::thread::spawn(move || load(&waiting, &weak));
        *cache.later.lock().expect("no thread failed") = Some(sender);
        cache.load_later(&file, 0, 1, KqlType::Long);
        drop(cache);
        thread.join().expect("it ended");
    }

    #[test]
    fn columns_go_with_their_file() {
        const ROWS: usize = 1_000;
        let root = tempfile::tempdir().expect("a folder");
        let file = file(root.path(), 1, ROWS);
        let cache = Arc::new(ColumnCache::new(64 << 20));
        assert_eq!(ask(&cache, cache.begin_query(), &file, 0, ROWS), "loaded");
        assert!(cache.n_bytes() > 0);
        drop(file);
        cache.begin_query();
        assert_eq!(cache.n_bytes(), 0);
    }
}
