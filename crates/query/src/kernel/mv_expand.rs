//! `mv-expand`: a row per element of the arrays that are the kernel's arguments.

use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use crate::error::eval_error;
use arrow::array::ArrayRef;
use arrow::compute::take;
use datafusion::common::Result as EngineResult;
use kql_functions::table::mv_expand::mv_expand;
use schema::KqlType;

/// Expands arrays side by side. Adds the elements of each argument, then, with `index`, their places.
#[derive(Debug)]
pub struct MvExpand {
    /// The type of each argument's elements.
    pub types: Vec<KqlType>,
    pub bag_as_array: bool,
    pub limit: Option<u64>,
    pub index: bool,
}

impl Kernel for MvExpand {
    fn name(&self) -> &str {
        "MvExpand"
    }

    fn sees(&self) -> Sees {
        Sees::EachRow
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        let MvExpand { types, bag_as_array, limit, index } = self;
        Ok(Box::new(Expanding(MvExpand {
            types: types.clone(),
            bag_as_array: *bag_as_array,
            limit: *limit,
            index: *index,
        })))
    }
}

struct Expanding(MvExpand);

/// Rows that are expanded at a time: arrays may be long.
const ROWS_AT_ONCE: usize = 1024;

impl Run for Expanding {
    fn push(&mut self, _input: usize, rows: Rows, out: &mut Output) -> EngineResult<()> {
        let n = rows.len();
        let arrays = rows.args.iter().map(|arg| spread(arg, n)).collect::<EngineResult<Vec<ArrayRef>>>()?;
        for start in (0..n).step_by(ROWS_AT_ONCE) {
            let length = ROWS_AT_ONCE.min(n - start);
            let items: Vec<(ArrayRef, KqlType)> =
                arrays.iter().zip(&self.0.types).map(|(array, ktype)| (array.slice(start, length), *ktype)).collect();
            let expanded = mv_expand(&items, length, self.0.bag_as_array, self.0.limit).map_err(eval_error)?;
            let passed = rows
                .passed
                .columns()
                .iter()
                .map(|column| Ok(take(&column.slice(start, length), &expanded.rows, None)?))
                .collect::<EngineResult<Vec<_>>>()?;
            let mut added = expanded.columns;
            if self.0.index {
                added.push(expanded.index);
            }
            out.give_columns(passed, added, arrow::array::Array::len(&expanded.rows));
        }
        Ok(())
    }

    fn finish(&mut self, _out: &mut Output) -> EngineResult<bool> {
        Ok(false)
    }
}
