//! Reading a part of a table as record batches.

use crate::cell::{ColumnBuilder, Origin};
use crate::detect::Format;
use crate::json::scan::{Fields, Token};
use crate::json::{JsonReader, Row};
use crate::normalise::normalise;
use crate::progress::Progress;
use crate::source::Body;
use crate::survey::{Keys, Records, unescaped, unreadable};
use crate::table::{Inner, Piece, Span};
use crate::text::{LineBase, TextStream};
use crate::warnings::{Notes, Reason, quoted};
use crate::{FilesError, Table};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use schema::{Column, KqlType};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::sync::Arc;

/// Bytes of text after which a batch ends, however few its rows.
const BATCH_BYTES: u64 = 16 << 20;

/// Yields the rows of a part of a table.
pub struct Reader {
    plan: Plan,
    pieces: VecDeque<Piece>,
    open: Option<Open>,
}

/// What all pieces of a reader have in common.
struct Plan {
    table: Arc<Inner>,
    /// The table's columns that are yielded.
    projection: Vec<usize>,
    schema: SchemaRef,
    progress: Arc<Progress>,
}

/// A piece that is being read.
struct Open {
    rows: Rows,
    /// Places among the columns yielded of those that the file has; the others are null.
    present: Vec<usize>,
    notes: Notes,
    source: usize,
}

enum Rows {
    Json { reader: JsonReader, row: JsonRow },
    Delimited { records: Records, cells: Vec<usize>, width: usize },
    Lines { stream: TextStream, packed: bool },
    Raw { stream: TextStream, packed: bool },
    Parquet { batches: ParquetRecordBatchReader, fields: Vec<Option<usize>>, taken: Vec<usize> },
}

impl Reader {
    pub(crate) fn new(
        table: Arc<Inner>,
        pieces: Vec<Piece>,
        projection: Vec<usize>,
        schema: SchemaRef,
        progress: Arc<Progress>,
    ) -> Reader {
        Reader { plan: Plan { table, projection, schema, progress }, pieces: pieces.into(), open: None }
    }

    /// Returns the schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.plan.schema
    }

    /// Hands the current piece's warnings over to the table's.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.plan.merge(&open.notes);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.close();
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, FilesError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(open) = &mut self.open else {
                let piece = self.pieces.pop_front()?;
                match self.plan.open(&piece) {
                    Ok(open) => self.open = open,
                    Err(error) => {
                        self.pieces.clear();
                        return Some(Err(error));
                    }
                }
                continue;
            };
            match self.plan.batch(open) {
                Ok(Some(batch)) => {
                    self.plan.progress.add_rows(batch.num_rows() as u64);
                    // Warnings are seen while the reading goes on.
                    self.plan.merge(&open.notes);
                    return Some(Ok(batch));
                }
                Ok(None) => self.close(),
                Err(error) => {
                    self.close();
                    self.pieces.clear();
                    return Some(Err(error));
                }
            }
        }
    }
}

impl Plan {
    fn merge(&self, notes: &Notes) {
        self.table.warnings.merge(notes, |idx| self.table.columns.get(idx).map(|column| column.name.clone()));
    }

    fn column(&self, slot: usize) -> Option<&Column> {
        self.table.columns.get(*self.projection.get(slot)?)
    }

    /// Opens a piece; `None` when it holds nothing.
    fn open(&self, piece: &Piece) -> Result<Option<Open>, FilesError> {
        let Some(part) = self.table.sources.get(piece.source) else { return Ok(None) };
        let source = &part.source;
        let progress = Some(self.progress.clone());
        let (first, bytes, lines) = match piece.span {
            Span::Bytes(start, end) => {
                let path = source.path.clone();
                // The line that is under way at the byte before `start` is not part of the piece.
                let count = move || Some(crate::source::lines_before(&path, start - 1)? + 1);
                let lines = if start == 0 { LineBase::Known(0) } else { LineBase::Later(Box::new(count)) };
                (start, source.open_range(start, end, progress)?, lines)
            }
            Span::RowGroups(ref groups) => return self.open_parquet(piece, groups).map(Some),
            Span::Whole => (0, source.open(progress)?, LineBase::Known(0)),
        };
        let Body::Text { format, kind } = &source.body else { return Ok(None) };
        let options = &self.table.options;
        let stream = TextStream::new(bytes, kind.encoding, lines);
        let packed = source.is_packed();
        let mut notes = Notes::new(&source.label, first);
        let (rows, present) = match *format {
            Format::JsonLines | Format::Json => {
                let lines = *format == Format::JsonLines;
                let mut reader = JsonReader::new(stream, lines, packed, options.line_bytes_max);
                if self.table.declared {
                    reader = reader.verbatim();
                }
                let row = JsonRow::new(&self.table, &self.projection);
                let present = (0..self.projection.len()).filter(|slot| row.slots.contains(&Some(*slot))).collect();
                (Rows::Json { reader, row }, present)
            }
            Format::Delimited { delimiter } => {
                let mut records = Records::new(stream, delimiter, packed, options.line_bytes_max);
                if self.table.declared {
                    records = records.verbatim();
                }
                if part.skip_first {
                    records.next(&mut notes).map_err(|e| unreadable(source, e))?;
                }
                let cell = |column: &usize| part.columns.iter().position(|c| c == column);
                let found = self.projection.iter().map(cell).enumerate().filter_map(|(slot, cell)| Some((slot, cell?)));
                let (present, cells) = found.unzip();
                (Rows::Delimited { records, cells, width: part.columns.len() }, present)
            }
            Format::Lines | Format::Raw => {
                let is_text = |slot: &usize| part.columns.first() == self.projection.get(*slot);
                let present = (0..self.projection.len()).filter(is_text).collect();
                if *format == Format::Raw {
                    (Rows::Raw { stream, packed }, present)
                } else {
                    let mut stream = stream;
                    if part.skip_first && first == 0 {
                        next_line(&mut stream, packed, options.line_bytes_max, &mut notes)
                            .map_err(|e| unreadable(source, e))?;
                    }
                    (Rows::Lines { stream, packed }, present)
                }
            }
        };
        Ok(Some(Open { rows, present, notes, source: piece.source }))
    }

    fn open_parquet(&self, piece: &Piece, groups: &[usize]) -> Result<Open, FilesError> {
        let part = &self.table.sources[piece.source];
        let source = &part.source;
        let Body::Parquet(footer) = &source.body else {
            return Err(FilesError::UnknownFormat { file: source.label.to_string(), found: "no Parquet".to_string() });
        };
        let file = File::open(&source.path).map_err(|e| unreadable(source, e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer.clone());
        let fields: Vec<Option<usize>> =
            self.projection.iter().map(|column| part.columns.iter().position(|c| c == column)).collect();
        let mut taken: Vec<usize> = fields.iter().flatten().copied().collect();
        taken.sort_unstable();
        taken.dedup();
        let mask = ProjectionMask::roots(builder.parquet_schema(), taken.iter().copied());
        let batches = builder
            .with_projection(mask)
            .with_row_groups(groups.to_vec())
            .with_batch_size(self.table.options.batch_rows)
            .build()
            .map_err(|e| FilesError::Parquet { file: source.label.to_string(), source: e })?;
        let group_bytes =
            |i: &usize| footer.metadata().row_groups().get(*i).map_or(0, |g| g.compressed_size().max(0) as u64);
        self.progress.add_bytes(groups.iter().map(group_bytes).sum());
        let first = groups.first().map_or(0, |i| *i as u64);
        Ok(Open {
            rows: Rows::Parquet { batches, fields, taken },
            present: Vec::new(),
            notes: Notes::new(&source.label, first),
            source: piece.source,
        })
    }

    /// Reads the next batch of a piece.
    fn batch(&self, open: &mut Open) -> Result<Option<RecordBatch>, FilesError> {
        let source = &self.table.sources[open.source].source;
        let failed =
            |error| FilesError::Batch { file: source.label.to_string(), table: self.table.name.clone(), source: error };
        let notes = &mut open.notes;
        let (columns, rows) = match &mut open.rows {
            Rows::Parquet { batches, fields, taken } => {
                let Some(batch) = batches.next() else { return Ok(None) };
                let batch = batch.map_err(failed)?;
                let columns = self.parquet_columns(open.source, &batch, fields, taken, notes).map_err(failed)?;
                (columns, batch.num_rows())
            }
            rows => {
                let batch_rows = self.table.options.batch_rows;
                let mut builders = Vec::with_capacity(open.present.len());
                for slot in &open.present {
                    let ktype = self.column(*slot).map_or(KqlType::String, |column| column.ktype);
                    builders.push((*slot, ColumnBuilder::new(ktype, batch_rows).map_err(failed)?));
                }
                let n = self.text_rows(rows, &mut builders, notes).map_err(|e| unreadable(source, e))?;
                if n == 0 {
                    return Ok(None);
                }
                let mut columns = self.empty_columns(n);
                for (slot, builder) in &mut builders {
                    columns[*slot] = builder.finish();
                }
                (columns, n)
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map(Some).map_err(failed)
    }

    fn parquet_columns(
        &self,
        source: usize,
        batch: &RecordBatch,
        fields: &[Option<usize>],
        taken: &[usize],
        notes: &mut Notes,
    ) -> Result<Vec<ArrayRef>, ArrowError> {
        let schema = self.table.sources[source].schema.as_ref();
        let mut columns = Vec::with_capacity(fields.len());
        for (slot, field) in fields.iter().enumerate() {
            let Some(ktype) = self.column(slot).map(|column| column.ktype) else { continue };
            // The batch holds the fields taken, in the file's order.
            let place = field.and_then(|field| taken.iter().position(|t| *t == field));
            let Some((place, field)) = place.zip(field.and_then(|field| schema?.fields().get(field))) else {
                columns.push(ktype.empty_column(batch.num_rows()));
                continue;
            };
            let normalised = normalise(batch.column(place), field, ktype)?;
            for _ in 0..normalised.misfits {
                let from = field.data_type();
                notes.add(Reason::Mistyped, Some(self.projection[slot]), || {
                    (None, format!("a value of column `{}` ({from}) is not of type {ktype}", field.name()))
                });
            }
            columns.push(normalised.array);
        }
        Ok(columns)
    }

    /// Returns columns without values, one array shared by all of a type.
    fn empty_columns(&self, rows: usize) -> Vec<ArrayRef> {
        let mut by_type: HashMap<KqlType, ArrayRef> = HashMap::new();
        let ktypes =
            (0..self.projection.len()).map(|slot| self.column(slot).map_or(KqlType::String, |column| column.ktype));
        ktypes.map(|ktype| by_type.entry(ktype).or_insert_with(|| ktype.empty_column(rows)).clone()).collect()
    }

    /// Adds rows of text to the builders of the columns that the file has, until a batch is full; returns how many.
    fn text_rows(
        &self,
        rows: &mut Rows,
        builders: &mut [(usize, ColumnBuilder)],
        notes: &mut Notes,
    ) -> std::io::Result<usize> {
        let mut n = 0;
        let mut misfits: Vec<(usize, String)> = Vec::new();
        let mut scratch = String::new();
        let origins: Vec<Origin> = self.projection.iter().map(|column| self.table.origins[*column]).collect();
        let begin = rows.taken();
        while n < self.table.options.batch_rows {
            let (stream, start) = match rows {
                Rows::Json { reader, row } => {
                    if !reader.next(row, notes)? {
                        break;
                    }
                    let text = reader.stream.text();
                    for (slot, builder) in builders.iter_mut() {
                        let token = row.tokens[*slot];
                        if !builder.push_json(text, token, origins[*slot]) {
                            misfits.push((*slot, token.text(text).to_string()));
                        }
                    }
                    for name in row.unread.drain(..) {
                        let line =
                            notes.wants_more(Reason::UnreadField).then(|| reader.stream.line(row.start)).flatten();
                        notes.add(Reason::UnreadField, None, || (line, quoted(&name)));
                    }
                    (&mut reader.stream, row.start)
                }
                Rows::Delimited { records, cells, width } => {
                    let Some(found) = records.next(notes)? else { break };
                    let text = records.stream.text();
                    for ((slot, builder), place) in builders.iter_mut().zip(cells.iter()) {
                        let cell = records.cell(*place).text(text, &mut scratch);
                        if !builder.push_text(cell) {
                            misfits.push((*slot, cell.to_string()));
                        }
                    }
                    let start = records.start();
                    if found < *width || (!self.table.declared && records.has_text_from(*width)) {
                        let line = notes.wants_more(Reason::RaggedRow).then(|| records.stream.line(start)).flatten();
                        notes.add(Reason::RaggedRow, None, || (line, format!("{found} cells under {width} headers")));
                    }
                    (&mut records.stream, start)
                }
                Rows::Lines { stream, packed } => {
                    let found = next_line(stream, *packed, self.table.options.line_bytes_max, notes)?;
                    let Some((start, end)) = found else { break };
                    let line = stream.text().get(start..end).unwrap_or("");
                    for (_, builder) in builders.iter_mut() {
                        builder.push_text(line);
                    }
                    (stream, start)
                }
                Rows::Raw { stream, packed } => {
                    let max = self.table.options.line_bytes_max;
                    while stream.rest().len() <= max && stream.fill(*packed, notes)? {}
                    if stream.rest().is_empty() {
                        break;
                    }
                    if stream.rest().len() > max {
                        notes.add(Reason::TooLong, None, || (None, format!("longer than {max} bytes")));
                        while stream.fill(*packed, notes)? {
                            stream.take_to(stream.text().len());
                        }
                        break;
                    }
                    for (_, builder) in builders.iter_mut() {
                        builder.push_text(stream.rest());
                    }
                    let start = stream.at();
                    stream.take_to(stream.text().len());
                    (stream, start)
                }
                Rows::Parquet { .. } => break,
            };
            n += 1;
            for (slot, value) in misfits.drain(..) {
                let Some(column) = self.column(slot) else { continue };
                let line = notes.wants_more(Reason::Mistyped).then(|| stream.line(start)).flatten();
                notes.add(Reason::Mistyped, Some(self.projection[slot]), || {
                    (line, format!("{} in column `{}` is not of type {}", quoted(&value), column.name, column.ktype))
                });
            }
            if stream.taken() - begin > BATCH_BYTES {
                break;
            }
        }
        Ok(n)
    }
}

impl Rows {
    /// Returns how many bytes of text were taken.
    fn taken(&self) -> u64 {
        match self {
            Rows::Json { reader, .. } => reader.stream.taken(),
            Rows::Delimited { records, .. } => records.stream.taken(),
            Rows::Lines { stream, .. } | Rows::Raw { stream, .. } => stream.taken(),
            Rows::Parquet { .. } => 0,
        }
    }
}

/// Reads the next line that is not empty; returns its place in the stream's text.
fn next_line(
    stream: &mut TextStream,
    packed: bool,
    line_bytes_max: usize,
    notes: &mut Notes,
) -> std::io::Result<Option<(usize, usize)>> {
    loop {
        let start = stream.at();
        let found = memchr::memchr(b'\n', stream.rest().as_bytes());
        let is_long = found.unwrap_or(stream.rest().len()) > line_bytes_max;
        if is_long {
            let line = stream.line(start);
            notes.add(Reason::TooLong, None, || (line, format!("longer than {line_bytes_max} bytes")));
            stream.skip_line(packed, notes)?;
            continue;
        }
        let end = match found {
            Some(n) => start + n,
            None if stream.fill(packed, notes)? => continue,
            // Of a last line without a break that damage cut off, nobody knows how much is missing.
            None if stream.rest().is_empty() || stream.cut => return Ok(None),
            None => stream.text().len(),
        };
        let start = stream.at();
        stream.take_to((end + 1).min(stream.text().len()));
        let text = stream.text().as_bytes();
        let trimmed = if end > start && text.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
        if trimmed > start {
            return Ok(Some((start, trimmed)));
        }
    }
}

/// Picks the members of a JSON row that are yielded.
struct JsonRow {
    keys: Keys,
    /// For each key, its slot among the columns yielded.
    slots: Vec<Option<usize>>,
    tokens: Vec<Token>,
    /// Names that are no column of the table.
    unread: Vec<String>,
    /// Other members are none of the caller's business.
    closed: bool,
    start: usize,
}

impl JsonRow {
    fn new(table: &Inner, projection: &[usize]) -> JsonRow {
        let mut keys = Keys::default();
        let mut slots = Vec::with_capacity(table.keys.len());
        for (name, column) in &table.keys {
            keys.add(name);
            slots.push(projection.iter().position(|p| p == column));
        }
        JsonRow {
            keys,
            slots,
            tokens: vec![Token::MISSING; projection.len()],
            unread: Vec::new(),
            closed: table.declared,
            start: 0,
        }
    }

    #[inline]
    fn set(&mut self, key: Option<usize>, value: Token) -> bool {
        let Some(key) = key else { return false };
        if let Some(slot) = self.slots[key] {
            self.tokens[slot] = value;
        }
        true
    }
}

impl Fields for JsonRow {
    #[inline]
    fn field(&mut self, name: &str, escaped: bool, value: Token) {
        if escaped {
            let name = unescaped(name);
            let key = self.keys.find(&name);
            if !self.set(key, value) && !self.closed {
                self.unread.push(name);
            }
            return;
        }
        let key = self.keys.find(name);
        if !self.set(key, value) && !self.closed {
            self.unread.push(name.to_string());
        }
    }
}

impl Row for JsonRow {
    fn begin(&mut self, start: usize) {
        self.start = start;
        self.keys.begin();
        self.tokens.fill(Token::MISSING);
        self.unread.clear();
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("table", &Table(self.plan.table.clone()).name())
            .field("pieces", &self.pieces)
            .finish_non_exhaustive()
    }
}
