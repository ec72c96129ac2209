//! `reduce`: texts that are alike brought together under a pattern.

use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::concat;
use datafusion::common::Result as EngineResult;
use kql_functions::table::reduce::reduce;

/// Groups the texts that are the kernel's argument; adds pattern, count and representative.
#[derive(Debug)]
pub struct Reduce {
    pub threshold: f64,
    pub characters: String,
}

impl Kernel for Reduce {
    fn name(&self) -> &str {
        "Reduce"
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        let Reduce { threshold, characters } = self;
        Ok(Box::new(Reducing { threshold: *threshold, characters: characters.clone(), texts: vec![], bytes: 0 }))
    }
}

struct Reducing {
    threshold: f64,
    characters: String,
    texts: Vec<ArrayRef>,
    bytes: usize,
}

impl Run for Reducing {
    fn push(&mut self, _input: usize, rows: Rows, _out: &mut Output) -> EngineResult<()> {
        if let Some(subject) = rows.args.first() {
            let texts = spread(subject, rows.len())?;
            self.bytes += texts.get_array_memory_size();
            self.texts.push(texts);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        let parts: Vec<&dyn Array> = self.texts.iter().map(AsRef::as_ref).collect();
        if parts.is_empty() {
            return Ok(false);
        }
        let texts = concat(&parts)?;
        let reduction = reduce(texts.as_string_view(), self.threshold, &self.characters);
        out.give_columns(vec![], reduction.columns().to_vec(), reduction.groups.len());
        Ok(false)
    }

    fn held_bytes(&self) -> usize {
        self.bytes
    }
}
