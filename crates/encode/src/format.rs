//! The formats, and the way a result goes into one.

use crate::kusto::{V1Encoder, V2Encoder};
use crate::monitor::{MonitorEncoder, MonitorExtras};
use crate::{EncodeError, QueryResult, Visualization};
use crate::{columnar, delimited, json, markdown, table, xlsx};
use arrow::array::RecordBatch;
use schema::Column;
use std::io::Write;

/// A format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Columns side by side, for a terminal.
    Table,
    /// An array of objects for each table.
    Json,
    /// An object a line.
    JsonLines,
    /// RFC 4180, with a header.
    Csv,
    /// Tabs between the cells, quoted as in CSV where a cell holds one.
    Tsv,
    /// GitHub's tables.
    Markdown,
    Parquet,
    /// Arrow's IPC file.
    Arrow,
    /// Excel, a sheet a table.
    Xlsx,
    /// The answer of Kusto's `/v1/rest/query`.
    KustoV1,
    /// The answer of Kusto's `/v2/rest/query`.
    KustoV2,
    /// The answer of Azure Monitor's query API.
    Monitor,
}

impl Format {
    /// Every format, in the order in which they are listed to people.
    pub const ALL: [Format; 12] = [
        Format::Table,
        Format::Json,
        Format::JsonLines,
        Format::Csv,
        Format::Tsv,
        Format::Markdown,
        Format::Parquet,
        Format::Arrow,
        Format::Xlsx,
        Format::KustoV1,
        Format::KustoV2,
        Format::Monitor,
    ];

    /// Returns the format's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Json => "json",
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Markdown => "markdown",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
            Format::Xlsx => "xlsx",
            Format::KustoV1 => "kusto-v1",
            Format::KustoV2 => "kusto-v2",
            Format::Monitor => "monitor",
        }
    }

    /// Returns the format of a name.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Returns the format that a file's name asks for by its extension.
    pub fn from_path(path: &str) -> Option<Format> {
        let (_, extension) = path.rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "txt" => Format::Table,
            "json" => Format::Json,
            "jsonl" | "ndjson" => Format::JsonLines,
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            "md" => Format::Markdown,
            "parquet" => Format::Parquet,
            "arrow" => Format::Arrow,
            "xlsx" => Format::Xlsx,
            _ => return None,
        })
    }

    /// Returns whether the format is text that a terminal can show.
    pub fn is_text(self) -> bool {
        !matches!(self, Format::Parquet | Format::Arrow | Format::Xlsx)
    }
}

/// What a format is told beside the rows.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Columns of the terminal that a table must fit; `None` for no limit.
    pub width: Option<usize>,
    /// What `render` asked for, for the formats that carry it to a client.
    pub visualization: Option<Visualization>,
    /// For the formats of Kusto.
    pub request: RequestIds,
    /// For Azure Monitor's format.
    pub monitor: MonitorExtras,
    /// For Kusto's v2.
    pub frames: Frames,
}

/// How an answer of Kusto's v2 is divided into frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Frames {
    /// Rows come in fragments, with word of how far the query is.
    pub progressive: bool,
    /// Rows come in fragments.
    pub fragmented: bool,
    /// Rows of a fragment at most; as they are made when `None`.
    pub fragment_rows_max: Option<usize>,
    pub errors: ErrorPlacement,
}

/// Where an error stands that came after the first rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorPlacement {
    /// After the last row, among the rows.
    #[default]
    InData,
    /// At the end of the table, where rows come in fragments.
    EndOfTable,
    /// At the end of everything only.
    EndOfDataset,
}

/// What names a request to Kusto's clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestIds {
    /// As the client sent it.
    pub client_request_id: String,
    /// A guid.
    pub activity_id: String,
}

/// What a query cost, for the formats of Kusto.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    /// When the query ended, in ticks.
    pub ended: i64,
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub memory_peak_bytes: u64,
    pub rows_scanned: u64,
    pub rows_total: u64,
    /// Why the last rows are missing, for a reader who asked to be told at the end only.
    pub truncated: Option<String>,
}

/// Writes one result: tables one after the other, then the end.
pub trait Encoder {
    /// Begins a table.
    ///
    /// # Errors
    /// `OneTable` when the format has no room for a further one; what the destination reports.
    fn begin_table(&mut self, name: &str, columns: &[Column]) -> Result<(), EncodeError>;

    /// Adds rows to the table, in the physical types of its columns.
    ///
    /// # Errors
    /// A value that the format cannot hold; what the destination reports.
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError>;

    /// Ends the table.
    ///
    /// # Errors
    /// As [`Encoder::batch`]: rows may be held back until here.
    fn end_table(&mut self) -> Result<(), EncodeError>;

    /// Ends the result.
    ///
    /// # Errors
    /// As [`Encoder::batch`].
    fn finish(&mut self, statistics: &Statistics) -> Result<(), EncodeError>;

    /// Ends the result, and a table under way, with the failure of its query. Returns whether the format tells the reader
    /// of it; where not, the result is cut off.
    ///
    /// # Errors
    /// What the destination reports.
    fn fail(&mut self, _code: &str, _message: &str) -> Result<bool, EncodeError> {
        Ok(false)
    }
}

/// Makes the encoder of a format.
pub fn encoder<'a>(format: Format, options: &Options, out: Box<dyn Write + Send + 'a>) -> Box<dyn Encoder + 'a> {
    match format {
        Format::Table => Box::new(table::TableEncoder::new(out, options.width)),
        Format::Json => Box::new(json::JsonEncoder::documents(out)),
        Format::JsonLines => Box::new(json::JsonEncoder::lines(out)),
        Format::Csv => Box::new(delimited::DelimitedEncoder::csv(out)),
        Format::Tsv => Box::new(delimited::DelimitedEncoder::tsv(out)),
        Format::Markdown => Box::new(markdown::MarkdownEncoder::new(out)),
        Format::Parquet => Box::new(columnar::ColumnarEncoder::parquet(out)),
        Format::Arrow => Box::new(columnar::ColumnarEncoder::arrow(out)),
        Format::Xlsx => Box::new(xlsx::XlsxEncoder::new(out)),
        Format::KustoV1 => Box::new(V1Encoder::new(out, options)),
        Format::KustoV2 => Box::new(V2Encoder::new(out, options)),
        Format::Monitor => Box::new(MonitorEncoder::new(out, options)),
    }
}

/// Writes a result that is held whole. The result's visualization goes before that of the options.
///
/// # Errors
/// As the encoder's steps.
pub fn write(
    result: &QueryResult,
    format: Format,
    options: &Options,
    out: &mut (dyn Write + Send),
) -> Result<(), EncodeError> {
    let options =
        Options { visualization: result.visualization.clone().or(options.visualization.clone()), ..options.clone() };
    let mut encoder = encoder(format, &options, Box::new(out));
    for table in &result.tables {
        encoder.begin_table(&table.name, &table.columns)?;
        for batch in &table.batches {
            encoder.batch(batch)?;
        }
        encoder.end_table()?;
    }
    encoder.finish(&Statistics::default())
}
