//! Files whose columns and format the caller declares, as `externaldata` does: nothing is inferred.
//!
//! Delimited text has no header unless its first record is skipped, and its cells are the columns in order; members of
//! JSON objects and fields of Parquet files are columns by name; a line of other text is the first column.

use crate::cell::Origin;
use crate::detect::{self, Content, Format};
use crate::input::{self, Found, Input};
use crate::source::{self, Body, Source};
use crate::survey;
use crate::table::{Inner, Options, Table, TableSource};
use crate::warnings::{Notes, Reason, Warnings};
use crate::{FilesError, name};
use schema::Column;
use std::sync::Arc;

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Cells between delimiters, quoted as RFC 4180 says.
    Delimited(u8),
    /// JSON objects, one after the other or in an array.
    Json,
    Parquet,
    /// Each line is a row.
    Lines,
    /// The whole file is one row.
    Raw,
}

impl Layout {
    /// Returns the layout that Kusto's name of a format stands for.
    ///
    /// # Source
    /// Kusto reference, "Data formats supported for ingestion".
    pub fn from_name(name: &str) -> Option<Layout> {
        Some(match name.to_ascii_lowercase().as_str() {
            "csv" => Layout::Delimited(b','),
            "tsv" | "tab" => Layout::Delimited(b'\t'),
            "psv" => Layout::Delimited(b'|'),
            "scsv" => Layout::Delimited(b';'),
            "json" | "multijson" | "singlejson" | "jsonl" | "ndjson" => Layout::Json,
            "parquet" => Layout::Parquet,
            "txt" | "log" => Layout::Lines,
            "raw" => Layout::Raw,
            _ => return None,
        })
    }
}

/// What the caller declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub columns: Vec<Column>,
    /// By default what each file's extension says, and delimited by commas where it says nothing.
    pub layout: Option<Layout>,
    /// Whether the first record of each file of text is no row.
    pub skip_first: bool,
    /// Only files whose names begin and end so are read.
    pub prefix: String,
    pub suffix: String,
}

/// Opens files as one table that has exactly the declared columns.
///
/// # Errors
/// The caller's: a path that does not exist, a pattern or folder without files, a file that cannot be read as declared.
pub fn open_declared(
    paths: &[String],
    declared: &Declared,
    options: &Options,
    warnings: &Warnings,
) -> Result<Table, FilesError> {
    let mut sources = Vec::new();
    for path in paths {
        // A file called `-` is no standard input here.
        let path = if path == "-" { "./-".to_string() } else { path.clone() };
        for found in input::expand(&Input::path(path))? {
            let file_name = found.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if !file_name.starts_with(&declared.prefix) || !file_name.ends_with(&declared.suffix) {
                continue;
            }
            // A device or a pipe may have no end.
            let is_file = std::fs::metadata(&found.path).map(|metadata| metadata.is_file());
            let label = || found.path.display().to_string();
            if !is_file.map_err(|source| FilesError::Read { file: label(), source })? {
                return Err(FilesError::UnknownFormat { file: label(), found: "not a regular file".to_string() });
            }
            let found = Found { named: true, ..found };
            for source in source::probe_as(&found, &|head, whole, name| content(head, whole, name, declared.layout)) {
                sources.push(table_source(source?, declared, warnings)?);
            }
        }
    }
    let keys = declared.columns.iter().enumerate().map(|(i, column)| (column.name.clone(), i)).collect();
    Ok(Table(Arc::new(Inner {
        name: "externaldata".to_string(),
        columns: declared.columns.clone(),
        origins: vec![Origin::Schema; declared.columns.len()],
        sources,
        keys,
        declared: true,
        warnings: warnings.clone(),
        options: options.clone(),
    })))
}

/// Tells what an unpacked file holds, which must be what is declared.
fn content(head: &[u8], whole: bool, file_name: &str, layout: Option<Layout>) -> Result<Content, String> {
    let layout = layout.or_else(|| Layout::from_name(&detect::extension(file_name))).unwrap_or(Layout::Delimited(b','));
    let seen = detect::content(head, whole, file_name)?;
    Ok(match (seen, layout) {
        (Content::Empty, _) => Content::Empty,
        (Content::Parquet, Layout::Parquet) => Content::Parquet,
        (Content::Parquet, _) => return Err("a Parquet file where text was declared".to_string()),
        (Content::Text { .. }, Layout::Parquet) => return Err("text where a Parquet file was declared".to_string()),
        (Content::Text { format: Format::Json, kind }, Layout::Json) => Content::Text { format: Format::Json, kind },
        (Content::Text { kind, .. }, layout) => {
            let format = match layout {
                Layout::Delimited(delimiter) => Format::Delimited { delimiter },
                Layout::Raw => Format::Raw,
                Layout::Lines => Format::Lines,
                Layout::Json | Layout::Parquet => Format::JsonLines,
            };
            Content::Text { format, kind }
        }
    })
}

/// Says which of a source's cells or fields are which columns.
fn table_source(source: Source, declared: &Declared, warnings: &Warnings) -> Result<TableSource, FilesError> {
    let mut skip_first = false;
    let mut columns = Vec::new();
    let mut schema = None;
    match &source.body {
        Body::Empty => {
            let mut notes = Notes::new(&source.label, 0);
            notes.add(Reason::EmptyFile, None, || (None, "it holds no rows".to_string()));
            warnings.merge(&notes, |_| None);
        }
        Body::Parquet(footer) => {
            let found = survey::typed_schema(footer.schema(), footer.parquet_schema());
            let place = |field: &str| declared.columns.iter().position(|c| c.name == name::column_name(field).0);
            columns = found.fields().iter().map(|field| place(field.name()).unwrap_or(NO_COLUMN)).collect();
            schema = Some(found);
        }
        Body::Text { format: Format::Delimited { .. }, .. } => {
            skip_first = declared.skip_first;
            columns = (0..declared.columns.len()).collect();
        }
        Body::Text { format: Format::Lines, .. } => {
            skip_first = declared.skip_first;
            columns = vec![0];
        }
        Body::Text { format: Format::Raw, .. } => columns = vec![0],
        Body::Text { format: Format::Json | Format::JsonLines, .. } => {}
    }
    Ok(TableSource { source, columns, schema, skip_first })
}

/// Stands for a field that is no column.
const NO_COLUMN: usize = usize::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Progress;
    use arrow::util::display::array_value_to_string;
    use schema::KqlType;

    fn rows(files: &[(&str, &str)], layout: Option<Layout>, skip_first: bool, columns: &[(&str, KqlType)]) -> String {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let columns = columns.iter().map(|(name, ktype)| Column::new(*name, *ktype)).collect();
        let declared = Declared { columns, layout, skip_first, prefix: String::new(), suffix: String::new() };
        let path = dir.path().display().to_string();
        let table = match open_declared(&[path], &declared, &Options::default(), &Warnings::default()) {
            Ok(table) => table,
            Err(error) => return error.to_string().replace(&dir.path().display().to_string(), ""),
        };
        let progress = Arc::new(Progress::default());
        let mut out = Vec::new();
        for part in table.partitions(1) {
            for batch in table.read(&part, None, &progress) {
                let batch = batch.unwrap();
                for row in 0..batch.num_rows() {
                    let cells = batch.columns().iter().map(|array| match array.is_null(row) {
                        true => "null".to_string(),
                        false => array_value_to_string(array, row).unwrap(),
                    });
                    out.push(cells.collect::<Vec<_>>().join(","));
                }
            }
        }
        out.join(" / ")
    }

    #[test]
    fn columns_are_those_declared() {
        use KqlType::{Long, String};
        let two = [("a", String), ("b", Long)];
        let cases: [(&str, &str, Option<Layout>, bool, &str); 11] = [
            ("x.csv", "n,1\nm,2\n", None, false, "n,1 / m,2"),
            ("x.csv", "a,b\nm,2\n", None, true, "m,2"),
            ("x.csv", "b,a\n1,2,3\n\nq\n", None, false, "b,null / 1,2 / q,null"),
            ("x.csv", "sep=;,1\n", None, false, "sep=;,1"),
            ("x.dat", "n;1", Some(Layout::Delimited(b';')), false, "n,1"),
            ("x.json", "{\"b\":1,\"c\":2,\"a\":\"n\"}\n{\"b\":2}", None, false, "n,1 / ,2"),
            ("x.json", "[{\"b\":1,\n\"a\":\"n\"}]", None, false, "n,1"),
            ("x.json", "{\"Records\":[{\"b\":1}]}", None, false, ",null"),
            ("x.txt", "n, 1\r\nm", None, false, "n, 1,null / m,null"),
            ("x.txt", "n, 1\nm\n", Some(Layout::Raw), false, "n, 1\nm\n,null"),
            (
                "x.csv",
                "a",
                Some(Layout::Parquet),
                false,
                "`/x.csv` has an unknown format: text where a Parquet file was declared",
            ),
        ];
        for (name, text, layout, skip_first, expected) in cases {
            assert_eq!(rows(&[(name, text)], layout, skip_first, &two), expected, "{text:?} in {name} as {layout:?}");
        }
    }
}
