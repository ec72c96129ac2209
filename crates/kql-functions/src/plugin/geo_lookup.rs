//! Looking up points in a table of shapes, for `geo_polygon_lookup` and `geo_line_lookup`.
//!
//! The area radius, which in Kusto picks how the work is divided and changes no result, is read and has no effect.

use super::input::ROWS_MAX;
use super::prelude::*;
use crate::args::real_of;
use crate::scalar::geo::{Cap, EARTH_RADIUS, Vector, point};

/// What a plugin looks points up among.
pub struct Lookup<S> {
    pub plugin: &'static str,
    /// The names of the parameters; only the words differ between plugins.
    pub parameters: &'static [&'static str],
    pub needs_radius: bool,
    pub parse: fn(&str) -> Option<S>,
    pub cap: fn(&S) -> Cap,
    pub is_match: fn(&S, Vector, Option<f64>) -> bool,
}

/// A call's arguments.
struct Call {
    table: usize,
    key: usize,
    longitude: usize,
    latitude: usize,
    radius: Option<f64>,
    keep_unmatched: bool,
    return_key: bool,
}

impl Call {
    fn read<S>(lookup: &Lookup<S>, inputs: &[Vec<Column>], args: &[PluginArg]) -> Result<Call, EvalError> {
        let plugin = lookup.plugin;
        let bound = Arguments::bind(plugin, lookup.parameters, args)?;
        let Some(PluginArg::Table(table)) = bound.get(0) else {
            return Err(EvalError::new(format!("`{plugin}` takes a table to look up in")));
        };
        let columns = |i: usize| inputs.get(i).map_or(&[][..], Vec::as_slice);
        let call = Call {
            table: *table,
            key: bound.column(1)?,
            longitude: bound.column(2)?,
            latitude: bound.column(3)?,
            radius: bound.opt_real(4)?,
            keep_unmatched: bound.opt_bool(5)?.unwrap_or(false),
            return_key: bound.opt_bool(7)?.unwrap_or(false),
        };
        bound.opt_real(6)?;
        let key = column_at(columns(call.table), call.key)?;
        if key.ktype != KqlType::Dynamic {
            return Err(EvalError::new(format!("the column `{}` must be of type dynamic", key.name)));
        }
        for i in [call.longitude, call.latitude] {
            let column = column_at(columns(0), i)?;
            let is_number = |ktype| matches!(ktype, KqlType::Real | KqlType::Long | KqlType::Int | KqlType::Decimal);
            if !is_number(column.ktype) && column.ktype != KqlType::Dynamic {
                return Err(EvalError::new(format!("longitude and latitude of `{plugin}` must be numbers")));
            }
        }
        match call.radius {
            None if lookup.needs_radius => Err(EvalError::new(format!("`{plugin}` needs a radius"))),
            Some(radius) if radius < 0.0 || radius.is_nan() => {
                Err(EvalError::new(format!("the radius of `{plugin}` is below zero")))
            }
            _ => Ok(call),
        }
    }

    /// Returns the columns of the lookup table that are part of the result.
    fn taken(&self, lookup: &[Column]) -> Vec<usize> {
        visible(lookup).into_iter().filter(|i| self.return_key || *i != self.key).collect()
    }
}

/// Returns the columns of a lookup's result: the input's, then the lookup table's.
///
/// # Errors
/// When the arguments are not those of the plugin.
pub fn columns<S>(lookup: &Lookup<S>, inputs: &[Vec<Column>], args: &[PluginArg]) -> Result<Vec<Column>, EvalError> {
    let call = Call::read(lookup, inputs, args)?;
    let table = |i: usize| inputs.get(i).map_or(&[][..], Vec::as_slice);
    let mut columns: Vec<Column> = visible(table(0)).into_iter().filter_map(|i| table(0).get(i).cloned()).collect();
    for i in call.taken(table(call.table)) {
        let column = column_at(table(call.table), i)?;
        let name = unique_name(&column.name, |name| columns.iter().any(|column| column.name == name));
        columns.push(Column::new(name, column.ktype));
    }
    Ok(columns)
}

/// Looks up each row's point: a row per shape that matches it.
///
/// # Errors
/// When the arguments are not those of the plugin.
pub fn run<S>(lookup: &Lookup<S>, call: &PluginCall) -> Result<Table, EvalError> {
    let inputs: Vec<Vec<Column>> = call.inputs.iter().map(|table| table.columns.clone()).collect();
    let args = Call::read(lookup, &inputs, call.args)?;
    let table = input(call)?;
    let shapes_table = call.inputs.get(args.table).ok_or_else(|| EvalError::new("the lookup table is missing"))?;
    let mut shapes: Vec<(usize, Cap, S)> = Vec::new();
    for row in 0..shapes_table.rows {
        // Rows whose shape is invalid match no point.
        let json = match shapes_table.cell(args.key, row)? {
            Value::Dynamic(value) => value.to_json(),
            _ => continue,
        };
        shapes.extend((lookup.parse)(&json).map(|shape| (row, (lookup.cap)(&shape), shape)));
    }
    let reach = args.radius.unwrap_or(0.0) / EARTH_RADIUS;
    let mut matches: Vec<(usize, Option<usize>)> = Vec::new();
    for row in 0..table.rows {
        let before = matches.len();
        let coordinates = (real_of(&table.cell(args.longitude, row)?), real_of(&table.cell(args.latitude, row)?));
        if let (Some(longitude), Some(latitude)) = coordinates
            && let Some(place) = point(longitude, latitude)
        {
            let is_match = |(_, cap, shape): &&(usize, Cap, S)| {
                cap.is_near(place, reach) && (lookup.is_match)(shape, place, args.radius)
            };
            matches.extend(shapes.iter().filter(is_match).map(|(other, ..)| (row, Some(*other))));
        }
        if matches.len() == before && args.keep_unmatched {
            matches.push((row, None));
        }
        if matches.len() > ROWS_MAX {
            return Err(EvalError::new(format!("the result has more than {ROWS_MAX} rows")));
        }
    }
    let mut arrays = table.pick(&visible(&table.columns), matches.iter().map(|(row, _)| Some(*row)))?;
    arrays.extend(shapes_table.pick(&args.taken(&shapes_table.columns), matches.iter().map(|(_, other)| *other))?);
    Ok(Table { columns: columns(lookup, &inputs, call.args)?, arrays, rows: matches.len() })
}
