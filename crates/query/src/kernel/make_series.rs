//! `make-series`: rows of (keys, bin, aggregates), one per key and bin, packed into arrays per key.

use super::keys::KeyNumbers;
use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use crate::error::eval_error;
use arrow::array::{Array, ArrayRef, UInt32Array, new_empty_array};
use arrow::compute::{concat, take};
use datafusion::common::{Result as EngineResult, internal_err};
use kql_functions::table::make_series::{Axis, MakeSeries as Packing};
use schema::{KqlType, Value};

/// Packs series. The kernel's arguments are the keys, the bin, then the aggregates; it adds the keys, an array per
/// aggregate, the array of the bins.
#[derive(Debug, Clone)]
pub struct MakeSeries {
    pub key_types: Vec<KqlType>,
    pub axis: Axis,
    /// The type of each aggregate, and what bins without rows have.
    pub aggregates: Vec<(KqlType, Value)>,
    /// Whether no rows at all, without keys, give one series.
    pub nonempty: bool,
}

impl Kernel for MakeSeries {
    fn name(&self) -> &str {
        "MakeSeries"
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(PackingRun {
            packing: Some(Packing::new(self.axis.clone(), &self.aggregates)),
            keys: vec![Vec::new(); self.key_types.len()],
            numbering: None,
            n_series: 0,
            how: self.clone(),
        }))
    }
}

struct PackingRun {
    how: MakeSeries,
    packing: Option<Packing>,
    /// Per key column: the keys of the series that came with each batch.
    keys: Vec<Vec<ArrayRef>>,
    numbering: Option<KeyNumbers>,
    n_series: usize,
}

impl Run for PackingRun {
    fn push(&mut self, _input: usize, rows: Rows, _out: &mut Output) -> EngineResult<()> {
        let n_keys = self.how.key_types.len();
        let columns = rows.args.iter().map(|arg| spread(arg, rows.len())).collect::<EngineResult<Vec<ArrayRef>>>()?;
        let (Some(keys), Some((bins, values))) =
            (columns.get(..n_keys), columns.get(n_keys..).and_then(<[_]>::split_first))
        else {
            return internal_err!("`make-series` is not given its columns");
        };
        // Rows without a bin are in no series, and make none.
        let present = UInt32Array::from_iter_values((0..rows.len() as u32).filter(|row| bins.is_valid(*row as usize)));
        let only_present = |column: &ArrayRef| take(column, &present, None);
        let keys = keys.iter().map(only_present).collect::<Result<Vec<_>, _>>()?;
        let values = values.iter().map(only_present).collect::<Result<Vec<_>, _>>()?;
        let bins = only_present(bins)?;
        let numbers = if n_keys == 0 {
            self.n_series = self.n_series.max(usize::from(!present.is_empty()));
            vec![0; present.len()]
        } else {
            let numbering = match &mut self.numbering {
                Some(numbering) => numbering,
                None => self.numbering.insert(KeyNumbers::new(&keys)?),
            };
            let numbers = numbering.number(&keys)?;
            let mut new = Vec::new();
            for (row, number) in numbers.iter().enumerate() {
                if *number == self.n_series {
                    new.push(row as u32);
                    self.n_series += 1;
                }
            }
            let new = UInt32Array::from(new);
            for (kept, key) in self.keys.iter_mut().zip(&keys) {
                kept.push(take(key, &new, None)?);
            }
            numbers
        };
        match &mut self.packing {
            Some(packing) => packing.push(&numbers, &bins, &values).map_err(eval_error),
            None => internal_err!("`make-series` has ended"),
        }
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        let Some(packing) = self.packing.take() else { return Ok(false) };
        if self.n_series == 0 && self.how.nonempty && self.how.key_types.is_empty() {
            self.n_series = 1;
        }
        let mut added = Vec::with_capacity(self.keys.len());
        for (parts, ktype) in self.keys.iter().zip(&self.how.key_types) {
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            added.push(if parts.is_empty() { new_empty_array(&ktype.arrow()) } else { concat(&parts)? });
        }
        added.extend(packing.finish(self.n_series).map_err(eval_error)?);
        out.give_columns(vec![], added, self.n_series);
        Ok(false)
    }

    fn held_bytes(&self) -> usize {
        let keys: usize = self.keys.iter().flatten().map(|part| part.get_array_memory_size()).sum();
        keys + self.packing.as_ref().map_or(0, Packing::size)
            + self.numbering.as_ref().map_or(0, KeyNumbers::held_bytes)
    }
}
