//! When the batches of a table were sealed.

use std::sync::{PoisonError, RwLock};

use arrow::array::{Array, Int64Array};

/// The times of a table's batches by their entries, both ascending. It grows while queries read it: what a snapshot has is in it.
#[derive(Debug, Default)]
pub struct SealTimes(RwLock<Vec<(u64, i64)>>);

impl FromIterator<(u64, i64)> for SealTimes {
    fn from_iter<T: IntoIterator<Item = (u64, i64)>>(times: T) -> SealTimes {
        SealTimes(RwLock::new(times.into_iter().collect()))
    }
}

impl SealTimes {
    /// Adds the batch of an entry that is later than those before.
    pub fn push(&self, entry: u64, time: i64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push((entry, time));
    }

    /// Returns for each entry when it was sealed, in ticks; null for one that is no batch of the table, and for null.
    pub fn of(&self, entries: &Int64Array) -> Int64Array {
        let find = |entry: i64| {
            let entry = u64::try_from(entry).ok()?;
            // Not for all rows at once: whoever seals the next batch waits for it.
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let idx = known.binary_search_by_key(&entry, |(entry, _)| *entry).ok()?;
            Some((entry, known.get(idx)?.1))
        };
        // Neighbours are mostly of one batch.
        let mut last = None;
        let mut time_of = |entry: i64| match last {
            Some((of, time)) if i64::try_from(of) == Ok(entry) => Some(time),
            _ => {
                last = find(entry);
                last.map(|(_, time)| time)
            }
        };
        if entries.null_count() == 0 {
            return entries.values().iter().map(|entry| time_of(*entry)).collect();
        }
        entries.iter().map(|entry| time_of(entry?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_the_time_of_its_entry() {
        let times: SealTimes = [(2, 70), (3, 70)].into_iter().collect();
        times.push(9, 80);
        let entries = vec![Some(3), Some(3), None, Some(9), Some(4), Some(2), Some(-1), Some(0)];
        let found = times.of(&Int64Array::from(entries));
        let expected = vec![Some(70), Some(70), None, Some(80), None, Some(70), None, None];
        assert_eq!(found, Int64Array::from(expected));
        assert_eq!(times.of(&Int64Array::from(vec![9, 3])), Int64Array::from(vec![80, 70]));
    }
}
