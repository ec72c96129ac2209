//! `reduce`: groups of texts that are alike. The kernel's argument is the text.

use super::{Collected, Kernel, Output, Rows, Run, RunContext, Sees, spread};
use arrow::array::{Array, ArrayRef, AsArray};
use datafusion::common::Result as EngineResult;
use kql_functions::table::reduce::reduce;

/// Adds the columns Pattern, Count and Representative: of each group, or, with `of_rows`, to each row those of its group.
#[derive(Debug, Clone)]
pub struct Reduce {
    pub threshold: f64,
    pub characters: String,
    pub of_rows: bool,
}

impl Kernel for Reduce {
    fn name(&self) -> &str {
        "Reduce"
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(Reducing { how: self.clone(), kept: Collected::default() }))
    }
}

struct Reducing {
    how: Reduce,
    kept: Collected,
}

impl Run for Reducing {
    fn push(&mut self, _input: usize, rows: Rows, _out: &mut Output) -> EngineResult<()> {
        self.kept.add(rows);
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        let kept = std::mem::take(&mut self.kept);
        let Some(subject) = kept.args()?.into_iter().next() else { return Ok(false) };
        let texts = spread(&subject, kept.rows())?;
        let reduction = reduce(texts.as_string_view(), self.how.threshold, &self.how.characters);
        if !self.how.of_rows {
            let columns = reduction.columns();
            let rows = columns[0].len();
            out.give_columns(vec![], columns.to_vec(), rows);
            return Ok(false);
        }
        let columns = reduction.source_columns();
        let mut from = 0;
        for batch in &kept.batches {
            let rows = batch.num_rows();
            let added: Vec<ArrayRef> = columns.iter().map(|column| column.slice(from, rows)).collect();
            out.give(batch, added);
            from += rows;
        }
        Ok(false)
    }

    fn held_bytes(&self) -> usize {
        self.kept.bytes()
    }
}
