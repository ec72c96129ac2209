//! Looking up addresses in a table of networks, for `ipv4_lookup` and `ipv6_lookup`.
//!
//! Arguments: `Table` (the lookup table), `Column` of the input (the address), `Column` of the lookup table (the
//! network), further `Column`s of the lookup table that must equal the input's columns of the same names, and whether
//! rows without a match are kept. The index of a column counts in the table that the column is of.

use super::input::{ROWS_MAX, sort_keys};
use super::prelude::*;
use crate::scalar::ip::Network;
use std::collections::HashMap;

/// A call's arguments.
struct Lookup {
    table: usize,
    address: usize,
    network: usize,
    /// Columns of the input and of the lookup table that must be equal.
    equal: Vec<(usize, usize)>,
    keep_unmatched: bool,
}

impl Lookup {
    fn read(plugin: &'static str, inputs: &[Vec<Column>], args: &[PluginArg]) -> Result<Lookup, EvalError> {
        let (mut positional, mut keep_unmatched) = (Vec::new(), None);
        for arg in args {
            match arg {
                PluginArg::Named(name, value) if name.eq_ignore_ascii_case("return_unmatched") => {
                    keep_unmatched = Some(value.as_ref())
                }
                PluginArg::Named(name, _) => {
                    return Err(EvalError::new(format!("`{plugin}` has no parameter `{name}`")));
                }
                arg => positional.push(arg),
            }
        }
        if let (None, Some(PluginArg::Value(_))) = (keep_unmatched, positional.last()) {
            keep_unmatched = positional.pop();
        }
        let keep_unmatched = match keep_unmatched {
            None => false,
            Some(PluginArg::Value(Value::Bool(keep))) => *keep,
            Some(_) => return Err(EvalError::new("`return_unmatched` must be true or false")),
        };
        let [PluginArg::Table(table), PluginArg::Column(address), PluginArg::Column(network), more @ ..] =
            positional.as_slice()
        else {
            return Err(EvalError::new(format!(
                "`{plugin}` takes a table, a column of addresses and a column of networks"
            )));
        };
        let (input, lookup) =
            (inputs.first().map_or(&[][..], Vec::as_slice), inputs.get(*table).map_or(&[][..], Vec::as_slice));
        let mut equal = Vec::new();
        for arg in more {
            let PluginArg::Column(key) = arg else { return Err(EvalError::new("the further keys must be columns")) };
            let column = column_at(lookup, *key)?;
            let own = input.iter().position(|own| own.name == column.name && own.ktype == column.ktype);
            let own = own.ok_or_else(|| {
                EvalError::new(format!("the input has no column `{}` of type {}", column.name, column.ktype))
            })?;
            equal.push((own, *key));
        }
        for (columns, i) in [(input, *address), (lookup, *network)] {
            let column = column_at(columns, i)?;
            if column.ktype != KqlType::String {
                return Err(EvalError::new(format!("the column `{}` must be of type string", column.name)));
            }
        }
        Ok(Lookup { table: *table, address: *address, network: *network, equal, keep_unmatched })
    }

    /// Returns the columns of the lookup table that are part of the result.
    fn taken(&self, lookup: &[Column]) -> Vec<usize> {
        visible(lookup).into_iter().filter(|i| !self.equal.iter().any(|(_, key)| key == i)).collect()
    }
}

/// Returns the columns of a lookup's result: the input's, then the lookup table's but those that must be equal.
///
/// # Errors
/// When the arguments are not those of a lookup.
pub fn columns(plugin: &'static str, inputs: &[Vec<Column>], args: &[PluginArg]) -> Result<Vec<Column>, EvalError> {
    let call = Lookup::read(plugin, inputs, args)?;
    let (input, lookup) =
        (inputs.first().map_or(&[][..], Vec::as_slice), inputs.get(call.table).map_or(&[][..], Vec::as_slice));
    let mut columns: Vec<Column> = visible(input).into_iter().filter_map(|i| input.get(i).cloned()).collect();
    for i in call.taken(lookup) {
        let column = column_at(lookup, i)?;
        let name = unique_name(&column.name, |name| columns.iter().any(|column| column.name == name));
        columns.push(Column::new(name, column.ktype));
    }
    Ok(columns)
}

/// Looks up each row's address: a row per network that holds it. `parse` reads addresses and networks.
///
/// # Errors
/// When the arguments are not those of a lookup.
pub fn run(plugin: &'static str, call: &PluginCall, parse: fn(&str) -> Option<Network>) -> Result<Table, EvalError> {
    let shapes: Vec<Vec<Column>> = call.inputs.iter().map(|table| table.columns.clone()).collect();
    let args = Lookup::read(plugin, &shapes, call.args)?;
    let table = input(call)?;
    let networks = call.inputs.get(args.table).ok_or_else(|| EvalError::new("the lookup table is missing"))?;
    let index = Index::new(networks, args.network, parse)?;
    let keys = |table: &Table, columns: Vec<usize>| {
        let arrays = columns.into_iter().map(|column| table.array(column).cloned()).collect::<Result<Vec<_>, _>>()?;
        if arrays.is_empty() { Ok(None) } else { sort_keys(&arrays).map(Some) }
    };
    let own_keys = keys(table, args.equal.iter().map(|(own, _)| *own).collect())?;
    let other_keys = keys(networks, args.equal.iter().map(|(_, key)| *key).collect())?;

    let mut matches: Vec<(usize, Option<usize>)> = Vec::new();
    for row in 0..table.rows {
        let before = matches.len();
        if let Value::String(address) = table.cell(args.address, row)? {
            for other in parse(&address).map(|address| index.holding(address)).into_iter().flatten() {
                let is_equal = match (&own_keys, &other_keys) {
                    (Some(own), Some(others)) => own.row(row) == others.row(other),
                    _ => true,
                };
                if is_equal {
                    matches.push((row, Some(other)));
                }
            }
        }
        if matches.len() == before && args.keep_unmatched {
            matches.push((row, None));
        }
        if matches.len() > ROWS_MAX {
            return Err(EvalError::new(format!("the result has more than {ROWS_MAX} rows")));
        }
    }
    let mut arrays = table.pick(&visible(&table.columns), matches.iter().map(|(row, _)| Some(*row)))?;
    arrays.extend(networks.pick(&args.taken(&networks.columns), matches.iter().map(|(_, other)| *other))?);
    Ok(Table { columns: columns(plugin, &shapes, call.args)?, arrays, rows: matches.len() })
}

/// The networks of a table by prefix length and first address.
struct Index {
    by_prefix: Vec<(u8, HashMap<u128, Vec<usize>>)>,
}

impl Index {
    fn new(table: &Table, column: usize, parse: fn(&str) -> Option<Network>) -> Result<Index, EvalError> {
        let mut index = Index { by_prefix: Vec::new() };
        for row in 0..table.rows {
            let Value::String(text) = table.cell(column, row)? else { continue };
            let Some(network) = parse(&text) else { continue };
            let known = index.by_prefix.iter().position(|(prefix, _)| *prefix == network.prefix);
            let known = known.unwrap_or_else(|| {
                index.by_prefix.push((network.prefix, HashMap::new()));
                index.by_prefix.len() - 1
            });
            if let Some((_, networks)) = index.by_prefix.get_mut(known) {
                networks.entry(network.first()).or_default().push(row);
            }
        }
        Ok(index)
    }

    /// Returns the rows of the networks that hold all of a network or address.
    fn holding(&self, address: Network) -> impl Iterator<Item = usize> + '_ {
        let prefixes = self.by_prefix.iter().filter(move |(prefix, _)| *prefix <= address.prefix);
        prefixes
            .filter_map(move |(prefix, networks)| networks.get(&address.limited(*prefix).first()))
            .flatten()
            .copied()
    }
}
