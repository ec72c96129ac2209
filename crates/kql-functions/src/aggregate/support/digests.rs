//! The folds of `percentile` and its kin, `tdigest` and `tdigest_merge`: one digest per group.

use super::constants::{self, first_type};
use super::per_group::{Fold, PerGroup};
use crate::args::{Arg, EvalError, array_of};
use crate::cells::{Cells, text};
use crate::registry::{Accumulate, Accumulator, AggregateCall, NamedArg};
use crate::sketch::tdigest::{AnyDigest, TypedDigest};
use arrow::array::{ArrayRef, AsArray, LargeBinaryBuilder, StringViewBuilder};
use arrow::datatypes::DataType;
use schema::{Dynamic, KqlType, Value};
use std::sync::Arc;

/// Accumulators of `percentile` and `percentiles`: one result per percentile.
pub const PERCENTILES: Accumulate =
    Accumulate { make: |call| make(call, None, Give::Columns(constants::percentiles(call, 1)?)), state_types };
/// Accumulators of `percentilew` and `percentilesw`: argument 1 is the weight.
pub const PERCENTILESW: Accumulate =
    Accumulate { make: |call| make(call, Some(1), Give::Columns(constants::percentiles(call, 2)?)), state_types };
/// Accumulators of `percentiles_array`.
pub const PERCENTILES_ARRAY: Accumulate =
    Accumulate { make: |call| make(call, None, Give::Array(constants::percentiles(call, 1)?)), state_types };
/// Accumulators of `percentilesw_array`.
pub const PERCENTILESW_ARRAY: Accumulate =
    Accumulate { make: |call| make(call, Some(1), Give::Array(constants::percentiles(call, 2)?)), state_types };
/// Accumulators of `tdigest`; argument 1 may be the weight.
pub const TDIGEST: Accumulate =
    Accumulate { make: |call| make(call, (call.args.len() > 1).then_some(1), Give::Digest), state_types };
/// Accumulators of `tdigest_merge`.
pub const TDIGEST_MERGE: Accumulate = Accumulate { make: |_| Ok(PerGroup::boxed(Merges { heap: 0 })), state_types };

/// Returns the types of one result per percentile, where arguments before `first` are no percentiles.
pub fn returns(args: &[KqlType], first: usize) -> Vec<KqlType> {
    let of = args.first().copied().unwrap_or(KqlType::Long);
    vec![result_type(of); args.len().saturating_sub(first)]
}

/// Returns the names of one result per percentile: `percentile_x_95`, `percentile_x_99_9`.
pub fn names(args: &[NamedArg], first: usize) -> Vec<String> {
    let of = args.first().and_then(|arg| arg.name).unwrap_or_default();
    let name = |arg: &NamedArg| {
        let text = arg.value.map(Value::to_text).unwrap_or_default();
        let text = text.strip_suffix(".0").unwrap_or(&text);
        format!("percentile_{of}_{}", text.replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
    };
    args.iter().skip(first).map(name).collect()
}

/// Returns the type that percentiles of a type have: int widens to long, decimal to real.
fn result_type(of: KqlType) -> KqlType {
    match of {
        KqlType::Int => KqlType::Long,
        KqlType::Decimal => KqlType::Real,
        other => other,
    }
}

enum Give {
    Columns(Vec<f64>),
    Array(Vec<f64>),
    Digest,
}

fn make(call: &AggregateCall, weight: Option<usize>, give: Give) -> Result<Box<dyn Accumulator>, EvalError> {
    let ktype = first_type(call);
    let empty = TypedDigest::new(ktype)
        .ok_or_else(|| EvalError::new(format!("percentiles need numbers, datetimes or timespans, not {ktype}")))?;
    let weight = weight.map(|i| (i, call.args.get(i).map_or(KqlType::Long, |(ktype, _)| *ktype)));
    Ok(PerGroup::boxed(Digests { ktype, empty, weight, give, heap: 0 }))
}

fn state_types(_: &AggregateCall) -> Vec<DataType> {
    vec![DataType::LargeBinary]
}

fn broken() -> EvalError {
    EvalError::new("a partial result of an aggregation is broken")
}

struct Digests {
    ktype: KqlType,
    empty: TypedDigest,
    /// The weight's argument and type.
    weight: Option<(usize, KqlType)>,
    give: Give,
    heap: usize,
}

impl Fold for Digests {
    type State = TypedDigest;

    fn empty(&self) -> TypedDigest {
        self.empty.clone()
    }

    fn update(&mut self, states: &mut [TypedDigest], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let cells = Cells::new(&args[0], self.ktype)?;
        let weights = self.weight.map(|(i, ktype)| Arg { array: args[i].clone(), ktype, constant: false });
        let weights = weights.as_ref().map(Arg::longs);
        for (row, group) in groups.iter().enumerate() {
            let weight = match &weights {
                None => 1,
                // A value that weighs nothing, less or null is not there.
                Some(weights) => weights.get(row).and_then(|weight| u64::try_from(weight).ok()).unwrap_or(0),
            };
            if !cells.is_null(row) && weight > 0 {
                let state = &mut states[*group];
                let before = state.heap();
                state.insert(&cells, row, weight);
                self.heap = self.heap + state.heap() - before;
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [TypedDigest], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let digests = partial[0].as_binary_opt::<i64>().ok_or_else(broken)?;
        for (row, group) in groups.iter().enumerate() {
            let state = &mut states[*group];
            let before = state.heap();
            let is_good = match &mut state.digest {
                AnyDigest::Longs(digest) => digest.merge_bytes(digests.value(row)),
                AnyDigest::Reals(digest) => digest.merge_bytes(digests.value(row)),
            };
            self.heap = self.heap + state.heap() - before;
            if !is_good {
                return Err(broken());
            }
        }
        Ok(())
    }

    fn partial(&mut self, states: Vec<TypedDigest>) -> Result<Vec<ArrayRef>, EvalError> {
        let mut builder = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        for mut state in states {
            self.heap -= state.heap();
            state.settle();
            bytes.clear();
            match &state.digest {
                AnyDigest::Longs(digest) => digest.write_bytes(&mut bytes),
                AnyDigest::Reals(digest) => digest.write_bytes(&mut bytes),
            }
            builder.append_value(&bytes);
        }
        Ok(vec![Arc::new(builder.finish())])
    }

    fn finish(&mut self, mut states: Vec<TypedDigest>) -> Result<Vec<ArrayRef>, EvalError> {
        for state in &mut states {
            self.heap -= state.heap();
            state.settle();
        }
        let ktype = result_type(self.ktype);
        Ok(match &self.give {
            Give::Columns(percentiles) => percentiles
                .iter()
                .map(|p| array_of(ktype, states.iter().map(|state| state.percentile(*p).unwrap_or(Value::null(ktype)))))
                .collect(),
            Give::Array(percentiles) => {
                let array = |state: &TypedDigest| {
                    let values: Option<Vec<Dynamic>> =
                        percentiles.iter().map(|p| state.percentile(*p).map(|value| value.to_dynamic())).collect();
                    values.map(|values| Dynamic::Array(values).to_json())
                };
                vec![texts(states.iter().map(array))]
            }
            Give::Digest => vec![texts(states.iter().map(|state| (!state.is_empty()).then(|| state.to_json())))],
        })
    }

    fn heap(&self) -> usize {
        self.heap
    }
}

/// Merges digests given as dynamic values; the type is that of the first.
struct Merges {
    heap: usize,
}

impl Merges {
    fn join(&mut self, state: &mut Option<Box<TypedDigest>>, other: TypedDigest) -> Result<(), EvalError> {
        let before = state.as_ref().map_or(0, |state| state.heap());
        match state {
            None => *state = Some(Box::new(other)),
            Some(state) => {
                if !state.merge(&other) {
                    let (ours, theirs) = (state.ktype, other.ktype);
                    return Err(EvalError::new(format!(
                        "`tdigest` values of types {ours} and {theirs} cannot be merged"
                    )));
                }
            }
        }
        self.heap = self.heap + state.as_ref().map_or(0, |state| state.heap()) - before;
        Ok(())
    }
}

impl Fold for Merges {
    type State = Option<Box<TypedDigest>>;

    fn empty(&self) -> Self::State {
        None
    }

    fn update(&mut self, states: &mut [Self::State], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let cells = Cells::new(&args[0], KqlType::Dynamic)?;
        let digests = text(&args[0], KqlType::Dynamic)?;
        for (row, group) in groups.iter().enumerate() {
            if !cells.is_null(row) {
                let other = TypedDigest::from_json(digests.value(row)).ok_or_else(|| {
                    EvalError::new("`tdigest_merge` needs values made by `tdigest` or `tdigest_merge`")
                })?;
                self.join(&mut states[*group], other)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [Self::State], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let digests = partial[0].as_binary_opt::<i64>().ok_or_else(broken)?;
        for (row, group) in groups.iter().enumerate() {
            let json = std::str::from_utf8(digests.value(row)).map_err(|_| broken())?;
            if !json.is_empty() {
                self.join(&mut states[*group], TypedDigest::from_json(json).ok_or_else(broken)?)?;
            }
        }
        Ok(())
    }

    fn partial(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        let mut builder = LargeBinaryBuilder::new();
        for json in self.jsons(states) {
            builder.append_value(json.unwrap_or_default());
        }
        Ok(vec![Arc::new(builder.finish())])
    }

    fn finish(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        Ok(vec![texts(self.jsons(states).into_iter())])
    }

    fn heap(&self) -> usize {
        self.heap
    }
}

impl Merges {
    fn jsons(&mut self, states: Vec<Option<Box<TypedDigest>>>) -> Vec<Option<String>> {
        let json = |state: Option<Box<TypedDigest>>| {
            let mut state = state?;
            self.heap -= state.heap();
            state.settle();
            Some(state.to_json())
        };
        states.into_iter().map(json).collect()
    }
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    let mut builder = StringViewBuilder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, WAYS, run, run_one, run_way};
    use super::*;

    fn longs(range: std::ops::RangeInclusive<i64>) -> Rows {
        Rows::of_one(KqlType::Long, range.map(Value::Long))
    }

    #[test]
    fn nearest_rank() {
        let cases = [(0, 1), (5, 5), (50, 50), (95, 95), (100, 100)];
        for (p, expected) in cases {
            assert_eq!(run_one("percentile", &longs(1..=100).with(Value::Long(p))), Value::Long(expected));
        }
        // The median of four is the second, not a mean.
        assert_eq!(run_one("percentile", &longs(1..=4).with(Value::Long(50))), Value::Long(2));
        assert_eq!(run_one("percentile", &longs(1..=1000).with(Value::Real(99.9))), Value::Long(999));
    }

    #[test]
    fn weights_count_as_repetitions() {
        let row = |(n, t): (i64, i64)| vec![Value::Long(t), Value::Long(n)];
        let rows = Rows {
            args: vec![(KqlType::Long, None), (KqlType::Long, None)],
            rows: [(8, 10), (6, 20), (3, 30), (1, 40), (0, 5), (-4, 6)].map(row).to_vec(),
            groups: vec![0; 6],
            n_groups: 1,
        };
        let call = rows.with(Value::Long(50)).with(Value::Long(75)).with(Value::Real(99.9));
        assert_eq!(run("percentilesw", &call), [20, 20, 40].map(|t| vec![Value::Long(t)]));
    }

    #[test]
    fn calls_that_are_refused() {
        let rows = longs(1..=2);
        for value in [Value::Long(101), Value::Long(-1), Value::Real(f64::NAN)] {
            assert!(run_way("percentile", &rows.clone().with(value), WAYS[0]).is_err());
        }
        let strings = Rows::of_one(KqlType::String, []).with(Value::Long(50));
        assert!(run_way("percentile", &strings, WAYS[0]).is_err());
    }

    #[test]
    fn many_values_stay_within_one_percent_of_the_rank() {
        // 7919 is prime to 100 000, so this visits every number below once.
        let values = (0..100_000).map(|i| Value::Long(i * 7919 % 100_000));
        let rows = Rows::of_one(KqlType::Long, values);
        let rows = [1, 10, 50, 90, 99, 100].iter().fold(rows, |rows, p| rows.with(Value::Long(*p)));
        for way in [WAYS[0], super::super::harness::Way { batch: 5000, parts: 3, emit: 9 }] {
            let results = run_way("percentiles", &rows, way).expect("numbers");
            for (column, p) in results.iter().zip([1, 10, 50, 90, 99, 100]) {
                let Value::Long(value) = column[0] else { panic!("{column:?} is no long") };
                let error = (value + 1 - p * 1000).abs();
                assert!(error <= if p == 100 { 0 } else { 300 }, "percentile {p} is {value}");
            }
        }
    }

    #[test]
    fn names_of_results() {
        let x = NamedArg { name: Some("x"), value: None };
        let values = [Value::Long(5), Value::Real(99.9), Value::Real(50.0)];
        let args: Vec<NamedArg> =
            [x].into_iter().chain(values.iter().map(|value| NamedArg { name: None, value: Some(value) })).collect();
        assert_eq!(names(&args, 1), ["percentile_x_5", "percentile_x_99_9", "percentile_x_50"]);
    }
}
