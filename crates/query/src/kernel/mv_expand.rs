//! `mv-expand`: a row per element of the arrays that are the kernel's arguments.

use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use crate::error::eval_error;
use arrow::array::ArrayRef;
use arrow::compute::take;
use datafusion::common::Result as EngineResult;
use kql_functions::table::mv_expand::MvExpand as Expansion;
use std::sync::Arc;

/// Expands arrays side by side. Adds the elements of each argument, then, with `index`, their places.
#[derive(Debug)]
pub struct MvExpand {
    pub how: Expansion,
    pub index: bool,
}

impl Kernel for MvExpand {
    fn name(&self) -> &str {
        "MvExpand"
    }

    fn sees(&self) -> Sees {
        Sees::EachRow
    }

    fn start(&self, ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(Expanding { how: self.how.clone(), index: self.index, batch_rows: ctx.batch_rows }))
    }
}

struct Expanding {
    how: Expansion,
    index: bool,
    batch_rows: usize,
}

impl Run for Expanding {
    fn push(&mut self, _input: usize, rows: Rows, out: &mut Output) -> EngineResult<()> {
        let n = rows.len();
        let arrays = rows.args.iter().map(|arg| spread(arg, n)).collect::<EngineResult<Vec<ArrayRef>>>()?;
        let mut next = 0;
        while next < n {
            let expanded = self.how.expand(&arrays, next, self.batch_rows).map_err(eval_error)?;
            next = expanded.next;
            let passed = rows.passed.columns().iter();
            let passed =
                passed.map(|column| Ok(take(column, &expanded.rows, None)?)).collect::<EngineResult<Vec<_>>>()?;
            let mut added = expanded.items;
            if self.index {
                added.push(Arc::new(expanded.index));
            }
            out.give_columns(passed, added, expanded.rows.len());
        }
        Ok(())
    }

    fn finish(&mut self, _out: &mut Output) -> EngineResult<bool> {
        Ok(false)
    }
}
