//! The folds of `dcount`, `hll` and `hll_merge`: one [`Hll`] per group.

use super::constants::{self, first_type};
use super::per_group::{Fold, PerGroup};
use crate::args::EvalError;
use crate::cells::{Cells, text, text_hash};
use crate::registry::{Accumulate, Accumulator, AggregateCall};
use crate::sketch::hll::{Hll, Precision};
use crate::view_memo::ViewMemo;
use arrow::array::{ArrayRef, AsArray, Int64Array, LargeBinaryBuilder, StringViewBuilder};
use arrow::datatypes::DataType;
use schema::KqlType;
use std::sync::Arc;

/// Accumulators of `dcount`: the number of distinct values; argument 1 may be the accuracy.
pub const DCOUNT: Accumulate = Accumulate { make: |call| make(call, Source::Values, Give::Count), state_types };
/// Accumulators of `hll`: the sketch itself, null for no values.
pub const HLL: Accumulate = Accumulate { make: |call| make(call, Source::Values, Give::Sketch), state_types };
/// Accumulators of `hll_merge`: one sketch of many.
pub const HLL_MERGE: Accumulate = Accumulate { make: |call| make(call, Source::Sketches, Give::Sketch), state_types };

/// What the rows hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Values,
    Sketches,
}

/// What is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Give {
    Count,
    Sketch,
}

/// The accuracy of calls that do not say it.
const ACCURACY: i64 = 1;

fn make(call: &AggregateCall, source: Source, give: Give) -> Result<Box<dyn Accumulator>, EvalError> {
    let accuracy = match source {
        Source::Values => constants::long(call, 1, "accuracy")?.unwrap_or(ACCURACY),
        Source::Sketches => ACCURACY,
    };
    let precision = Precision::of_accuracy(accuracy)?;
    Ok(PerGroup::boxed(Sketches {
        ktype: first_type(call),
        precision,
        source,
        give,
        hashes: ViewMemo::default(),
        heap: 0,
    }))
}

fn state_types(_: &AggregateCall) -> Vec<DataType> {
    vec![DataType::LargeBinary]
}

struct Sketches {
    ktype: KqlType,
    precision: Precision,
    source: Source,
    give: Give,
    hashes: ViewMemo<u64>,
    heap: usize,
}

impl Sketches {
    /// Changes a sketch and counts the bytes that it grew by.
    fn change<R>(&mut self, state: &mut Hll, change: impl FnOnce(&mut Hll) -> R) -> R {
        let before = state.heap();
        let result = change(state);
        self.heap = self.heap + state.heap() - before;
        result
    }

    fn join(&mut self, state: &mut Hll, other: Hll) -> Result<(), EvalError> {
        if state.is_empty() {
            // An empty sketch takes on the other's accuracy.
            self.change(state, |state| *state = other);
            return Ok(());
        }
        if other.is_empty() {
            return Ok(());
        }
        self.change(state, |state| state.merge(&other))
    }
}

impl Fold for Sketches {
    type State = Hll;

    fn empty(&self) -> Hll {
        Hll::new(self.precision)
    }

    fn update(&mut self, states: &mut [Hll], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let cells = Cells::new(&args[0], self.ktype)?;
        if self.source == Source::Values {
            let texts = cells.texts();
            if let Some(texts) = texts {
                self.hashes.start(texts);
            }
            for (row, group) in groups.iter().enumerate() {
                let hash = match texts {
                    Some(texts) => {
                        Some(self.hashes.get(texts, row, |text| Ok::<_, EvalError>(text_hash(text.as_bytes())))?)
                    }
                    None => cells.hash(row),
                };
                if let Some(hash) = hash {
                    let state = &mut states[*group];
                    if state.is_full_size() {
                        state.insert(hash);
                    } else {
                        self.change(state, |state| state.insert(hash));
                    }
                }
            }
            return Ok(());
        }
        let sketches = text(&args[0], KqlType::Dynamic)?;
        for (row, group) in groups.iter().enumerate() {
            if !cells.is_null(row) {
                let other = Hll::from_json(sketches.value(row))
                    .ok_or_else(|| EvalError::new("`hll_merge` needs values made by `hll` or `hll_merge`"))?;
                self.join(&mut states[*group], other)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [Hll], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let broken = || EvalError::new("a partial result of an aggregation is broken");
        let sketches = partial[0].as_binary_opt::<i64>().ok_or_else(broken)?;
        for (row, group) in groups.iter().enumerate() {
            let other = Hll::read_bytes(sketches.value(row)).ok_or_else(broken)?;
            self.join(&mut states[*group], other)?;
        }
        Ok(())
    }

    fn partial(&mut self, states: Vec<Hll>) -> Result<Vec<ArrayRef>, EvalError> {
        let mut builder = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        for state in &states {
            self.heap -= state.heap();
            bytes.clear();
            state.write_bytes(&mut bytes);
            builder.append_value(&bytes);
        }
        Ok(vec![Arc::new(builder.finish())])
    }

    fn finish(&mut self, states: Vec<Hll>) -> Result<Vec<ArrayRef>, EvalError> {
        states.iter().for_each(|state| self.heap -= state.heap());
        if self.give == Give::Count {
            return Ok(vec![Arc::new(Int64Array::from_iter_values(states.iter().map(Hll::count)))]);
        }
        let mut builder = StringViewBuilder::with_capacity(states.len());
        for state in &states {
            builder.append_option((!state.is_empty()).then(|| state.to_json()));
        }
        Ok(vec![Arc::new(builder.finish())])
    }

    fn heap(&self) -> usize {
        self.heap + self.hashes.size()
    }
}
