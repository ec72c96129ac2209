//! What plugins share: their arguments, the columns that a user sees, rows grouped by columns, results built by rows.

use crate::args::{EvalError, array_of, value_at};
use crate::registry::{PluginArg, PluginCall, PluginShape, Table};
use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::compute::take;
use arrow::row::{RowConverter, Rows, SortField};
use schema::{Column, KqlType, Value};
use std::collections::HashMap;

/// A result larger than this is refused rather than built: it would be no answer to read, and the call meant another.
pub const ROWS_MAX: usize = 5_000_000;

/// Makes an error of an Arrow error, which would be ours.
pub fn internal(error: arrow::error::ArrowError) -> EvalError {
    EvalError::new(error.to_string())
}

/// The arguments of a call, brought to their parameters by place or by name.
pub struct Arguments<'a> {
    plugin: &'static str,
    names: &'static [&'static str],
    slots: Vec<Option<&'a PluginArg>>,
    /// Those past the last parameter: dimensions, custom wildcards.
    pub rest: Vec<&'a PluginArg>,
}

impl<'a> Arguments<'a> {
    /// Brings the arguments to the parameters `names`.
    ///
    /// # Errors
    /// When a named argument is none of them.
    pub fn bind(
        plugin: &'static str,
        names: &'static [&'static str],
        args: &'a [PluginArg],
    ) -> Result<Arguments<'a>, EvalError> {
        let mut bound = Arguments { plugin, names, slots: vec![None; names.len()], rest: Vec::new() };
        for arg in args {
            if let PluginArg::Named(name, value) = arg {
                let place = names.iter().position(|known| known.eq_ignore_ascii_case(name));
                let slot = place.and_then(|place| bound.slots.get_mut(place));
                *slot.ok_or_else(|| EvalError::new(format!("`{plugin}` has no parameter `{name}`")))? = Some(value);
            } else if let Some(slot) = bound.slots.iter_mut().find(|slot| slot.is_none()) {
                *slot = Some(arg);
            } else {
                bound.rest.push(arg);
            }
        }
        Ok(bound)
    }

    fn name(&self, i: usize) -> &'static str {
        self.names.get(i).copied().unwrap_or("")
    }

    fn wrong(&self, i: usize, what: &str) -> EvalError {
        EvalError::new(format!("`{}` of `{}` must be {what}", self.name(i), self.plugin))
    }

    /// Returns the argument of parameter `i`, if given; `~` stands for one that is not.
    pub fn get(&self, i: usize) -> Option<&'a PluginArg> {
        let is_default = |arg: &&PluginArg| matches!(arg, PluginArg::Value(Value::String(text)) if text == "~");
        self.slots.get(i).copied().flatten().filter(|arg| !is_default(arg))
    }

    /// Returns the column that parameter `i` names.
    ///
    /// # Errors
    /// When it is not given or no column.
    pub fn column(&self, i: usize) -> Result<usize, EvalError> {
        self.opt_column(i)?.ok_or_else(|| self.wrong(i, "a column"))
    }

    /// Returns the column that parameter `i` names, if given.
    ///
    /// # Errors
    /// When it is no column.
    pub fn opt_column(&self, i: usize) -> Result<Option<usize>, EvalError> {
        match self.get(i) {
            None => Ok(None),
            Some(PluginArg::Column(column)) => Ok(Some(*column)),
            Some(_) => Err(self.wrong(i, "a column")),
        }
    }

    /// Returns the constant of parameter `i`.
    ///
    /// # Errors
    /// When it is not given or no constant.
    pub fn value(&self, i: usize) -> Result<&'a Value, EvalError> {
        self.opt_value(i)?.ok_or_else(|| self.wrong(i, "a constant"))
    }

    /// Returns the constant of parameter `i`, if given.
    ///
    /// # Errors
    /// When it is no constant.
    pub fn opt_value(&self, i: usize) -> Result<Option<&'a Value>, EvalError> {
        match self.get(i) {
            None => Ok(None),
            Some(PluginArg::Value(value)) => Ok(Some(value)),
            Some(_) => Err(self.wrong(i, "a constant")),
        }
    }

    /// Returns the whole number of parameter `i`, if given.
    ///
    /// # Errors
    /// When it is no whole number.
    pub fn opt_long(&self, i: usize) -> Result<Option<i64>, EvalError> {
        match self.opt_value(i)? {
            None => Ok(None),
            Some(Value::Long(value)) => Ok(Some(*value)),
            Some(Value::Int(value)) => Ok(Some(i64::from(*value))),
            Some(_) => Err(self.wrong(i, "a whole number")),
        }
    }

    /// Returns the number of parameter `i`, if given.
    ///
    /// # Errors
    /// When it is no number.
    pub fn opt_real(&self, i: usize) -> Result<Option<f64>, EvalError> {
        match self.opt_value(i)? {
            None => Ok(None),
            Some(Value::Real(value)) => Ok(Some(*value)),
            Some(Value::Long(value)) => Ok(Some(*value as f64)),
            Some(Value::Int(value)) => Ok(Some(f64::from(*value))),
            Some(value @ Value::Decimal(_)) => Ok(value.to_text().parse().ok()),
            Some(_) => Err(self.wrong(i, "a number")),
        }
    }

    /// Returns the truth value of parameter `i`, if given.
    ///
    /// # Errors
    /// When it is none.
    pub fn opt_bool(&self, i: usize) -> Result<Option<bool>, EvalError> {
        match self.opt_value(i)? {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong(i, "true or false")),
        }
    }

    /// Returns the text of parameter `i`, if given.
    ///
    /// # Errors
    /// When it is no string.
    pub fn opt_text(&self, i: usize) -> Result<Option<&'a str>, EvalError> {
        match self.opt_value(i)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(i, "a string")),
        }
    }

    /// Returns the columns past the last parameter.
    ///
    /// # Errors
    /// When one of them is no column.
    pub fn dimensions(&self) -> Result<Vec<usize>, EvalError> {
        let column = |arg: &&PluginArg| match arg {
            PluginArg::Column(column) => Ok(*column),
            _ => Err(EvalError::new(format!("the dimensions of `{}` must be columns", self.plugin))),
        };
        self.rest.iter().map(column).collect()
    }
}

/// Returns the columns of the first input.
///
/// # Errors
/// When there is no input.
pub fn input_columns<'a>(shape: &'a PluginShape) -> Result<&'a [Column], EvalError> {
    shape.inputs.first().map(Vec::as_slice).ok_or_else(|| EvalError::new("this plugin needs an input table"))
}

/// Returns the first input.
///
/// # Errors
/// When there is no input.
pub fn input<'a>(call: &'a PluginCall) -> Result<&'a Table, EvalError> {
    call.inputs.first().ok_or_else(|| EvalError::new("this plugin needs an input table"))
}

/// Returns a column by its index.
///
/// # Errors
/// When there is no such column.
pub fn column_at(columns: &[Column], i: usize) -> Result<&Column, EvalError> {
    columns.get(i).ok_or_else(|| EvalError::new(format!("there is no column {i}")))
}

/// Returns the columns that a user sees as the input: those that have a name.
pub fn visible(columns: &[Column]) -> Vec<usize> {
    (0..columns.len()).filter(|i| columns.get(*i).is_some_and(|column| !column.name.is_empty())).collect()
}

/// Returns a name that is not taken yet: the name itself, or with the first number that makes it new.
///
/// # Source
/// Microsoft's binder names the second of two columns `a` in a lookup's result `a1`.
pub fn unique_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = std::iter::once(name.to_string()).chain((1..).map(|i| format!("{name}{i}")));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or_default()
}

/// Returns the columns of a call's result by the function that says them for a shape.
///
/// # Errors
/// Those of the function.
pub fn result_columns(
    call: &PluginCall,
    columns: fn(&PluginShape) -> Result<Vec<Column>, EvalError>,
) -> Result<Vec<Column>, EvalError> {
    let inputs: Vec<Vec<Column>> = call.inputs.iter().map(|table| table.columns.clone()).collect();
    columns(&PluginShape { inputs: &inputs, args: call.args })
}

impl Table {
    /// Returns a column's values.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn array(&self, column: usize) -> Result<&ArrayRef, EvalError> {
        self.arrays.get(column).ok_or_else(|| EvalError::new(format!("there is no column {column}")))
    }

    /// Returns a cell.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn cell(&self, column: usize, row: usize) -> Result<Value, EvalError> {
        Ok(value_at(self.array(column)?, column_at(&self.columns, column)?.ktype, row))
    }

    /// Returns some columns of some rows. A row that is `None` is null in every column (empty for string).
    ///
    /// # Errors
    /// When there is no such column.
    pub fn pick(
        &self,
        columns: &[usize],
        rows: impl Iterator<Item = Option<usize>>,
    ) -> Result<Vec<ArrayRef>, EvalError> {
        let rows: UInt64Array = rows.map(|row| row.map(|row| row as u64)).collect();
        let pick = |column: &usize| {
            let array = take(self.array(*column)?, &rows, None).map_err(internal)?;
            let ktype = column_at(&self.columns, *column)?.ktype;
            // A string is never null.
            Ok(if ktype == KqlType::String && array.null_count() > 0 {
                array_of(ktype, (0..array.len()).map(|row| value_at(&array, ktype, row)))
            } else {
                array
            })
        };
        columns.iter().map(pick).collect()
    }
}

/// Rows of a table numbered by the values of some columns.
pub struct Groups {
    /// The group of each row.
    pub of_row: Vec<usize>,
    /// A row of each group: the first.
    pub first_row: Vec<usize>,
}

impl Groups {
    /// Groups all rows by some columns; by none, they are one group.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn by(table: &Table, columns: &[usize]) -> Result<Groups, EvalError> {
        if columns.is_empty() {
            return Ok(Groups { of_row: vec![0; table.rows], first_row: (0..table.rows.min(1)).collect() });
        }
        let arrays = columns.iter().map(|column| table.array(*column).cloned()).collect::<Result<Vec<_>, _>>()?;
        let keys = sort_keys(&arrays)?;
        let mut seen = HashMap::new();
        let mut groups = Groups { of_row: Vec::with_capacity(table.rows), first_row: Vec::new() };
        for (row, key) in keys.iter().enumerate() {
            let group = *seen.entry(key.data().to_vec()).or_insert_with(|| {
                groups.first_row.push(row);
                groups.first_row.len() - 1
            });
            groups.of_row.push(group);
        }
        Ok(groups)
    }
}

/// Returns a key per row whose bytes are equal where the columns' values are, and in order where they are in order.
///
/// # Errors
/// When the values have no order.
pub fn sort_keys(arrays: &[ArrayRef]) -> Result<Rows, EvalError> {
    let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone())).collect();
    RowConverter::new(fields).and_then(|converter| converter.convert_columns(arrays)).map_err(internal)
}

/// A table built row by row.
pub struct RowBuilder {
    columns: Vec<Column>,
    values: Vec<Vec<Value>>,
    rows: usize,
}

impl RowBuilder {
    /// Makes a table without rows.
    pub fn new(columns: Vec<Column>) -> RowBuilder {
        RowBuilder { values: columns.iter().map(|_| Vec::new()).collect(), columns, rows: 0 }
    }

    /// Adds a row, one value per column.
    ///
    /// # Errors
    /// When the result grows past [`ROWS_MAX`].
    pub fn push(&mut self, row: impl IntoIterator<Item = Value>) -> Result<(), EvalError> {
        if self.rows == ROWS_MAX {
            return Err(EvalError::new(format!("the result has more than {ROWS_MAX} rows")));
        }
        self.values.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        self.rows += 1;
        Ok(())
    }

    /// Returns the table.
    pub fn finish(self) -> Table {
        let arrays =
            self.columns.iter().zip(self.values).map(|(column, values)| array_of(column.ktype, values.into_iter()));
        Table { arrays: arrays.collect(), columns: self.columns, rows: self.rows }
    }
}

/// Tables and calls for the tests of plugins.
#[cfg(test)]
pub mod testing {
    use super::*;
    use crate::args::{CallContext, parse_as};
    use crate::registry::Plugin;

    /// Makes a table from a heading (`User:string Timestamp:datetime`) and rows of texts; `null` is null.
    pub fn table<const N: usize>(heading: &str, rows: &[[&str; N]]) -> Table {
        let columns: Vec<Column> = heading
            .split_whitespace()
            .filter_map(|column| column.split_once(':'))
            .map(|(name, ktype)| Column::new(name, KqlType::from_name(ktype).unwrap_or(KqlType::String)))
            .collect();
        let array = |(i, column): (usize, &Column)| {
            let value = |row: &[&str; N]| {
                if row[i] == "null" { Value::null(column.ktype) } else { parse_as(column.ktype, row[i]) }
            };
            array_of(column.ktype, rows.iter().map(value))
        };
        Table { arrays: columns.iter().enumerate().map(array).collect(), columns, rows: rows.len() }
    }

    /// A constant argument.
    pub fn constant(ktype: KqlType, text: &str) -> PluginArg {
        PluginArg::Value(parse_as(ktype, text))
    }

    /// A datetime argument.
    pub fn at(text: &str) -> PluginArg {
        constant(KqlType::Datetime, text)
    }

    /// A timespan argument.
    pub fn span(text: &str) -> PluginArg {
        constant(KqlType::Timespan, text)
    }

    /// A string argument.
    pub fn text(text: &str) -> PluginArg {
        constant(KqlType::String, text)
    }

    /// Runs a plugin and returns the heading and the rows as texts; checks that the columns are those foretold.
    pub fn result(plugin: &Plugin, inputs: &[Table], args: &[PluginArg]) -> (String, Vec<Vec<String>>) {
        try_result(plugin, inputs, args).unwrap_or_else(|error| panic!("{}: {error}", plugin.name))
    }

    /// Runs a plugin and returns the text of its failure.
    pub fn failure(plugin: &Plugin, inputs: &[Table], args: &[PluginArg]) -> String {
        try_result(plugin, inputs, args).err().map_or(String::new(), |error| error.0)
    }

    fn try_result(
        plugin: &Plugin,
        inputs: &[Table],
        args: &[PluginArg],
    ) -> Result<(String, Vec<Vec<String>>), EvalError> {
        let ctx = CallContext::default();
        let run = plugin.run.map_err(EvalError::new)?;
        let shapes: Vec<Vec<Column>> = inputs.iter().map(|table| table.columns.clone()).collect();
        let foretold = (plugin.columns)(&PluginShape { inputs: &shapes, args })?;
        let found = run(&PluginCall { inputs, args, ctx: &ctx })?;
        if let Some(foretold) = foretold {
            assert_eq!(found.columns, foretold, "{} foretells other columns", plugin.name);
        }
        Ok(texts(&found))
    }

    /// Returns a table's heading and rows as texts.
    pub fn texts(table: &Table) -> (String, Vec<Vec<String>>) {
        let heading =
            table.columns.iter().map(|column| format!("{}:{}", column.name, column.ktype)).collect::<Vec<_>>();
        let cell = |row: usize, column: usize| {
            assert_eq!(table.arrays[column].len(), table.rows);
            assert_eq!(*table.arrays[column].data_type(), table.columns[column].ktype.arrow());
            match table.cell(column, row) {
                Ok(value @ Value::Datetime(_)) => value.to_text().replace("T00:00:00.0000000Z", ""),
                Ok(value) if value.is_null() => "null".to_string(),
                Ok(value) => value.to_text(),
                Err(error) => error.0,
            }
        };
        let rows = (0..table.rows).map(|row| (0..table.columns.len()).map(|column| cell(row, column)).collect());
        (heading.join(" "), rows.collect())
    }

    /// Returns rows given as lines of cells separated by `|`.
    pub fn rows(text: &str) -> Vec<Vec<String>> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| line.split('|').map(|cell| cell.trim().to_string()).collect()).collect()
    }
}
