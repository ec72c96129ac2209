//! Files of typed columns, Avro, Parquet and ORC, as JSON objects, which then go the way of every other object.
//!
//! The readers are others' code over bytes that anybody can send: a server has a process of its own read them ([`super::Isolated`]), whose
//! memory is bounded. The bytes of the objects are bounded here too, and where a reader panics the file counts as unreadable.

use crate::format::DataFormat;
use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, RecordBatch, UInt8Builder};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use bytes::Bytes;
use encode::{Encoder, Format, Options};
use files::{natural_type, normalise};
use orc_rust::ArrowReaderBuilder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schema::Column;
use std::collections::HashSet;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Rows that are read at a time.
const BATCH_ROWS: usize = 256;

/// Why a file is not read; the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{0}")]
    Unreadable(String),
    #[error("its records have more than {max} bytes as text")]
    TooLarge { max: usize },
    /// Ours.
    #[error("columns cannot be built")]
    Columns(#[from] ArrowError),
    /// Ours too.
    #[error("files cannot be read now")]
    NoReader(#[source] std::io::Error),
    #[error("as many files are read as may be at the same time")]
    Busy { retry_after_ms: u64 },
}

/// A file that is to be read.
#[derive(Debug)]
pub struct ColumnarFile<'a> {
    pub format: DataFormat,
    pub body: &'a [u8],
    /// Members whose bytes are written as lists of numbers.
    pub names_of_bytes: Vec<String>,
    /// Bytes of its objects as JSON text at most.
    pub bytes_max: usize,
}

/// Reads files of typed columns as objects, one a line.
pub trait ColumnarReader: Send + Sync {
    /// Reads a file and hands its objects on, some whole lines at a time.
    ///
    /// # Errors
    /// When the file cannot be read, or has more than it may; what `take` says.
    fn read(
        &self,
        file: &ColumnarFile<'_>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), FileError>,
    ) -> Result<(), FileError>;
}

/// Reads files here and now: for those that are trusted, and for a process that does nothing else.
#[derive(Debug, Clone, Copy)]
pub struct InProcess;

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, String>>>;

impl ColumnarReader for InProcess {
    fn read(
        &self,
        file: &ColumnarFile<'_>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let broken = |_| FileError::Unreadable("the file is damaged".to_string());
        let opened = catch_unwind(AssertUnwindSafe(|| open(file.format, file.body))).map_err(broken)?;
        let mut batches = opened.map_err(FileError::Unreadable)?;
        let names: HashSet<String> = file.names_of_bytes.iter().cloned().collect();
        let mut n_bytes = 0;
        loop {
            let next = catch_unwind(AssertUnwindSafe(|| batches.next())).map_err(broken)?;
            let Some(batch) = next else { return Ok(()) };
            let batch = batch.map_err(FileError::Unreadable)?;
            let objects = objects(&batch, &names, file.bytes_max.saturating_sub(n_bytes))?;
            n_bytes += objects.len();
            if n_bytes > file.bytes_max {
                return Err(FileError::TooLarge { max: file.bytes_max });
            }
            take(&objects)?;
        }
    }
}

fn open(format: DataFormat, body: &[u8]) -> Result<Batches, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    match format {
        DataFormat::Parquet => {
            let builder =
                ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(body)).map_err(|e| text(&e))?;
            let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(|e| text(&e))?;
            Ok(Box::new(reader.map(|batch| batch.map_err(|error| error.to_string()))))
        }
        DataFormat::Orc => {
            let builder = ArrowReaderBuilder::try_new(Bytes::copy_from_slice(body)).map_err(|e| text(&e))?;
            let reader = builder.with_batch_size(BATCH_ROWS).build();
            Ok(Box::new(reader.map(|batch| batch.map_err(|error| error.to_string()))))
        }
        _ => {
            let builder = arrow_avro::reader::ReaderBuilder::new().with_batch_size(BATCH_ROWS);
            let reader = builder.build(Cursor::new(body.to_vec())).map_err(|e| text(&e))?;
            Ok(Box::new(reader.map(|batch| batch.map_err(|error| error.to_string()))))
        }
    }
}

/// Writes a batch as objects, one a line. Of the members that are named, the bytes are written as numbers.
fn objects(batch: &RecordBatch, names_of_bytes: &HashSet<String>, bytes_max: usize) -> Result<Vec<u8>, FileError> {
    if batch.get_array_memory_size() > bytes_max.saturating_mul(4) {
        return Err(FileError::TooLarge { max: bytes_max });
    }
    let mut columns = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let mut fields = Vec::new();
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let numbers = names_of_bytes.contains(field.name()).then(|| numbers_of(array)).flatten();
        let (field, array) = match numbers {
            Some(numbers) => (Arc::new(Field::new(field.name(), numbers.data_type().clone(), true)), numbers),
            None => (field.clone(), array.clone()),
        };
        let ktype = natural_type(&field);
        let normalised = normalise(&array, &field, ktype)?;
        fields.push(Field::new(field.name(), ktype.arrow(), true));
        columns.push(Column::new(field.name().clone(), ktype));
        arrays.push(normalised.array);
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    let mut out = Vec::new();
    let mut encoder = encode::encoder(Format::JsonLines, &Options::default(), Box::new(&mut out));
    let written = encode_all(encoder.as_mut(), &columns, &batch);
    drop(encoder);
    written.map_err(|error| FileError::Unreadable(error.to_string()))?;
    Ok(out)
}

fn encode_all(encoder: &mut dyn Encoder, columns: &[Column], batch: &RecordBatch) -> Result<(), encode::EncodeError> {
    encoder.begin_table("", columns)?;
    encoder.batch(batch)?;
    encoder.end_table()?;
    encoder.finish(&encode::Statistics::default())
}

/// Returns the bytes of a binary column as lists of numbers; `None` when it is of another type.
fn numbers_of(array: &ArrayRef) -> Option<ArrayRef> {
    let value: Box<dyn Fn(usize) -> Vec<u8>> = match array.data_type() {
        DataType::Binary => {
            let array = array.as_binary::<i32>().clone();
            Box::new(move |row| array.value(row).to_vec())
        }
        DataType::LargeBinary => {
            let array = array.as_binary::<i64>().clone();
            Box::new(move |row| array.value(row).to_vec())
        }
        DataType::BinaryView => {
            let array = array.as_binary_view().clone();
            Box::new(move |row| array.value(row).to_vec())
        }
        DataType::FixedSizeBinary(_) => {
            let array = array.as_fixed_size_binary().clone();
            Box::new(move |row| array.value(row).to_vec())
        }
        _ => return None,
    };
    let mut builder = ListBuilder::new(UInt8Builder::new());
    for row in 0..array.len() {
        if array.is_null(row) {
            builder.append_null();
        } else {
            builder.values().append_slice(&value(row));
            builder.append(true);
        }
    }
    Some(Arc::new(builder.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::MappingKind;
    use crate::mapping::Mapping;
    use crate::plan::Plan;
    use arrow::array::{BinaryArray, Int64Array, StringArray, TimestampMillisecondArray};
    use files::RowBuilder;
    use schema::KqlType;

    fn batch() -> RecordBatch {
        let bytes: Vec<Option<&[u8]>> = vec![Some(&[227, 131, 34]), None];
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("Id", Arc::new(Int64Array::from(vec![1, 2]))),
            ("Name", Arc::new(StringArray::from(vec![Some("one"), None]))),
            ("At", Arc::new(TimestampMillisecondArray::from(vec![1_700_000_000_000, 0]))),
            ("Raw", Arc::new(BinaryArray::from(bytes))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn parquet_file() -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch().schema(), None).unwrap();
        writer.write(&batch()).unwrap();
        writer.close().unwrap();
        out
    }

    fn avro_file() -> Vec<u8> {
        let mut out = Vec::new();
        let schema = batch().schema().as_ref().clone();
        let mut writer = arrow_avro::writer::AvroWriter::new(&mut out, schema).unwrap();
        writer.write(&batch()).unwrap();
        writer.finish().unwrap();
        out
    }

    fn orc_file() -> Vec<u8> {
        let mut out = Vec::new();
        let columns = ["Id", "Name"].map(|name| (name, batch().column_by_name(name).unwrap().clone()));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = orc_rust::ArrowWriterBuilder::new(&mut out, batch.schema()).try_build().unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        out
    }

    fn rows_of(format: DataFormat, body: &[u8], mapping: Option<&str>) -> Result<RecordBatch, String> {
        let columns =
            [("Id", KqlType::Long), ("Name", KqlType::String), ("At", KqlType::Datetime), ("B", KqlType::String)];
        let columns = columns.map(|(name, ktype)| Column::new(name, ktype));
        let plan = match mapping {
            None => Plan::by_name(&columns),
            Some(text) => Plan::of_mapping(Mapping::parse(MappingKind::Avro, text).unwrap(), &columns, "").unwrap(),
        };
        let mut rows = RowBuilder::new(&columns, 1000);
        let names_of_bytes = plan.names_of_bytes().map(str::to_string).collect();
        let file = ColumnarFile { format, body, names_of_bytes, bytes_max: 10_000 };
        let mut take = |objects: &[u8]| Ok(rows.read_objects(objects, |rows, json| plan.put_object(rows, json))?);
        InProcess.read(&file, &mut take).map_err(|error| error.to_string())?;
        let records = rows.finish().unwrap();
        assert!(records.rejected.is_empty(), "{:?}", records.rejected);
        Ok(records.batch)
    }

    #[test]
    fn typed_files_go_into_columns_of_their_names() {
        for (format, file) in
            [(DataFormat::Parquet, parquet_file()), (DataFormat::Avro, avro_file()), (DataFormat::Orc, orc_file())]
        {
            let rows = rows_of(format, &file, None).unwrap_or_else(|error| panic!("{format:?}: {error}"));
            let ids = rows.column_by_name("Id").unwrap().as_primitive::<arrow::datatypes::Int64Type>();
            assert_eq!(ids.values(), &[1, 2], "{format:?}");
            let names = rows.column_by_name("Name").unwrap().as_string_view();
            assert_eq!((names.value(0), names.value(1)), ("one", ""), "{format:?}");
            if format != DataFormat::Orc {
                let times = rows.column_by_name("At").unwrap().as_primitive::<arrow::datatypes::Int64Type>();
                assert_eq!(schema::ticks::datetime_text(times.value(0)), "2023-11-14T22:13:20.0000000Z");
            }
        }
    }

    #[test]
    fn bytes_become_base64_when_asked() {
        let mapping = r#"[{"column":"Id","Properties":{"Field":"Id"}},
                          {"column":"B","Properties":{"Field":"Raw","Transform":"BytesAsBase64"}}]"#;
        for (format, file) in [(DataFormat::ApacheAvro, avro_file()), (DataFormat::Parquet, parquet_file())] {
            let rows = rows_of(format, &file, Some(mapping)).unwrap();
            let texts = rows.column_by_name("B").unwrap().as_string_view();
            assert_eq!((texts.value(0), texts.value(1)), ("44Mi", ""));
        }
    }

    #[test]
    fn files_that_are_none_are_refused() {
        for format in [DataFormat::Parquet, DataFormat::Avro, DataFormat::Orc] {
            for body in [&b""[..], b"nonsense", &[b'x'; 4096]] {
                assert!(rows_of(format, body, None).is_err(), "{format:?}");
            }
        }
        let cut = parquet_file();
        assert!(rows_of(DataFormat::Parquet, &cut[..cut.len() / 2], None).is_err());
    }
}
