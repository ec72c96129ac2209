//! The columns of one source: read from its header or footer, or found by going through its rows.

use crate::FilesError;
use crate::csv::{self, Cell, Step};
use crate::detect::Format;
use crate::infer::Seen;
use crate::json::scan::{Fields, Token};
use crate::json::{JsonReader, Row};
use crate::name;
use crate::normalise::natural_type;
use crate::source::{Body, Source};
use crate::text::{LineBase, TextStream};
use crate::warnings::Notes;
use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::basic::LogicalType;
use schema::{FIELD_TYPE_KEY, KqlType};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Columns that a table takes at most from its files.
const COLUMNS_MAX: usize = 2000;
/// The column of a file of plain lines, as Log Analytics names it in tables of custom text logs.
pub(crate) const LINE_COLUMN: &str = "RawData";
/// Slices looked at past a large file's beginning.
const SLICES: u64 = 16;

/// What a source shows of its columns.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Names as in the file and what was seen, in order of appearance. Of delimited text: one for each cell of the header.
    pub fields: Vec<(String, Seen)>,
    /// Of Parquet: the file's schema, with the KQL types that its logical types say.
    pub schema: Option<SchemaRef>,
}

/// Looks through a source's first bytes; through a larger file of lines at places spread over it as well.
pub(crate) fn survey(source: &Source, bytes_max: u64, line_bytes_max: usize) -> Result<Survey, FilesError> {
    match &source.body {
        Body::Empty => Ok(Survey::default()),
        Body::Parquet(footer) => {
            let schema = typed_schema(footer.schema(), footer.parquet_schema());
            let fields = schema.fields().iter().map(|f| (f.name().clone(), Seen::declared(natural_type(f)))).collect();
            Ok(Survey { fields, schema: Some(schema) })
        }
        Body::Text { format: Format::Lines | Format::Raw, .. } => {
            let fields = vec![(LINE_COLUMN.to_string(), Seen::declared(KqlType::String))];
            Ok(Survey { fields, schema: None })
        }
        Body::Text { format: Format::Delimited { delimiter }, kind } => {
            let stream = TextStream::new(source.open(None)?, kind.encoding, LineBase::Known(0));
            let records = Records::new(stream, *delimiter, source.is_packed(), line_bytes_max);
            survey_delimited(source, records, bytes_max)
        }
        Body::Text { format: format @ (Format::JsonLines | Format::Json), kind } => {
            let mut found = JsonSurvey::default();
            let lines = *format == Format::JsonLines;
            let mut look = |reader, bytes_max| -> Result<(), FilesError> {
                let stream = TextStream::new(reader, kind.encoding, LineBase::Known(0));
                let mut reader = JsonReader::new(stream, lines, source.is_packed(), line_bytes_max);
                let mut notes = Notes::new(&source.label, 0);
                while reader.stream.taken() < bytes_max {
                    if !reader.next(&mut found, &mut notes).map_err(|e| unreadable(source, e))? {
                        break;
                    }
                    found.take(reader.stream.text());
                }
                Ok(())
            };
            let is_spread = source.is_splittable() && source.bytes > bytes_max;
            look(source.open(None)?, if is_spread { bytes_max / 2 } else { bytes_max })?;
            if is_spread {
                let slice = (bytes_max / 2 / SLICES).max(1);
                for i in 1..=SLICES {
                    let start = (source.bytes / SLICES * i).saturating_sub(slice).max(1);
                    look(source.open_range(start, start + slice, None)?, slice)?;
                }
            }
            Ok(Survey { fields: found.keys.names.into_iter().zip(found.seen).collect(), schema: None })
        }
    }
}

pub(crate) fn unreadable(source: &Source, error: std::io::Error) -> FilesError {
    FilesError::Read { file: source.label.to_string(), source: error }
}

/// Marks the fields whose Parquet type says more than their Arrow type.
pub(crate) fn typed_schema(schema: &SchemaRef, parquet: &parquet::schema::types::SchemaDescriptor) -> SchemaRef {
    let roots = parquet.root_schema().get_fields();
    let fields = schema.fields().iter().zip(roots).map(|(field, root)| {
        let ktype = match root.get_basic_info().logical_type_ref() {
            Some(LogicalType::Json | LogicalType::Bson) => KqlType::Dynamic,
            Some(LogicalType::Uuid) => KqlType::Guid,
            _ => return field.clone(),
        };
        let mut metadata = field.metadata().clone();
        metadata.entry(FIELD_TYPE_KEY.to_string()).or_insert_with(|| ktype.name().to_string());
        Arc::new(Field::clone(field).with_metadata(metadata))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Names in order of appearance, quick to find for rows that name them in that order.
#[derive(Debug, Default, Clone)]
pub(crate) struct Keys {
    pub names: Vec<String>,
    index: HashMap<String, usize>,
    /// Where the next name is expected.
    cursor: usize,
}

impl Keys {
    /// Expects the first name next.
    pub fn begin(&mut self) {
        self.cursor = 0;
    }

    /// Returns a name's place.
    #[inline]
    pub fn find(&mut self, name: &str) -> Option<usize> {
        if self.names.get(self.cursor).is_some_and(|expected| expected == name) {
            self.cursor += 1;
            return Some(self.cursor - 1);
        }
        let place = *self.index.get(name)?;
        self.cursor = place + 1;
        Some(place)
    }

    /// Adds a name that is not there yet, and returns its place.
    pub fn add(&mut self, name: &str) -> usize {
        self.names.push(name.to_string());
        self.index.insert(name.to_string(), self.names.len() - 1);
        self.cursor = self.names.len();
        self.cursor - 1
    }
}

/// Returns a member's name with its escapes undone.
pub(crate) fn unescaped(name: &str) -> String {
    schema::dynamic::raw::string(&format!("\"{name}\"")).unwrap_or_default().into_owned()
}

/// Collects the members of JSON rows.
#[derive(Default)]
struct JsonSurvey {
    keys: Keys,
    seen: Vec<Seen>,
    /// The current row's members; taken over when the row is whole.
    row: Vec<(Member, Token)>,
}

enum Member {
    Known(usize),
    New(String),
}

impl Fields for JsonSurvey {
    fn field(&mut self, name: &str, escaped: bool, value: Token) {
        let member = match escaped {
            false => self.keys.find(name).map_or_else(|| Member::New(name.to_string()), Member::Known),
            true => {
                let name = unescaped(name);
                self.keys.find(&name).map_or(Member::New(name), Member::Known)
            }
        };
        self.row.push((member, value));
    }
}

impl Row for JsonSurvey {
    fn begin(&mut self, _: usize) {
        self.keys.begin();
        self.row.clear();
    }
}

impl JsonSurvey {
    fn take(&mut self, text: &str) {
        for (member, token) in self.row.drain(..) {
            let place = match member {
                Member::Known(place) => place,
                // A row may hold a name twice.
                Member::New(name) => match self.keys.find(&name) {
                    Some(place) => place,
                    None if self.keys.names.len() >= COLUMNS_MAX => continue,
                    None => {
                        self.seen.push(Seen::default());
                        self.keys.add(&name)
                    }
                },
            };
            let zone = name::column_name(&self.keys.names[place]).1;
            self.seen[place].add(Seen::json(text, token, zone));
        }
    }
}

fn survey_delimited(source: &Source, mut records: Records, bytes_max: u64) -> Result<Survey, FilesError> {
    let mut notes = Notes::new(&source.label, 0);
    let mut scratch = String::new();
    let mut fields: Vec<(String, Seen)> = Vec::new();
    if let Some(width) = records.next(&mut notes).map_err(|e| unreadable(source, e))? {
        let mut taken = HashSet::new();
        for (i, cell) in records.cells(width).enumerate() {
            let header = cell.text(records.stream.text(), &mut scratch).trim();
            let header = if header.is_empty() { format!("Column{}", i + 1) } else { header.to_string() };
            // Two headers may differ in their zone only; the column's name without it must differ too.
            let (name, zone) = name::column_name(&header);
            let unique = name::unique(name, &mut taken);
            let header =
                if unique == name { header } else { format!("{unique}{}", if zone.is_some() { " [UTC]" } else { "" }) };
            fields.push((header, Seen::default()));
        }
    }
    let zones: Vec<_> = fields.iter().map(|(name, _)| name::column_name(name).1).collect();
    while let Some(width) = records.next(&mut notes).map_err(|e| unreadable(source, e))? {
        for ((cell, (_, seen)), zone) in records.cells(width).zip(&mut fields).zip(&zones) {
            if !seen.is_settled_text() {
                seen.add(Seen::text(cell.text(records.stream.text(), &mut scratch), *zone));
            }
        }
        if records.stream.taken() >= bytes_max {
            break;
        }
    }
    Ok(Survey { fields, schema: None })
}

/// Reads the records of delimited text.
pub(crate) struct Records {
    pub stream: TextStream,
    delimiter: u8,
    packed: bool,
    line_bytes_max: usize,
    cells: Vec<Cell>,
    start: usize,
    began: bool,
}

impl Records {
    pub fn new(stream: TextStream, delimiter: u8, packed: bool, line_bytes_max: usize) -> Records {
        Records { stream, delimiter, packed, line_bytes_max, cells: Vec::new(), start: 0, began: false }
    }

    /// Takes a first line `sep=;` as a record like any other.
    pub fn verbatim(self) -> Records {
        Records { began: true, ..self }
    }

    /// Reads the next record and returns how many cells it has; they are places in the stream's text until the next call.
    pub fn next(&mut self, notes: &mut Notes) -> std::io::Result<Option<usize>> {
        if !self.began {
            self.began = true;
            self.stream.fill(self.packed, notes)?;
            if let Some((_, len)) = csv::separator_line(self.stream.text()) {
                self.stream.take_to(len);
            }
        }
        loop {
            let start = self.stream.at();
            let text = self.stream.text();
            let bytes = text.as_bytes();
            match bytes.get(start) {
                Some(b'\n') => {
                    self.stream.take_to(start + 1);
                    continue;
                }
                Some(b'\r') if bytes.get(start + 1) == Some(&b'\n') => {
                    self.stream.take_to(start + 2);
                    continue;
                }
                Some(_) => {}
                None => {
                    if self.stream.fill(self.packed, notes)? {
                        continue;
                    }
                    return Ok(None);
                }
            }
            self.start = start;
            let cells = &mut self.cells;
            cells.clear();
            match csv::record(text, start, self.delimiter, self.stream.ended(), |_, cell| cells.push(cell)) {
                Step::Record { cells, next } => {
                    let is_cut = self.stream.cut && next == text.len() && bytes.last() != Some(&b'\n');
                    let is_long = next - start > self.line_bytes_max;
                    if is_long {
                        self.too_long(notes);
                    }
                    self.stream.take_to(next);
                    if !is_cut && !is_long {
                        return Ok(Some(cells));
                    }
                }
                Step::Unfinished { .. } if !self.stream.ended() && self.stream.rest().len() <= self.line_bytes_max => {
                    self.stream.fill(self.packed, notes)?;
                }
                // The quote that is never closed is a broken cell of its line: the next line may be whole.
                Step::Unfinished { quoted: true } => {
                    if !(self.stream.cut && self.stream.ended()) {
                        let line = self.stream.line(start);
                        notes.add(crate::Reason::BrokenRow, None, || (line, "a quoted cell is not closed".to_string()));
                    }
                    self.stream.skip_line(self.packed, notes)?;
                }
                Step::Unfinished { quoted: false } => {
                    self.too_long(notes);
                    self.stream.skip_line(self.packed, notes)?;
                }
            }
        }
    }

    /// Returns where the record read last begins in the stream's text.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Returns the cells of the record read last, as many as asked for: those it lacks are empty.
    pub fn cells(&self, width: usize) -> impl Iterator<Item = Cell> {
        self.cells.iter().copied().chain(std::iter::repeat(Cell::MISSING)).take(width)
    }

    /// Returns a cell of the record read last.
    #[inline]
    pub fn cell(&self, place: usize) -> Cell {
        self.cells.get(place).copied().unwrap_or(Cell::MISSING)
    }

    /// Returns whether the record read last has text in a cell from `place` on.
    pub fn has_text_from(&self, place: usize) -> bool {
        self.cells.iter().skip(place).any(|cell| cell.end > cell.start)
    }

    fn too_long(&mut self, notes: &mut Notes) {
        let line = self.stream.line(self.stream.at());
        let max = self.line_bytes_max;
        notes.add(crate::Reason::TooLong, None, || (line, format!("longer than {max} bytes")));
    }
}
