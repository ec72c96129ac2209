//! Cells of a Kusto answer, as values of their columns.

use arrow::array::{ArrayRef, RecordBatch};
use kql_functions::args::array_of;
use schema::{Column, Dynamic, KqlType, Value, number, ticks};
use serde_json::value::RawValue;

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Rows of one table on their way to a batch.
pub struct Rows {
    columns: Vec<Column>,
    cells: Vec<Vec<Value>>,
}

impl Rows {
    pub fn new(columns: Vec<Column>) -> Rows {
        let cells = columns.iter().map(|_| Vec::new()).collect();
        Rows { columns, cells }
    }

    /// Adds a row, a JSON array. Returns a batch when there are enough rows for one.
    pub fn add(&mut self, row: &str) -> Result<Option<RecordBatch>, String> {
        let found: Vec<&RawValue> = serde_json::from_str(row).map_err(|error| format!("a row is no array: {error}"))?;
        if found.len() != self.columns.len() {
            return Err(format!("a row has {} cells, the table {} columns", found.len(), self.columns.len()));
        }
        for ((cells, column), text) in self.cells.iter_mut().zip(&self.columns).zip(&found) {
            let unreadable = || format!("`{text}` is no {} (column `{}`)", column.ktype, column.name);
            cells.push(value(column.ktype, text.get()).ok_or_else(unreadable)?);
        }
        let is_full = self.cells.first().is_some_and(|cells| cells.len() >= BATCH_ROWS);
        if is_full { self.batch() } else { Ok(None) }
    }

    /// Returns the rows that have gathered; `None` when there are none.
    pub fn batch(&mut self) -> Result<Option<RecordBatch>, String> {
        if self.cells.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let arrays: Vec<ArrayRef> = self
            .cells
            .iter_mut()
            .zip(&self.columns)
            .map(|(cells, column)| array_of(column.ktype, std::mem::take(cells).into_iter()))
            .collect();
        RecordBatch::try_new(query::arrow_schema(&self.columns), arrays).map(Some).map_err(|error| error.to_string())
    }
}

/// Reads a cell from its JSON text; `None` when it is no value of the type.
fn value(ktype: KqlType, json: &str) -> Option<Value> {
    if json == "null" {
        return Some(Value::null(ktype));
    }
    if ktype == KqlType::Dynamic {
        return Dynamic::parse(json).map(Value::Dynamic);
    }
    let text: std::borrow::Cow<'_, str> = match json.starts_with('"') {
        true => std::borrow::Cow::Owned(serde_json::from_str::<String>(json).ok()?),
        false => std::borrow::Cow::Borrowed(json),
    };
    Some(match ktype {
        KqlType::Bool => match text.as_ref() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => return None,
        },
        KqlType::Int => Value::Int(text.parse().ok()?),
        KqlType::Long => Value::Long(text.parse().ok()?),
        KqlType::Real => Value::Real(match text.as_ref() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            text => text.parse().ok()?,
        }),
        KqlType::Decimal => Value::Decimal(number::parse_decimal(&text)?),
        KqlType::String => Value::String(text.into_owned()),
        KqlType::Datetime => Value::Datetime(ticks::parse_datetime(&text)?),
        KqlType::Timespan => Value::Timespan(ticks::parse_timespan(&text)?),
        KqlType::Guid => Value::Guid(text.into_owned()),
        KqlType::Dynamic => return None,
    })
}
