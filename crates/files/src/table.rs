//! Files brought together as tables.

use crate::cell::Origin;
use crate::detect::Format;
use crate::input::{self, Input};
use crate::name::{self, Zone};
use crate::progress::Progress;
use crate::read::Reader;
use crate::source::{self, Body, Source};
use crate::survey::{self, Survey};
use crate::warnings::{Notes, Reason, Warnings};
use crate::{FilesError, Seen};
use arrow::datatypes::{Field, Schema, SchemaRef};
use schema::{Column, KqlType, TableSchema};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Rows longer than this are skipped and counted.
    pub line_bytes_max: usize,
    /// Bytes of text that column types are taken from, over all files of a table. Files that are not read whole may show
    /// other types or further fields later: such values are null, such fields are not read, and both are counted.
    pub sample_bytes: u64,
    /// Rows of a batch at most.
    pub batch_rows: usize,
    /// Schemas of further tables; they go before the built-in ones. See [`table_schemas`].
    pub tables: Vec<TableSchema>,
    /// Files and members of archives that are left out, by what messages call them.
    pub without: HashSet<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            line_bytes_max: 64 << 20,
            sample_bytes: 64 << 20,
            batch_rows: 8192,
            tables: Vec::new(),
            without: HashSet::new(),
        }
    }
}

/// Bytes that are looked at of each file at least.
const SAMPLE_BYTES_MIN: u64 = 256 * 1024;

/// A table over one or more files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Table(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub name: String,
    pub columns: Vec<Column>,
    /// For each column, who says its type.
    pub origins: Vec<Origin>,
    pub sources: Vec<TableSource>,
    /// JSON members' names as in the files, with their columns.
    pub keys: Vec<(String, usize)>,
    /// The columns were declared beforehand: that files have others is no finding, and nothing is taken apart.
    pub declared: bool,
    pub warnings: Warnings,
    pub options: Options,
}

/// A source and how its fields become the table's columns.
#[derive(Debug)]
pub(crate) struct TableSource {
    pub source: Source,
    /// For each cell of a delimited file's header, or field of a Parquet file, its column.
    pub columns: Vec<usize>,
    pub schema: Option<SchemaRef>,
    /// Whether the first record or line is no row.
    pub skip_first: bool,
}

/// A file's name, and its lines.
pub type RawLines = (String, Box<dyn std::io::Read + Send>);

/// A part of a table that one reader reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub(crate) pieces: Vec<Piece>,
    bytes: u64,
}

/// A part of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub source: usize,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Span {
    Whole,
    /// The lines that begin in these bytes.
    Bytes(u64, u64),
    RowGroups(Vec<usize>),
}

/// A Parquet file of a table, for engines that scan such files themselves: bring each array that is read to the column's
/// type with [`normalise`](crate::normalise).
#[derive(Debug, Clone)]
pub struct ParquetFile {
    pub path: PathBuf,
    /// The file's fields. A field's metadata names its KQL type where the Arrow type alone does not say it.
    pub schema: SchemaRef,
    /// For each column of the table, the file's field; `None` where the file has none and the column is null (empty).
    pub fields: Vec<Option<usize>>,
    pub rows: u64,
    pub bytes: u64,
    /// The file's footer: its row groups and their statistics.
    pub footer: Arc<parquet::file::metadata::ParquetMetaData>,
}

/// Opens files as tables, in the order in which the tables are first named. Files that name the same table make one
/// table together, which has the columns of all.
///
/// # Errors
/// The caller's: a path that does not exist, a pattern or folder without files, a file that is named itself and cannot be
/// read. A file that was found in a folder, by a pattern or in an archive and cannot be read is a warning, unless there is
/// no other.
pub fn open(inputs: &[Input], options: &Options) -> Result<Vec<Table>, FilesError> {
    let warnings = Warnings::default();
    let mut tables: Vec<(String, Vec<Source>)> = Vec::new();
    let mut taken = HashSet::new();
    for input in inputs {
        let mut n_sources = 0;
        let mut first_error = None;
        let found = input::expand(input)?;
        let is_one = matches!(found.as_slice(), [only] if only.named);
        for file in found {
            if !taken.insert((input.table.clone(), file.path.clone())) {
                n_sources += 1;
                continue;
            }
            for source in source::probe(&file) {
                match source {
                    Ok(source) if options.without.contains(&*source.label) => n_sources += 1,
                    // What is left out may well be what is not known here.
                    Err(FilesError::UnknownFormat { file, .. }) if options.without.contains(&file) => n_sources += 1,
                    Ok(source) => {
                        n_sources += 1;
                        let name = input.table.clone().unwrap_or_else(|| source.table.clone());
                        match tables.iter_mut().find(|(table, _)| *table == name) {
                            Some((_, sources)) => sources.push(source),
                            None => tables.push((name, vec![source])),
                        }
                    }
                    Err(error) => {
                        skip(&warnings, &file.path.display().to_string(), &error);
                        first_error.get_or_insert(error);
                    }
                }
            }
        }
        if n_sources == 0 {
            let empty = FilesError::EmptyFolder { path: input.path.clone() };
            return Err(first_error.filter(|_| is_one).unwrap_or(empty));
        }
    }
    let mut opened = Vec::with_capacity(tables.len());
    for (name, sources) in tables {
        opened.push(Table(Arc::new(assemble(name, sources, options, &warnings)?)));
    }
    Ok(opened)
}

/// Reads the schemas of tables from the files `<Table>.toml` of a folder, written as the built-in ones are.
///
/// # Errors
/// `Read` when the folder or a file cannot be read, `Schema` when a file says something else than a table.
pub fn table_schemas(folder: &Path) -> Result<Vec<TableSchema>, FilesError> {
    let unreadable = |path: &Path, source| FilesError::Read { file: path.display().to_string(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let path = entry.map_err(|e| unreadable(folder, e))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut tables = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
        let definition = schema::tables::parse(&name, &text)
            .map_err(|source| FilesError::Schema { file: path.display().to_string(), source })?;
        tables.push(definition.schema);
    }
    Ok(tables)
}

/// Notes a file that is left out.
fn skip(warnings: &Warnings, file: &str, error: &FilesError) {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        cause = error.source();
    }
    let mut notes = Notes::new(&file.into(), 0);
    notes.add(Reason::SkippedFile, None, || (None, reason));
    warnings.merge(&notes, |_| None);
}

/// Brings the columns of a table's sources together.
fn assemble(name: String, sources: Vec<Source>, options: &Options, warnings: &Warnings) -> Result<Inner, FilesError> {
    let surveys = survey_all(&sources, options)?;
    let mut columns: Vec<Column> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let declared = options.tables.iter().find(|table| table.name == name).or_else(|| schema::tables::builtin(&name));
    if let Some(declared) = declared {
        columns.clone_from(&declared.columns);
        places.extend(columns.iter().enumerate().map(|(i, column)| (column.name.clone(), i)));
    }
    let n_declared = columns.len();
    let mut seen = vec![Seen::default(); n_declared];
    let mut keys = Vec::new();
    let mut known_keys = HashSet::new();
    let mut table_sources = Vec::with_capacity(sources.len());
    for (source, survey) in sources.into_iter().zip(surveys) {
        let mut file_columns = Vec::with_capacity(survey.fields.len());
        let mut notes = Notes::new(&source.label, 0);
        if matches!(source.body, Body::Empty) {
            notes.add(Reason::EmptyFile, None, || (None, "it holds no rows".to_string()));
        }
        for (raw, field_seen) in survey.fields {
            let (column_name, zone) = name::column_name(&raw);
            let column_name = if column_name.is_empty() { "Column" } else { column_name };
            let place = *places.entry(column_name.to_string()).or_insert_with(|| {
                columns.push(Column::new(column_name, KqlType::String));
                seen.push(Seen::default());
                columns.len() - 1
            });
            seen[place].add(field_seen);
            file_columns.push(place);
            if zone == Some(Zone::Local) {
                notes.add(Reason::LocalTime, Some(place), || (Some(1), format!("column `{column_name}`")));
            }
            if is_json(&source) && known_keys.insert(raw.clone()) {
                keys.push((raw, place));
            }
        }
        warnings.merge(&notes, |idx| columns.get(idx).map(|column| column.name.clone()));
        let skip_first = matches!(source.body, Body::Text { format: Format::Delimited { .. }, .. });
        table_sources.push(TableSource { source, columns: file_columns, schema: survey.schema, skip_first });
    }
    for (column, seen) in columns.iter_mut().zip(&seen).skip(n_declared) {
        column.ktype = seen.ktype();
    }
    let origins = (0..columns.len()).map(|i| if i < n_declared { Origin::Schema } else { Origin::Inferred }).collect();
    Ok(Inner {
        name,
        columns,
        origins,
        sources: table_sources,
        keys,
        declared: false,
        warnings: warnings.clone(),
        options: options.clone(),
    })
}

fn is_json(source: &Source) -> bool {
    matches!(source.body, Body::Text { format: Format::Json | Format::JsonLines, .. })
}

/// Surveys sources, several at a time.
fn survey_all(sources: &[Source], options: &Options) -> Result<Vec<Survey>, FilesError> {
    let bytes_max =
        (options.sample_bytes / sources.len().max(1) as u64).max(SAMPLE_BYTES_MIN.min(options.sample_bytes));
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Result<Survey, FilesError>>>> = Mutex::new(sources.iter().map(|_| None).collect());
    let work = || {
        while let Some((idx, source)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, sources.get(i)?)))
        {
            let survey = survey::survey(source, bytes_max, options.line_bytes_max);
            if let Some(slot) = done.lock().unwrap_or_else(PoisonError::into_inner).get_mut(idx) {
                *slot = Some(survey);
            }
        }
    };
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(sources.len());
    std::thread::scope(|scope| {
        for _ in 1..n_threads {
            scope.spawn(work);
        }
        work();
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

/// Bytes that a part of a split file has at least.
const PIECE_BYTES_MIN: u64 = 1 << 20;

impl Table {
    /// Returns the table's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the columns: those of the built-in schema of this name, if there is one, then what else the files have.
    pub fn columns(&self) -> &[Column] {
        &self.0.columns
    }

    /// Returns the warnings of all tables that were opened together with this one.
    pub fn warnings(&self) -> &Warnings {
        &self.0.warnings
    }

    /// Opens the files as they are, unpacked, if each of them is JSON in UTF-8 with a record on each line, and every member's name is
    /// that of its column: then what is read can be sent on without being read here. Each has its name beside it.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub fn json_lines(&self, progress: &Arc<Progress>) -> Result<Option<Vec<RawLines>>, FilesError> {
        let is_plain = |(name, column): &(String, usize)| self.0.columns.get(*column).is_some_and(|c| c.name == *name);
        if !self.0.keys.iter().all(is_plain) {
            return Ok(None);
        }
        let mut lines = Vec::with_capacity(self.0.sources.len());
        for TableSource { source, .. } in &self.0.sources {
            match &source.body {
                Body::Empty => {}
                Body::Text { format: Format::JsonLines, kind } if kind.encoding == encoding_rs::UTF_8 => {
                    lines.push((source.label.to_string(), source.open(Some(progress.clone()))?));
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(lines))
    }

    /// Returns the bytes of all files on disk.
    pub fn bytes(&self) -> u64 {
        self.0.sources.iter().map(|s| s.source.bytes).sum()
    }

    /// Returns the Arrow schema of the batches that a reader of these columns yields.
    pub fn arrow_schema(&self, projection: Option<&[usize]>) -> SchemaRef {
        let field = |column: &Column| Field::new(&column.name, column.ktype.arrow(), column.ktype != KqlType::String);
        let columns = &self.0.columns;
        let fields: Vec<Field> = match projection {
            Some(places) => places.iter().filter_map(|i| columns.get(*i)).map(field).collect(),
            None => columns.iter().map(field).collect(),
        };
        Arc::new(Schema::new(fields))
    }

    /// Splits the table into at most `n` parts of about the same size that can be read in parallel, in the order of the
    /// files. Compressed files and delimited text are not split; lines of plain files and row groups of Parquet are.
    pub fn partitions(&self, n: usize) -> Vec<Partition> {
        let share = (self.bytes() / n.max(1) as u64).max(PIECE_BYTES_MIN);
        let mut partitions: Vec<Partition> = Vec::new();
        for (idx, part) in self.0.sources.iter().enumerate() {
            for (span, bytes) in spans(&part.source, share) {
                let piece = Piece { source: idx, span };
                match partitions.last_mut() {
                    Some(last) if partitions_full(last, bytes, share) => last.add(piece, bytes),
                    Some(last) if last.bytes == 0 => last.add(piece, bytes),
                    _ => partitions.push(Partition { pieces: vec![piece], bytes }),
                }
            }
        }
        // Rounding up can leave more parts than asked for.
        while partitions.len() > n.max(1)
            && let Some(last) = partitions.pop()
            && let Some(before) = partitions.last_mut()
        {
            before.bytes += last.bytes;
            before.pieces.extend(last.pieces);
        }
        partitions
    }

    /// Opens a reader of a part of the table that yields the columns at these places, in this order; all when `None`.
    pub fn read(&self, partition: &Partition, projection: Option<&[usize]>, progress: &Arc<Progress>) -> Reader {
        let projection: Vec<usize> = match projection {
            Some(places) => places.iter().copied().filter(|i| *i < self.0.columns.len()).collect(),
            None => (0..self.0.columns.len()).collect(),
        };
        progress.add_total(partition.bytes);
        let schema = self.arrow_schema(Some(&projection));
        Reader::new(self.0.clone(), partition.pieces.clone(), projection, schema, progress.clone())
    }

    /// Returns the files when all of them are Parquet.
    pub fn parquet(&self) -> Option<Vec<ParquetFile>> {
        self.0.sources.iter().map(|part| part.parquet(self.0.columns.len())).collect()
    }
}

fn partitions_full(last: &Partition, bytes: u64, share: u64) -> bool {
    last.bytes + bytes / 2 < share
}

impl Partition {
    fn add(&mut self, piece: Piece, bytes: u64) {
        self.bytes += bytes;
        // Neighbouring row groups of a file are read in one go.
        if let (Some(Piece { source, span: Span::RowGroups(groups) }), Span::RowGroups(more)) =
            (self.pieces.last_mut(), &piece.span)
            && *source == piece.source
        {
            groups.extend(more);
            return;
        }
        self.pieces.push(piece);
    }
}

impl TableSource {
    fn parquet(&self, n_columns: usize) -> Option<ParquetFile> {
        let Body::Parquet(footer) = &self.source.body else { return None };
        let mut fields = vec![None; n_columns];
        for (field, column) in self.columns.iter().enumerate() {
            if let Some(slot) = fields.get_mut(*column) {
                *slot = Some(field);
            }
        }
        let rows = u64::try_from(footer.metadata().file_metadata().num_rows()).unwrap_or(0);
        Some(ParquetFile {
            path: self.source.path.clone(),
            schema: self.schema.clone()?,
            fields,
            rows,
            bytes: self.source.bytes,
            footer: footer.metadata().clone(),
        })
    }
}

/// Splits a source into spans of about `share` bytes, where it can be split.
fn spans(source: &Source, share: u64) -> Vec<(Span, u64)> {
    match &source.body {
        Body::Empty => Vec::new(),
        Body::Parquet(footer) => {
            let groups = footer.metadata().row_groups();
            let bytes = |i: usize| groups.get(i).map_or(0, |g| u64::try_from(g.compressed_size()).unwrap_or(0));
            (0..groups.len()).map(|i| (Span::RowGroups(vec![i]), bytes(i))).collect()
        }
        Body::Text { .. } if source.is_splittable() && source.bytes > share => {
            let n = source.bytes.div_ceil(share);
            let bound = |i: u64| (u128::from(source.bytes) * u128::from(i) / u128::from(n)) as u64;
            (0..n).map(|i| (Span::Bytes(bound(i), bound(i + 1)), bound(i + 1) - bound(i))).collect()
        }
        Body::Text { .. } => vec![(Span::Whole, source.bytes)],
    }
}
