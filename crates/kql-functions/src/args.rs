//! What a function's body is given, and how it reads and builds columns.
//!
//! ```text
//! fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
//!     let text = args.str(0);
//!     Ok(args.longs(|row| Some(text.get(row).chars().count() as i64)))
//! }
//! ```

use crate::kernels::convert::{bool_of, guid_of};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Decimal256Builder, Float64Array, Float64Builder,
    Int32Builder, Int64Array, Int64Builder, StringViewArray, StringViewBuilder,
};
use arrow::datatypes::{DataType, Decimal256Type, Float64Type, Int32Type, Int64Type, i256};
use schema::{DECIMAL_PRECISION, DECIMAL_SCALE, Dynamic, KqlType, Value, number, ticks};
use std::sync::Arc;

/// Why a call could not be evaluated. The text is for the person who wrote the query: lower case, no full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvalError(pub String);

impl EvalError {
    /// Makes an error from its text.
    pub fn new(text: impl Into<String>) -> EvalError {
        EvalError(text.into())
    }
}

/// One argument: an array with a value per row, or a single value for all rows.
#[derive(Debug, Clone)]
pub struct Arg {
    /// `rows` values, or one when `constant`. Its data type is `ktype.arrow()`.
    pub array: ArrayRef,
    pub ktype: KqlType,
    pub constant: bool,
}

/// What a call knows beside its arguments.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// The time at which the query started, in ticks.
    pub now: i64,
    /// The signed-in user's name, empty when there is none.
    pub principal: String,
    /// The database (workspace) that the query runs in.
    pub database: String,
    /// Path of a MaxMind database for `geo_info_from_ip_address`.
    pub geo_database: Option<std::path::PathBuf>,
}

/// The arguments of one call over one batch of rows.
pub struct Args<'a> {
    pub args: &'a [Arg],
    pub rows: usize,
    /// The type that the binder gave the call.
    pub returns: KqlType,
    pub ctx: &'a CallContext,
}

/// Reads strings (string, guid or dynamic text) by row.
pub struct Strs<'a>(&'a StringViewArray, bool);
/// Reads int, long, datetime or timespan by row, as i64.
pub enum Longs<'a> {
    Int(&'a arrow::array::Int32Array, bool),
    Long(&'a Int64Array, bool),
    Real(&'a Float64Array, bool),
}
/// Reads int, long, real or decimal by row, as f64.
pub enum Reals<'a> {
    Long(Longs<'a>),
    Real(&'a Float64Array, bool),
    Decimal(&'a arrow::array::Decimal256Array, bool),
}
/// Reads booleans by row.
pub struct Bools<'a>(&'a BooleanArray, bool);

impl<'a> Strs<'a> {
    /// Returns the row's text; empty when null.
    pub fn get(&self, row: usize) -> &'a str {
        self.opt(row).unwrap_or("")
    }

    /// Returns the row's text, or `None` when null (a dynamic or a guid may be null).
    pub fn opt(&self, row: usize) -> Option<&'a str> {
        let row = if self.1 { 0 } else { row };
        if self.0.is_null(row) { None } else { Some(self.0.value(row)) }
    }
}

impl Longs<'_> {
    /// Returns the row's number, or `None` when null.
    pub fn get(&self, row: usize) -> Option<i64> {
        match self {
            Longs::Int(array, constant) => {
                let row = if *constant { 0 } else { row };
                array.is_valid(row).then(|| i64::from(array.value(row)))
            }
            Longs::Long(array, constant) => {
                let row = if *constant { 0 } else { row };
                array.is_valid(row).then(|| array.value(row))
            }
            Longs::Real(array, constant) => {
                let row = if *constant { 0 } else { row };
                array.is_valid(row).then(|| array.value(row) as i64)
            }
        }
    }
}

impl Reals<'_> {
    /// Returns the row's number, or `None` when null.
    pub fn get(&self, row: usize) -> Option<f64> {
        match self {
            Reals::Long(longs) => longs.get(row).map(|value| value as f64),
            Reals::Real(array, constant) => {
                let row = if *constant { 0 } else { row };
                array.is_valid(row).then(|| array.value(row))
            }
            Reals::Decimal(array, constant) => {
                let row = if *constant { 0 } else { row };
                array.is_valid(row).then(|| number::decimal_text(array.value(row)).parse().unwrap_or(f64::NAN))
            }
        }
    }
}

impl Bools<'_> {
    /// Returns the row's truth, or `None` when null.
    pub fn get(&self, row: usize) -> Option<bool> {
        let row = if self.1 { 0 } else { row };
        self.0.is_valid(row).then(|| self.0.value(row))
    }
}

impl Arg {
    /// Returns the argument's value in a row.
    pub fn value(&self, row: usize) -> Value {
        value_at(&self.array, self.ktype, if self.constant { 0 } else { row })
    }

    /// Returns whether the argument is null in a row.
    pub fn is_null(&self, row: usize) -> bool {
        self.array.is_null(if self.constant { 0 } else { row })
    }

    /// Reads the argument as text.
    ///
    /// # Panics
    /// When the argument is not string, guid or dynamic, which the binder has made sure of.
    pub fn strs(&self) -> Strs<'_> {
        Strs(self.array.as_string_view(), self.constant)
    }

    /// Reads the argument as whole numbers or ticks.
    ///
    /// # Panics
    /// When the argument is not a number or ticks, which the binder has made sure of.
    pub fn longs(&self) -> Longs<'_> {
        match self.array.data_type() {
            DataType::Int32 => Longs::Int(self.array.as_primitive::<Int32Type>(), self.constant),
            DataType::Float64 => Longs::Real(self.array.as_primitive::<Float64Type>(), self.constant),
            _ => Longs::Long(self.array.as_primitive::<Int64Type>(), self.constant),
        }
    }

    /// Reads the argument as reals; whole numbers are widened.
    ///
    /// # Panics
    /// When the argument is not a number or ticks, which the binder has made sure of.
    pub fn reals(&self) -> Reals<'_> {
        match self.array.data_type() {
            DataType::Float64 => Reals::Real(self.array.as_primitive::<Float64Type>(), self.constant),
            DataType::Decimal256(..) => Reals::Decimal(self.array.as_primitive::<Decimal256Type>(), self.constant),
            _ => Reals::Long(self.longs()),
        }
    }

    /// Reads the argument as booleans.
    ///
    /// # Panics
    /// When the argument is not bool, which the binder has made sure of.
    pub fn bools(&self) -> Bools<'_> {
        Bools(self.array.as_boolean(), self.constant)
    }
}

impl<'a> Args<'a> {
    /// Returns how many arguments there are.
    pub fn len(&self) -> usize {
        self.args.len()
    }

    /// Returns whether there is no argument.
    pub fn is_empty(&self) -> bool {
        self.args.is_empty()
    }

    /// Returns an argument that may have been left out.
    pub fn opt(&self, i: usize) -> Option<&'a Arg> {
        self.args.get(i)
    }

    /// Reads argument `i` as text (string, guid, or a dynamic's JSON text).
    pub fn str(&self, i: usize) -> Strs<'a> {
        self.args[i].strs()
    }

    /// Reads argument `i` as whole numbers or ticks.
    pub fn long(&self, i: usize) -> Longs<'a> {
        self.args[i].longs()
    }

    /// Reads argument `i` as reals.
    pub fn real(&self, i: usize) -> Reals<'a> {
        self.args[i].reals()
    }

    /// Reads argument `i` as booleans.
    pub fn bool(&self, i: usize) -> Bools<'a> {
        self.args[i].bools()
    }

    /// Returns argument `i` when it is one value for all rows and not null.
    pub fn constant(&self, i: usize) -> Option<Value> {
        let arg = self.args.get(i)?;
        (arg.constant && !arg.is_null(0)).then(|| arg.value(0))
    }

    /// Builds a long (or datetime or timespan) column, a row at a time.
    pub fn longs(&self, mut row_value: impl FnMut(usize) -> Option<i64>) -> ArrayRef {
        Arc::new((0..self.rows).map(&mut row_value).collect::<Int64Array>())
    }

    /// Builds an int column, a row at a time.
    pub fn ints(&self, mut row_value: impl FnMut(usize) -> Option<i32>) -> ArrayRef {
        Arc::new((0..self.rows).map(&mut row_value).collect::<arrow::array::Int32Array>())
    }

    /// Builds a real column, a row at a time.
    pub fn reals(&self, mut row_value: impl FnMut(usize) -> Option<f64>) -> ArrayRef {
        Arc::new((0..self.rows).map(&mut row_value).collect::<Float64Array>())
    }

    /// Builds a bool column, a row at a time.
    pub fn bools(&self, mut row_value: impl FnMut(usize) -> Option<bool>) -> ArrayRef {
        Arc::new((0..self.rows).map(&mut row_value).collect::<BooleanArray>())
    }

    /// Builds a string column, a row at a time. For string, give "" where there is nothing: a string is never null.
    pub fn strings<S: AsRef<str>>(&self, mut row_value: impl FnMut(usize) -> S) -> ArrayRef {
        let mut builder = StringViewBuilder::with_capacity(self.rows);
        for row in 0..self.rows {
            builder.append_value(row_value(row));
        }
        Arc::new(builder.finish())
    }

    /// Builds a guid or dynamic column from its text, a row at a time.
    pub fn texts<S: AsRef<str>>(&self, mut row_value: impl FnMut(usize) -> Option<S>) -> ArrayRef {
        let mut builder = StringViewBuilder::with_capacity(self.rows);
        for row in 0..self.rows {
            builder.append_option(row_value(row));
        }
        Arc::new(builder.finish())
    }

    /// Builds a string, guid or dynamic column, a row at a time: `write` appends the row's text to the buffer it is
    /// given, which starts empty, and says whether the row has a value (else it is null).
    pub fn written(&self, mut write: impl FnMut(usize, &mut String) -> bool) -> ArrayRef {
        let mut builder = StringViewBuilder::with_capacity(self.rows);
        let mut text = String::new();
        for row in 0..self.rows {
            text.clear();
            builder.append_option(write(row, &mut text).then_some(&text));
        }
        Arc::new(builder.finish())
    }

    /// Builds a dynamic column from trees, a row at a time. A tree that is null becomes the null of the column.
    pub fn dynamics(&self, mut row_value: impl FnMut(usize) -> Option<Dynamic>) -> ArrayRef {
        self.texts(|row| row_value(row).filter(|value| *value != Dynamic::Null).map(|value| value.to_json()))
    }

    /// Builds a column of the call's type from values.
    pub fn values(&self, mut row_value: impl FnMut(usize) -> Value) -> ArrayRef {
        array_of(self.returns, (0..self.rows).map(&mut row_value))
    }
}

/// Returns one cell of a column.
pub fn value_at(array: &ArrayRef, ktype: KqlType, row: usize) -> Value {
    if array.is_null(row) {
        return Value::null(ktype);
    }
    match ktype {
        KqlType::Bool => Value::Bool(array.as_boolean().value(row)),
        KqlType::Int => Value::Int(array.as_primitive::<Int32Type>().value(row)),
        KqlType::Long => Value::Long(array.as_primitive::<Int64Type>().value(row)),
        KqlType::Datetime => Value::Datetime(array.as_primitive::<Int64Type>().value(row)),
        KqlType::Timespan => Value::Timespan(array.as_primitive::<Int64Type>().value(row)),
        KqlType::Real => Value::Real(array.as_primitive::<Float64Type>().value(row)),
        KqlType::Decimal => Value::Decimal(array.as_primitive::<Decimal256Type>().value(row)),
        KqlType::String => Value::String(array.as_string_view().value(row).to_string()),
        KqlType::Guid => Value::Guid(array.as_string_view().value(row).to_string()),
        KqlType::Dynamic => {
            Dynamic::parse(array.as_string_view().value(row)).map_or(Value::Null(ktype), Value::Dynamic)
        }
    }
}

/// Builds a column of a type from values. A value of another type becomes null (empty for string).
pub fn array_of(ktype: KqlType, values: impl Iterator<Item = Value>) -> ArrayRef {
    match ktype {
        KqlType::Bool => {
            let mut builder = BooleanBuilder::new();
            values.for_each(|v| builder.append_option(if let Value::Bool(b) = v { Some(b) } else { None }));
            Arc::new(builder.finish())
        }
        KqlType::Int => {
            let mut builder = Int32Builder::new();
            values.for_each(|v| builder.append_option(if let Value::Int(i) = v { Some(i) } else { None }));
            Arc::new(builder.finish())
        }
        KqlType::Long | KqlType::Datetime | KqlType::Timespan => {
            let mut builder = Int64Builder::new();
            values.for_each(|v| {
                builder.append_option(match (ktype, v) {
                    (KqlType::Long, Value::Long(i)) => Some(i),
                    (KqlType::Long, Value::Int(i)) => Some(i64::from(i)),
                    (KqlType::Datetime, Value::Datetime(i)) | (KqlType::Timespan, Value::Timespan(i)) => Some(i),
                    _ => None,
                });
            });
            Arc::new(builder.finish())
        }
        KqlType::Real => {
            let mut builder = Float64Builder::new();
            values.for_each(|v| {
                builder.append_option(match v {
                    Value::Real(x) => Some(x),
                    Value::Long(i) => Some(i as f64),
                    Value::Int(i) => Some(f64::from(i)),
                    _ => None,
                });
            });
            Arc::new(builder.finish())
        }
        KqlType::Decimal => {
            let mut values_or_null: Vec<Option<i256>> = Vec::new();
            values.for_each(|v| values_or_null.push(if let Value::Decimal(d) = v { Some(d) } else { None }));
            let mut builder =
                Decimal256Builder::new().with_data_type(DataType::Decimal256(DECIMAL_PRECISION, DECIMAL_SCALE));
            values_or_null.into_iter().for_each(|v| builder.append_option(v));
            Arc::new(builder.finish())
        }
        KqlType::String => {
            let mut builder = StringViewBuilder::new();
            values.for_each(|v| builder.append_value(if let Value::String(s) = &v { s } else { "" }));
            Arc::new(builder.finish())
        }
        KqlType::Guid => {
            let mut builder = StringViewBuilder::new();
            values.for_each(|v| builder.append_option(if let Value::Guid(s) = &v { Some(s) } else { None }));
            Arc::new(builder.finish())
        }
        KqlType::Dynamic => {
            let mut builder = StringViewBuilder::new();
            values.for_each(|v| match v {
                Value::Dynamic(Dynamic::Null) | Value::Null(_) => builder.append_null(),
                v => builder.append_value(v.to_dynamic().to_json()),
            });
            Arc::new(builder.finish())
        }
    }
}

/// Returns a text that stands for a value of a type, read as `parse` and casts do; the null of the type when it does not.
pub fn parse_as(ktype: KqlType, text: &str) -> Value {
    let parsed = match ktype {
        KqlType::Bool => bool_of(text).map(Value::Bool),
        KqlType::Int => number::parse_long(text).and_then(|n| i32::try_from(n).ok()).map(Value::Int),
        KqlType::Long => number::parse_long(text).map(Value::Long),
        KqlType::Real => number::parse_real(text).map(Value::Real),
        KqlType::Decimal => number::parse_decimal(text).map(Value::Decimal),
        KqlType::String => Some(Value::String(text.to_string())),
        KqlType::Datetime => ticks::parse_datetime(text).map(Value::Datetime),
        KqlType::Timespan => ticks::parse_timespan(text).map(Value::Timespan),
        KqlType::Guid => guid_of(text).map(Value::Guid),
        KqlType::Dynamic => {
            Some(Value::Dynamic(Dynamic::parse(text).unwrap_or_else(|| Dynamic::String(text.to_string()))))
        }
    };
    parsed.unwrap_or(Value::null(ktype))
}

/// Returns a number, or a dynamic that holds one, as a real.
pub fn real_of(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(f64::from(*value)),
        Value::Long(value) => Some(*value as f64),
        Value::Real(value) => Some(*value),
        Value::Decimal(value) => number::decimal_text(*value).parse().ok(),
        Value::Dynamic(value) => value.as_real(),
        _ => None,
    }
}

/// Calls a scalar function's body over one row of constants. For tests and constant folding.
///
/// # Errors
/// The body's own error, or one that says that the function has no body of its own.
pub fn call(name: &str, returns: KqlType, args: &[Value]) -> Result<Value, EvalError> {
    use crate::registry::{Body, FUNCTIONS};
    let (function, _) = FUNCTIONS.scalar(name).ok_or_else(|| EvalError::new(format!("unknown function `{name}`")))?;
    let (Body::Eval(body) | Body::Volatile(body) | Body::Window(body)) = function.body else {
        return Err(EvalError::new(format!("`{name}` is not evaluated by a body of its own")));
    };
    let args: Vec<Arg> = args
        .iter()
        .map(|value| Arg {
            array: array_of(value.ktype(), std::iter::once(value.clone())),
            ktype: value.ktype(),
            constant: true,
        })
        .collect();
    let ctx = CallContext::default();
    let column = body(&Args { args: &args, rows: 1, returns, ctx: &ctx })?;
    Ok(value_at(&column, returns, 0))
}
