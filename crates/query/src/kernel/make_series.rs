//! `make-series`: rows of (keys, bin, aggregates), one per key and bin, packed into arrays per key.

use super::keys::KeyNumbers;
use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use kql_functions::args::{array_of, value_at};
use schema::{Dynamic, KqlType, Value};
use std::collections::HashMap;

/// Packs series. The kernel's arguments are the keys, the bin, then the aggregates; it adds the keys, an array per
/// aggregate, the array of the bins.
#[derive(Debug, Clone)]
pub struct MakeSeries {
    pub key_types: Vec<KqlType>,
    pub axis: KqlType,
    /// In the unit of the axis: a whole number or ticks, or a real's bits are not used but `Real` values.
    pub from: Option<Value>,
    pub to: Option<Value>,
    pub step: Value,
    pub to_included: bool,
    /// What bins without rows have, and the type of each aggregate.
    pub defaults: Vec<(Value, KqlType)>,
    pub nonempty: bool,
}

/// Bins of one series past which it is refused.
///
/// # Source
/// Kusto reference, "make-series operator": arrays hold up to 1,048,576 values.
const BINS_MAX: usize = 1_048_576;

impl Kernel for MakeSeries {
    fn name(&self) -> &str {
        "MakeSeries"
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(Packing { how: self.clone(), keys: None, series: Vec::new(), bytes: 0 }))
    }
}

/// The bins of one key.
struct Series {
    key: Vec<Value>,
    /// Bin number or value, and the aggregates' values there.
    bins: HashMap<i64, Vec<Dynamic>>,
    first: i64,
    last: i64,
}

struct Packing {
    how: MakeSeries,
    keys: Option<KeyNumbers>,
    series: Vec<Series>,
    bytes: usize,
}

/// A place on the axis as a number that counts in whole steps for reals and in units otherwise.
fn place(value: &Value, step: &Value) -> Option<i64> {
    match (value, step) {
        (Value::Long(n) | Value::Datetime(n) | Value::Timespan(n), _) => Some(*n),
        (Value::Int(n), _) => Some(i64::from(*n)),
        (Value::Real(x), step) => Some((x / real(step)?).round() as i64),
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Real(x) => Some(*x),
        Value::Long(n) => Some(*n as f64),
        Value::Int(n) => Some(f64::from(*n)),
        _ => None,
    }
}

impl Packing {
    /// Returns the distance between two places of neighbouring bins.
    fn stride(&self) -> i64 {
        match (&self.how.step, self.how.axis) {
            (_, KqlType::Real) => 1,
            (Value::Long(n) | Value::Timespan(n), _) => *n,
            (Value::Int(n), _) => i64::from(*n),
            (Value::Real(x), _) => *x as i64,
            _ => 1,
        }
    }

    /// Returns the axis' value at a place; `origin` is the place and value of a known bin.
    fn axis_value(&self, place: i64, offset: f64) -> Dynamic {
        match self.how.axis {
            KqlType::Real => Dynamic::from_real(place as f64 * real(&self.how.step).unwrap_or(1.0) + offset),
            KqlType::Datetime => Value::Datetime(place).to_dynamic(),
            KqlType::Timespan => Value::Timespan(place).to_dynamic(),
            _ => Dynamic::from_long(place),
        }
    }
}

impl Run for Packing {
    fn push(&mut self, _input: usize, rows: Rows, _out: &mut Output) -> EngineResult<()> {
        let n_keys = self.how.key_types.len();
        let columns = rows.args.iter().map(|arg| spread(arg, rows.len())).collect::<EngineResult<Vec<ArrayRef>>>()?;
        let numbers = if n_keys == 0 {
            vec![0; rows.len()]
        } else {
            let numbering = match &mut self.keys {
                Some(numbering) => numbering,
                None => self.keys.insert(KeyNumbers::new(&columns[..n_keys])?),
            };
            numbering.number(&columns[..n_keys])?
        };
        for (row, number) in numbers.into_iter().enumerate() {
            let bin = value_at(&columns[n_keys], self.how.axis, row);
            let Some(place) = place(&bin, &self.how.step) else { continue };
            if number >= self.series.len() {
                let key = self.how.key_types.iter().zip(&columns).map(|(ktype, c)| value_at(c, *ktype, row)).collect();
                self.series.push(Series { key, bins: HashMap::new(), first: place, last: place });
            }
            let Some(series) = self.series.get_mut(number) else { continue };
            series.first = series.first.min(place);
            series.last = series.last.max(place);
            let values = self.how.defaults.iter().zip(&columns[n_keys + 1..]);
            let values: Vec<Dynamic> =
                values.map(|((_, ktype), column)| value_at(column, *ktype, row).to_dynamic()).collect();
            self.bytes += 64 + 32 * values.len();
            series.bins.insert(place, values);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        let stride = self.stride().max(1);
        let mut series = std::mem::take(&mut self.series);
        let from = self.how.from.clone();
        let to = self.how.to.clone();
        if series.is_empty() && self.how.nonempty && self.how.key_types.is_empty() && from.is_some() && to.is_some() {
            series.push(Series { key: vec![], bins: HashMap::new(), first: 0, last: 0 });
        }
        let n_keys = self.how.key_types.len();
        let n_values = self.how.defaults.len();
        let mut keys: Vec<Vec<Value>> = vec![Vec::new(); n_keys];
        let mut arrays: Vec<Vec<Value>> = vec![Vec::new(); n_values + 1];
        let rows = series.len();
        for one in series {
            // Reals count bins from `from`: its distance from a multiple of the step is added back.
            let step = real(&self.how.step).unwrap_or(1.0);
            let offset = match (&from, self.how.axis) {
                (Some(value), KqlType::Real) => {
                    let start = real(value).unwrap_or(0.0);
                    start - (start / step).round() * step
                }
                _ => 0.0,
            };
            let start = from.as_ref().and_then(|value| place(value, &self.how.step)).unwrap_or(one.first);
            let end = match to.as_ref().and_then(|value| place(value, &self.how.step)) {
                Some(end) if self.how.to_included => end.saturating_add(1),
                Some(end) => end,
                None => one.last.saturating_add(1),
            };
            let bins = usize::try_from(end.saturating_sub(start)).unwrap_or(0).div_ceil(stride as usize);
            if bins > BINS_MAX {
                let text = format!("gives a series of {bins} bins; {BINS_MAX} is the most: take a larger step");
                return Err(crate::error::QueryError::Limit { operator: "make-series", text }.into());
            }
            let mut packed: Vec<Vec<Dynamic>> = vec![Vec::with_capacity(bins); n_values];
            let mut axis = Vec::with_capacity(bins);
            for i in 0..bins {
                let at = start + i as i64 * stride;
                axis.push(self.axis_value(at, offset));
                let found = one.bins.get(&at);
                for (v, (default, ktype)) in self.how.defaults.iter().enumerate() {
                    let value = match found.and_then(|values| values.get(v)) {
                        Some(value) => value.clone(),
                        None => match (default, ktype) {
                            (Value::Long(n), KqlType::Real) => Dynamic::from_real(*n as f64),
                            (default, _) => default.to_dynamic(),
                        },
                    };
                    packed[v].push(value);
                }
            }
            for (column, value) in keys.iter_mut().zip(one.key) {
                column.push(value);
            }
            packed.push(axis);
            for (column, items) in arrays.iter_mut().zip(packed) {
                column.push(Value::Dynamic(Dynamic::Array(items)));
            }
        }
        let mut added: Vec<ArrayRef> =
            keys.into_iter().zip(&self.how.key_types).map(|(v, ktype)| array_of(*ktype, v.into_iter())).collect();
        added.extend(arrays.into_iter().map(|values| array_of(KqlType::Dynamic, values.into_iter())));
        out.give_columns(vec![], added, rows);
        Ok(false)
    }

    fn held_bytes(&self) -> usize {
        self.bytes + self.keys.as_ref().map_or(0, KeyNumbers::held_bytes)
    }
}
