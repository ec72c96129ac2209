//! The distinct values of all groups, exactly: `count_distinct`.

use super::constants::first_type;
use super::interner::Interner;
use crate::args::EvalError;
use crate::cells::{Cells, mix};
use crate::registry::{Accumulate, Accumulator, AggregateCall};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, LargeBinaryBuilder};
use arrow::datatypes::DataType;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use schema::KqlType;
use std::sync::Arc;

/// Distinct values that one aggregation holds at most, over all groups of a partition.
///
/// # Source
/// Kusto reference, "count_distinct()", note.
const VALUES_MAX: usize = 100_000_000;

/// Accumulators of `count_distinct`. A group's partial result is its values, each after its length in four bytes.
pub const COUNT_DISTINCT: Accumulate = Accumulate {
    make: |call| Ok(Box::new(Distinct::new(first_type(call)))),
    state_types: |_: &AggregateCall| vec![DataType::LargeBinary],
};

struct Distinct {
    ktype: KqlType,
    values: Interner,
    /// Which values each group has: the group's number above the value's.
    pairs: HashTable<u64>,
    /// The number of values of each group.
    counts: Vec<u32>,
}

impl Distinct {
    fn new(ktype: KqlType) -> Distinct {
        Distinct { ktype, values: Interner::default(), pairs: HashTable::new(), counts: Vec::new() }
    }

    fn grow(&mut self, n_groups: usize) {
        if n_groups > self.counts.len() {
            self.counts.resize(n_groups, 0);
        }
    }

    fn check(&self) -> Result<(), EvalError> {
        if self.pairs.len() > VALUES_MAX {
            return Err(EvalError::new(
                "`count_distinct` has met more than 100 million distinct values; `dcount` estimates",
            ));
        }
        Ok(())
    }

    /// Takes out the first groups, and numbers the others anew.
    fn drop_first(&mut self, n_groups: usize) {
        let rest = self.counts.split_off(n_groups);
        let mut pairs = HashTable::new();
        if rest.is_empty() {
            self.values = Interner::default();
        } else {
            let kept = self.pairs.iter().filter_map(|pair| pair.checked_sub((n_groups as u64) << 32));
            kept.for_each(|pair| {
                pairs.insert_unique(mix(pair), pair, |pair| mix(*pair));
            });
        }
        (self.counts, self.pairs) = (rest, pairs);
    }
}

/// Notes that a group has a value.
fn note(pairs: &mut HashTable<u64>, counts: &mut [u32], group: usize, value: u32) {
    let pair = (group as u64) << 32 | u64::from(value);
    if let Entry::Vacant(entry) = pairs.entry(mix(pair), |other| *other == pair, |pair| mix(*pair)) {
        entry.insert(pair);
        counts[group] += 1;
    }
}

impl Accumulator for Distinct {
    fn update(&mut self, args: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.grow(n_groups);
        let cells = Cells::new(&args[0], self.ktype)?;
        let Distinct { values, pairs, counts, .. } = self;
        values.each(&cells, groups.len(), |row, value| {
            note(pairs, counts, groups[row], value);
            Ok(())
        })?;
        self.check()
    }

    fn merge(&mut self, state: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.grow(n_groups);
        let array =
            state[0].as_binary_opt::<i64>().ok_or_else(|| EvalError::new("a partial result is of another type"))?;
        for (row, group) in groups.iter().enumerate() {
            let mut rest = if array.is_null(row) { &[] } else { array.value(row) };
            while let Some((len, after)) = rest.split_first_chunk::<4>() {
                let len = u32::from_le_bytes(*len) as usize;
                let (value, after) =
                    after.split_at_checked(len).ok_or_else(|| EvalError::new("a partial result is cut off"))?;
                let value = self.values.number(value)?;
                note(&mut self.pairs, &mut self.counts, *group, value);
                rest = after;
            }
        }
        self.check()
    }

    fn state(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let n_groups = n.unwrap_or(usize::MAX).min(self.counts.len());
        // The values of group g are ordered[from[g]..from[g + 1]].
        let mut from = vec![0usize; n_groups + 1];
        for (group, count) in self.counts[..n_groups].iter().enumerate() {
            from[group + 1] = from[group] + *count as usize;
        }
        let mut next = from.clone();
        let mut ordered = vec![0u32; from[n_groups]];
        for pair in &self.pairs {
            let group = (pair >> 32) as usize;
            if group < n_groups {
                ordered[next[group]] = *pair as u32;
                next[group] += 1;
            }
        }
        let mut builder = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        for group in 0..n_groups {
            bytes.clear();
            for number in &ordered[from[group]..from[group + 1]] {
                let value = self.values.value(*number);
                bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
                bytes.extend_from_slice(value);
            }
            builder.append_value(&bytes);
        }
        self.drop_first(n_groups);
        Ok(vec![Arc::new(builder.finish())])
    }

    fn evaluate(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let n_groups = n.unwrap_or(usize::MAX).min(self.counts.len());
        let counts = Int64Array::from_iter_values(self.counts[..n_groups].iter().map(|count| i64::from(*count)));
        self.drop_first(n_groups);
        Ok(vec![Arc::new(counts)])
    }

    fn size(&self) -> usize {
        self.values.size() + self.pairs.capacity() * size_of::<u64>() + self.counts.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, run_one};
    use schema::{KqlType, Value};

    #[test]
    fn equal_values_count_once() {
        let cases = [
            (
                KqlType::Real,
                vec![Value::Real(0.0), Value::Real(-0.0), Value::Real(f64::NAN), Value::Real(-f64::NAN)],
                2,
            ),
            (
                KqlType::String,
                vec![Value::String("a".into()), Value::String(String::new()), Value::String("a".into())],
                2,
            ),
            (KqlType::Long, vec![Value::Long(1), Value::Null(KqlType::Long)], 1),
            (KqlType::Bool, vec![], 0),
        ];
        for (ktype, values, expected) in cases {
            for name in ["count_distinct", "dcount"] {
                assert_eq!(
                    run_one(name, &Rows::of_one(ktype, values.clone())),
                    Value::Long(expected),
                    "{name} of {values:?}"
                );
            }
        }
    }
}
