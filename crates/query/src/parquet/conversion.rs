//! How a column of a Parquet file becomes the table's column.

use crate::scalar::without_nulls;
use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, FieldRef, Schema, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow::record_batch::RecordBatch;
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::scalar::ScalarValue;
use schema::KqlType;
use std::sync::Arc;

/// Ticks between 0001-01-01 and 1970-01-01.
const UNIX_EPOCH: i64 = 621_355_968_000_000_000;
/// Ticks of 9999-12-31T23:59:59.9999999.
const DATETIME_MAX: i64 = 3_155_378_975_999_999_999;

/// A unit of time since 1970 in which files keep instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstantUnit(TimeUnit);

impl InstantUnit {
    /// Returns the ticks of an instant. An instant outside of Kusto's datetimes is the nearest of them, so that order is
    /// kept.
    fn ticks(self, instant: i64) -> i64 {
        match self.0 {
            TimeUnit::Nanosecond => UNIX_EPOCH + instant.div_euclid(100),
            unit => {
                let ticks_per_unit = ticks_per(unit);
                let (first, last) = (-UNIX_EPOCH / ticks_per_unit, (DATETIME_MAX - UNIX_EPOCH) / ticks_per_unit);
                if instant > last { DATETIME_MAX } else { instant.max(first) * ticks_per_unit + UNIX_EPOCH }
            }
        }
    }

    /// Returns the first instant whose ticks are not below these; the last instant that there is when there is none.
    pub fn first_at(self, ticks: i64) -> i64 {
        if ticks > DATETIME_MAX {
            return i64::MAX;
        }
        if ticks <= 0 {
            return i64::MIN;
        }
        let since_epoch = ticks - UNIX_EPOCH;
        match self.0 {
            TimeUnit::Nanosecond => since_epoch.saturating_mul(100),
            unit => {
                let ticks_per_unit = ticks_per(unit);
                since_epoch.div_euclid(ticks_per_unit) + i64::from(since_epoch.rem_euclid(ticks_per_unit) > 0)
            }
        }
    }

    /// Returns a literal instant of a file's type.
    pub fn literal(self, instant: i64, zone: Option<Arc<str>>) -> ScalarValue {
        match self.0 {
            TimeUnit::Second => ScalarValue::TimestampSecond(Some(instant), zone),
            TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(Some(instant), zone),
            TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(Some(instant), zone),
            TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(Some(instant), zone),
        }
    }
}

fn ticks_per(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 10_000_000,
        TimeUnit::Millisecond => 10_000,
        TimeUnit::Microsecond | TimeUnit::Nanosecond => 10,
    }
}

/// How a file's values become KQL's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Conversion {
    /// They are KQL's already.
    Same,
    /// A wider number type, which loses nothing.
    Widen(DataType),
    /// Text whose nulls are empty strings.
    Fill,
    /// Instants since 1970.
    Ticks(InstantUnit, Option<Arc<str>>),
    /// As the crate `files` reads them.
    Other(FieldRef, KqlType),
}

impl Conversion {
    /// Returns the conversion of a file's field to a type. `has_nulls` is false when it is known that it has none.
    pub fn of(field: &Field, ktype: KqlType, has_nulls: bool) -> Conversion {
        use DataType::{Int8, Int16, Int32, Int64, Timestamp, UInt8, UInt16, UInt32, Utf8View};
        let own = files::natural_type(field) == ktype;
        match (field.data_type(), ktype) {
            (Utf8View, KqlType::String) if !has_nulls => Conversion::Same,
            (Utf8View, KqlType::String) => Conversion::Fill,
            (from, _) if own && ktype != KqlType::Dynamic && *from == ktype.arrow() => Conversion::Same,
            (Int8 | Int16 | UInt8 | UInt16, KqlType::Int) => Conversion::Widen(Int32),
            (Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32, KqlType::Long) => Conversion::Widen(Int64),
            (Int64, KqlType::Long) => Conversion::Same,
            (Timestamp(unit, zone), KqlType::Datetime) => Conversion::Ticks(InstantUnit(*unit), zone.clone()),
            _ => Conversion::Other(Arc::new(field.clone()), ktype),
        }
    }

    /// Returns the type of the converted values.
    fn output(&self, input: &DataType) -> DataType {
        match self {
            Conversion::Same => input.clone(),
            Conversion::Widen(wide) => wide.clone(),
            Conversion::Fill => DataType::Utf8View,
            Conversion::Ticks(..) => DataType::Int64,
            Conversion::Other(_, ktype) => ktype.arrow(),
        }
    }

    /// Converts a column.
    pub fn convert(&self, column: &ArrayRef) -> EngineResult<ArrayRef> {
        match self {
            Conversion::Same => Ok(column.clone()),
            Conversion::Widen(wide) => Ok(cast(column, wide)?),
            Conversion::Fill => without_nulls(column),
            Conversion::Ticks(unit, _) => instants(column, *unit),
            Conversion::Other(field, ktype) => Ok(files::normalise(column, field, *ktype)?.array),
        }
    }
}

fn instants(column: &ArrayRef, unit: InstantUnit) -> EngineResult<ArrayRef> {
    let ticks = |value| unit.ticks(value);
    let converted: Option<Int64Array> = match unit.0 {
        TimeUnit::Second => column.as_primitive_opt::<TimestampSecondType>().map(|values| values.unary(ticks)),
        TimeUnit::Millisecond => {
            column.as_primitive_opt::<TimestampMillisecondType>().map(|values| values.unary(ticks))
        }
        TimeUnit::Microsecond => {
            column.as_primitive_opt::<TimestampMicrosecondType>().map(|values| values.unary(ticks))
        }
        TimeUnit::Nanosecond => column.as_primitive_opt::<TimestampNanosecondType>().map(|values| values.unary(ticks)),
    };
    match converted {
        Some(ticks) => Ok(Arc::new(ticks)),
        None => internal_err!("instants are {}", column.data_type()),
    }
}

/// A file's column, converted.
#[derive(Debug, Clone, Eq, Hash)]
#[expect(clippy::derived_hash_with_manual_eq, reason = "equal values hash alike: both look at the same two fields")]
pub struct Converted {
    pub column: Arc<dyn PhysicalExpr>,
    pub conversion: Conversion,
}

impl PartialEq for Converted {
    fn eq(&self, other: &Self) -> bool {
        self.column.as_ref() == other.column.as_ref() && self.conversion == other.conversion
    }
}

impl std::fmt::Display for Converted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.conversion {
            Conversion::Same => write!(f, "{}", self.column),
            Conversion::Widen(wide) => write!(f, "widen({}, {wide})", self.column),
            Conversion::Fill => write!(f, "fill({})", self.column),
            Conversion::Ticks(..) => write!(f, "ticks({})", self.column),
            Conversion::Other(_, ktype) => write!(f, "{ktype}({})", self.column),
        }
    }
}

impl PhysicalExpr for Converted {
    fn data_type(&self, input_schema: &Schema) -> EngineResult<DataType> {
        Ok(self.conversion.output(&self.column.data_type(input_schema)?))
    }

    fn nullable(&self, _input_schema: &Schema) -> EngineResult<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> EngineResult<ColumnarValue> {
        let column = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        Ok(ColumnarValue::Array(self.conversion.convert(&column)?))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> EngineResult<Arc<dyn PhysicalExpr>> {
        match <[_; 1]>::try_from(children) {
            Ok([column]) => Ok(Arc::new(Converted { column, conversion: self.conversion.clone() })),
            Err(_) => internal_err!("a conversion has one column"),
        }
    }

    fn fmt_sql(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: [TimeUnit; 4] = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];

    #[test]
    fn instants_become_ticks_in_order() {
        let cases = [
            (TimeUnit::Second, 0, UNIX_EPOCH),
            (TimeUnit::Millisecond, -1, UNIX_EPOCH - 10_000),
            (TimeUnit::Microsecond, 1, UNIX_EPOCH + 10),
            (TimeUnit::Nanosecond, 199, UNIX_EPOCH + 1),
            (TimeUnit::Nanosecond, -1, UNIX_EPOCH - 1),
            (TimeUnit::Second, i64::MAX, DATETIME_MAX),
            (TimeUnit::Microsecond, i64::MIN, 0),
        ];
        for (unit, instant, ticks) in cases {
            assert_eq!(InstantUnit(unit).ticks(instant), ticks, "{unit:?} {instant}");
        }
    }

    #[test]
    fn bounds_round_to_the_first_instant_that_is_not_before() {
        let now = 638_000_000_000_000_000;
        for unit in UNITS.map(InstantUnit) {
            for ticks in [now, now + 1, now + 9, UNIX_EPOCH, UNIX_EPOCH - 1, UNIX_EPOCH + 1, UNIX_EPOCH - 12_345_678] {
                let first = unit.first_at(ticks);
                assert!(unit.ticks(first) >= ticks, "{unit:?} {ticks}");
                assert!(unit.ticks(first - 1) < ticks, "{unit:?} {ticks}");
            }
        }
    }
}
