//! Parquet and Arrow files.
//!
//! | KQL | file |
//! |---|---|
//! | bool, int, long, real, decimal | Boolean, Int32, Int64, Float64, Decimal256(76, 38) |
//! | string, guid, dynamic (JSON text) | Utf8 |
//! | datetime | Timestamp UTC in nanoseconds, or microseconds when a value is outside the years 1677 to 2262 |
//! | timespan | Duration in nanoseconds, or microseconds when a value is longer than 292 years |
//!
//! The unit is chosen from the first rows. A value that the unit cannot hold exactly is an error. Each field's metadata
//! names the KQL type, so that reading the file back gives the same columns.

use crate::{EncodeError, Encoder, Statistics};
use arrow::array::{
    Array, ArrayRef, AsArray, DurationMicrosecondArray, DurationNanosecondArray, RecordBatch, RecordBatchOptions,
};
use arrow::array::{StringArray, TimestampMicrosecondArray, TimestampNanosecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use arrow::ipc::writer::FileWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use schema::{Column, FIELD_TYPE_KEY, KqlType, ticks};
use std::io::Write;
use std::sync::Arc;

/// Rows from which the units of time are chosen.
const ROWS_LOOKED_AT: usize = 65_536;

/// Writes one table in columns.
pub(crate) struct ColumnarEncoder<'a> {
    out: Option<Box<dyn Write + Send + 'a>>,
    is_parquet: bool,
    columns: Vec<Column>,
    began: bool,
    /// Rows held back until the units are chosen.
    pending: Vec<RecordBatch>,
    writer: Option<(Writer<'a>, SchemaRef)>,
}

enum Writer<'a> {
    Parquet(Box<ArrowWriter<Box<dyn Write + Send + 'a>>>),
    Arrow(Box<FileWriter<Box<dyn Write + Send + 'a>>>),
}

impl<'a> ColumnarEncoder<'a> {
    pub fn parquet(out: Box<dyn Write + Send + 'a>) -> ColumnarEncoder<'a> {
        ColumnarEncoder {
            out: Some(out),
            is_parquet: true,
            columns: Vec::new(),
            began: false,
            pending: Vec::new(),
            writer: None,
        }
    }

    pub fn arrow(out: Box<dyn Write + Send + 'a>) -> ColumnarEncoder<'a> {
        ColumnarEncoder { is_parquet: false, ..ColumnarEncoder::parquet(out) }
    }

    fn format(&self) -> &'static str {
        if self.is_parquet { "parquet" } else { "arrow" }
    }

    /// Chooses the units, opens the file and writes what was held back.
    fn open(&mut self) -> Result<(), EncodeError> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let fields: Vec<Field> = self.columns.iter().enumerate().map(|(i, column)| self.field(i, column)).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let writer = if self.is_parquet {
            let compression = Compression::ZSTD(ZstdLevel::default());
            let properties = WriterProperties::builder().set_compression(compression).build();
            Writer::Parquet(Box::new(ArrowWriter::try_new(out, schema.clone(), Some(properties))?))
        } else {
            Writer::Arrow(Box::new(FileWriter::try_new(out, &schema)?))
        };
        self.writer = Some((writer, schema));
        for batch in std::mem::take(&mut self.pending) {
            self.push(&batch)?;
        }
        Ok(())
    }

    fn field(&self, place: usize, column: &Column) -> Field {
        let in_nanos = || {
            let values = self.pending.iter().filter_map(|batch| batch.column(place).as_primitive_opt::<Int64Type>());
            values.flat_map(|array| array.iter().flatten()).all(|value| match column.ktype {
                KqlType::Datetime => nanos(value - ticks::UNIX_EPOCH).is_some(),
                _ => nanos(value).is_some(),
            })
        };
        let data_type = match column.ktype {
            KqlType::String | KqlType::Guid | KqlType::Dynamic => DataType::Utf8,
            KqlType::Datetime => {
                let unit = if in_nanos() { TimeUnit::Nanosecond } else { TimeUnit::Microsecond };
                DataType::Timestamp(unit, Some("UTC".into()))
            }
            KqlType::Timespan => {
                DataType::Duration(if in_nanos() { TimeUnit::Nanosecond } else { TimeUnit::Microsecond })
            }
            other => other.arrow(),
        };
        let metadata = [(FIELD_TYPE_KEY.to_string(), column.ktype.name().to_string())];
        Field::new(&column.name, data_type, column.ktype != KqlType::String).with_metadata(metadata.into())
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let format = self.format();
        let Some((writer, schema)) = &mut self.writer else { return Ok(()) };
        let mut columns = Vec::with_capacity(self.columns.len());
        for (i, column) in self.columns.iter().enumerate() {
            let wrong = || EncodeError::Batch { column: column.name.clone(), ktype: column.ktype };
            let array =
                batch.columns().get(i).filter(|array| *array.data_type() == column.ktype.arrow()).ok_or_else(wrong)?;
            columns.push(convert(array, column, schema.field(i).data_type(), format)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
        match writer {
            Writer::Parquet(writer) => writer.write(&batch)?,
            Writer::Arrow(writer) => writer.write(&batch)?,
        }
        Ok(())
    }
}

/// Returns ticks as nanoseconds.
fn nanos(ticks: i64) -> Option<i64> {
    ticks.checked_mul(100)
}

/// Returns ticks as microseconds, if they are whole ones.
fn micros(ticks: i64) -> Option<i64> {
    (ticks % 10 == 0).then_some(ticks / 10)
}

/// Brings a column to the file's type.
fn convert(array: &ArrayRef, column: &Column, to: &DataType, format: &'static str) -> Result<ArrayRef, EncodeError> {
    let texts = || array.as_string_view_opt().map(|texts| texts.iter());
    if let (DataType::Utf8, Some(texts)) = (to, texts()) {
        let nulls = column.ktype != KqlType::String;
        let texts: StringArray = texts.map(|text| if nulls { text } else { text.or(Some("")) }).collect();
        return Ok(Arc::new(texts));
    }
    let (unit, epoch) = match to {
        DataType::Timestamp(unit, _) => (unit, ticks::UNIX_EPOCH),
        DataType::Duration(unit) => (unit, 0),
        _ => return Ok(array.clone()),
    };
    let scale = if *unit == TimeUnit::Nanosecond { nanos } else { micros };
    let mut values = Vec::with_capacity(array.len());
    for value in array.as_primitive::<Int64Type>() {
        let scaled = value.and_then(|value| scale(value - epoch));
        if let (Some(value), None) = (value, scaled) {
            let text = if epoch > 0 { ticks::datetime_text(value) } else { ticks::timespan_text(value) };
            return Err(EncodeError::Loss { format, column: column.name.clone(), ktype: column.ktype, value: text });
        }
        values.push(scaled);
    }
    Ok(match to {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            Arc::new(TimestampNanosecondArray::from(values).with_timezone_opt(zone.clone()))
        }
        DataType::Timestamp(_, zone) => {
            Arc::new(TimestampMicrosecondArray::from(values).with_timezone_opt(zone.clone()))
        }
        DataType::Duration(TimeUnit::Nanosecond) => Arc::new(DurationNanosecondArray::from(values)),
        _ => Arc::new(DurationMicrosecondArray::from(values)),
    })
}

impl Encoder for ColumnarEncoder<'_> {
    fn begin_table(&mut self, _name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        if std::mem::replace(&mut self.began, true) {
            return Err(EncodeError::OneTable { format: self.format() });
        }
        self.columns = columns.to_vec();
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        if self.writer.is_some() {
            return self.push(batch);
        }
        self.pending.push(batch.clone());
        if self.pending.iter().map(RecordBatch::num_rows).sum::<usize>() >= ROWS_LOOKED_AT {
            self.open()?;
        }
        Ok(())
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        self.open()
    }

    fn finish(&mut self, _: &Statistics) -> Result<(), EncodeError> {
        self.open()?;
        match self.writer.take() {
            Some((Writer::Parquet(writer), _)) => {
                writer.into_inner()?.flush()?;
            }
            Some((Writer::Arrow(mut writer), _)) => {
                writer.finish()?;
                writer.into_inner()?.flush()?;
            }
            None => {}
        }
        Ok(())
    }
}
