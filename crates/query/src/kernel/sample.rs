//! `sample`: any rows, each row equally likely; and `take` within the rows of each key.

use super::keys::KeyNumbers;
use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use datafusion::common::Result as EngineResult;
use std::sync::Arc;
use stdx::Rng;

/// Keeps `count` rows of all; with keys (the kernel's arguments), of each key's.
#[derive(Debug)]
pub struct Sample {
    pub count: usize,
}

impl Kernel for Sample {
    fn name(&self) -> &str {
        "Sample"
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(Reservoirs {
            count: self.count,
            rng: Rng::from_entropy(),
            keys: None,
            reservoirs: vec![],
            kept: vec![],
            bytes: 0,
        }))
    }
}

/// Vitter's algorithm R, one reservoir per key. A reservoir holds places of rows in the kept batches; batches without any
/// row in a reservoir are let go.
struct Reservoirs {
    count: usize,
    rng: Rng,
    keys: Option<KeyNumbers>,
    /// Per key: rows seen, and the (batch, row) of those in the sample.
    reservoirs: Vec<(u64, Vec<(usize, u64)>)>,
    /// Batches, each with the number of its rows that are in a sample.
    kept: Vec<(Option<RecordBatch>, usize)>,
    bytes: usize,
}

impl Run for Reservoirs {
    fn push(&mut self, _input: usize, rows: Rows, _out: &mut Output) -> EngineResult<()> {
        let numbers = key_numbers(&mut self.keys, &rows)?;
        let batch = self.kept.len();
        let mut sampled = 0;
        for (row, number) in numbers.into_iter().enumerate() {
            if self.reservoirs.len() <= number {
                self.reservoirs.resize(number + 1, (0, Vec::new()));
            }
            let (seen, places) = &mut self.reservoirs[number];
            *seen += 1;
            if places.len() < self.count {
                places.push((batch, row as u64));
                sampled += 1;
                continue;
            }
            let slot = self.rng.below(*seen) as usize;
            let Some(place) = places.get_mut(slot) else { continue };
            let (left, _) = std::mem::replace(place, (batch, row as u64));
            sampled += 1;
            if left == batch {
                sampled -= 1;
            } else if let Some((kept, uses)) = self.kept.get_mut(left) {
                *uses -= 1;
                if *uses == 0
                    && let Some(gone) = kept.take()
                {
                    self.bytes -= gone.get_array_memory_size();
                }
            }
        }
        let kept = (sampled > 0).then_some(rows.passed);
        self.bytes += kept.as_ref().map_or(0, RecordBatch::get_array_memory_size);
        self.kept.push((kept, sampled));
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        let mut places: Vec<(usize, u64)> = self.reservoirs.drain(..).flat_map(|(_, places)| places).collect();
        places.sort_unstable();
        for batch_places in places.chunk_by(|a, b| a.0 == b.0) {
            let Some((batch, _)) = batch_places.first() else { continue };
            if let Some((Some(rows), _)) = self.kept.get(*batch) {
                let wanted = UInt64Array::from_iter_values(batch_places.iter().map(|(_, row)| *row));
                out.give(&take_record_batch(rows, &wanted)?, vec![]);
            }
        }
        Ok(false)
    }

    fn held_bytes(&self) -> usize {
        self.bytes + self.keys.as_ref().map_or(0, KeyNumbers::held_bytes)
    }

    fn is_done(&self) -> bool {
        self.count == 0
    }
}

/// Numbers rows by the kernel's arguments; all 0 when there are none.
fn key_numbers(keys: &mut Option<KeyNumbers>, rows: &Rows) -> EngineResult<Vec<usize>> {
    if rows.args.is_empty() {
        return Ok(vec![0; rows.len()]);
    }
    let columns = rows.args.iter().map(|arg| spread(arg, rows.len())).collect::<EngineResult<Vec<ArrayRef>>>()?;
    let numbering = match keys {
        Some(numbering) => numbering,
        None => keys.insert(KeyNumbers::new(&columns)?),
    };
    numbering.number(&columns)
}

/// Keeps the first `count` rows of each key. The kernel's arguments are the keys, then, with `alive`, which rows count:
/// rows then stay, and the added column says which of them are kept.
#[derive(Debug)]
pub struct TakeOfEach {
    pub count: usize,
    pub alive: bool,
}

impl Kernel for TakeOfEach {
    fn name(&self) -> &str {
        "TakeOfEach"
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(Taking { count: self.count, alive: self.alive, keys: None, taken: vec![] }))
    }
}

struct Taking {
    count: usize,
    alive: bool,
    keys: Option<KeyNumbers>,
    /// Rows taken so far, per key.
    taken: Vec<usize>,
}

impl Run for Taking {
    fn push(&mut self, _input: usize, mut rows: Rows, out: &mut Output) -> EngineResult<()> {
        let alive = if self.alive { rows.args.pop() } else { None };
        let numbers = key_numbers(&mut self.keys, &rows)?;
        let alive = alive.as_ref().map(|alive| alive.bools());
        let kept = numbers.into_iter().enumerate().map(|(row, number)| {
            if alive.as_ref().is_some_and(|alive| alive.get(row) != Some(true)) {
                return Some(false);
            }
            if self.taken.len() <= number {
                self.taken.resize(number + 1, 0);
            }
            self.taken[number] += 1;
            Some(self.taken[number] <= self.count)
        });
        let kept: BooleanArray = kept.collect();
        if self.alive {
            out.give(&rows.passed, vec![Arc::new(kept)]);
        } else {
            out.give(&filter_record_batch(&rows.passed, &kept)?, vec![]);
        }
        Ok(())
    }

    fn finish(&mut self, _out: &mut Output) -> EngineResult<bool> {
        Ok(false)
    }

    fn held_bytes(&self) -> usize {
        self.taken.capacity() * size_of::<usize>() + self.keys.as_ref().map_or(0, KeyNumbers::held_bytes)
    }
}
