//! Decoded columns in memory, so that what is asked again and again is neither read nor unpacked again.
//!
//! A column of a row group is kept whole or not at all, under the hash of its file. What is kept was compared with the log when it
//! was read. The cache holds no file open: when nobody else has a file, its columns go.
//!
//! Two questions are decided here. *Is a column worth loading whole when few of its rows are wanted?* When half as
//! much was paid for parts of it as the whole costs. *Does it take the place of another when there is no room?* Only of what was not asked since it was
//! itself asked the last time: so a scan of more than fits does not throw out everything, but keeps a part that fits.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arrow::array::{Array, ArrayRef, AsArray};
use tlog::Hash;

use crate::reader::ExtentFile;

/// A column of a row group, in pieces of [`PIECE_ROWS`](crate::PIECE_ROWS) rows.
pub type Pieces = Arc<[ArrayRef]>;

/// Columns kept in memory, at most so many bytes of them.
#[derive(Debug)]
pub struct ColumnCache {
    max_bytes: u64,
    state: Mutex<State>,
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
    n_bytes: u64,
    /// The query that asked last, and the one before it.
    asked: u64,
    asked_before: u64,
    /// Rows that were decoded of it since it was not kept.
    paid_rows: u64,
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
    /// It is not there, and should be decoded whole and given to [`ColumnCache::keep`].
    Load,
    /// It is not there, and is not worth its room.
    Pass,
}

impl ColumnCache {
    /// Makes an empty cache.
    pub fn new(max_bytes: u64) -> ColumnCache {
        ColumnCache { max_bytes, state: Mutex::default() }
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

    /// Asks for a column.
    pub fn look(&self, query: u64, file: &Arc<ExtentFile>, want: Want) -> Found {
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
        chunk.paid_rows = chunk.paid_rows.saturating_add(want.decoded_rows as u64);
        if !want.is_most && chunk.paid_rows * 2 <= want.n_rows as u64 {
            return Found::Pass;
        }
        let asked_before = chunk.asked_before;
        let (_, n_bytes) = file.column_bytes(want.row_group, want.place);
        let fits = n_bytes <= self.max_bytes.saturating_sub(state.n_bytes)
            || n_bytes <= self.max_bytes.saturating_sub(state.bytes_asked_since(asked_before));
        if fits { Found::Load } else { Found::Pass }
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
            chunk.pieces = Some(pieces.clone());
            chunk.n_bytes = n_bytes;
            state.n_bytes += n_bytes;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

impl State {
    /// Returns the bytes of columns that a query or a later one asked for.
    fn bytes_asked_since(&self, query: u64) -> u64 {
        let chunks = self.files.values().flat_map(|file| file.chunks.values());
        chunks.filter(|chunk| chunk.asked >= query).map(|chunk| chunk.n_bytes).sum()
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
        let oldest = chunks.filter(|chunk| chunk.pieces.is_some()).min_by_key(|chunk| chunk.asked);
        let Some(chunk) = oldest else { return false };
        chunk.pieces = None;
        chunk.paid_rows = 0;
        self.n_bytes -= std::mem::take(&mut chunk.n_bytes).min(self.n_bytes);
        true
    }
}
