//! `evaluate`: plugins, which see whole tables.

use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use crate::error::eval_error;
use arrow::array::{Array, ArrayRef, new_empty_array};
use arrow::compute::concat;
use datafusion::common::{Result as EngineResult, internal_err};
use kql_functions::{CallContext, EvalError, PluginArg, PluginCall, Table};
use schema::Column;
use std::sync::Arc;

type RunPlugin = fn(&PluginCall) -> Result<Table, EvalError>;

/// A call of a plugin. `inputs` are the columns of each input, in the order of the input's columns.
#[derive(Debug)]
pub struct PluginKernel {
    pub name: &'static str,
    pub run: RunPlugin,
    pub inputs: Vec<Vec<Column>>,
    /// For each further input, the position in its rows of each of those columns.
    pub positions: Vec<Vec<usize>>,
    pub args: Vec<PluginArg>,
    /// The result's columns as the binder knows them.
    pub outputs: Vec<Column>,
}

impl Kernel for PluginKernel {
    fn name(&self) -> &str {
        self.name
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(PluginRun {
            run: self.run,
            inputs: self.inputs.clone(),
            positions: self.positions.clone(),
            args: self.args.clone(),
            outputs: self.outputs.clone(),
            ctx: ctx.call.clone(),
            kept: vec![(Vec::new(), 0); self.inputs.len()],
            bytes: 0,
        }))
    }
}

struct PluginRun {
    run: RunPlugin,
    inputs: Vec<Vec<Column>>,
    positions: Vec<Vec<usize>>,
    args: Vec<PluginArg>,
    outputs: Vec<Column>,
    ctx: Arc<CallContext>,
    /// Per input: the columns of each batch, and the number of rows.
    kept: Vec<(Vec<Vec<ArrayRef>>, usize)>,
    bytes: usize,
}

impl Run for PluginRun {
    fn push(&mut self, input: usize, rows: Rows, _out: &mut Output) -> EngineResult<()> {
        let columns = match self.positions.get(input) {
            // The first input's columns come as arguments.
            _ if input == 0 => rows.args.iter().map(|arg| spread(arg, rows.len())).collect::<EngineResult<Vec<_>>>()?,
            Some(positions) => positions.iter().map(|i| rows.passed.column(*i).clone()).collect(),
            None => return internal_err!("a plugin has no input {input}"),
        };
        self.bytes += columns.iter().map(|column| column.get_array_memory_size()).sum::<usize>();
        if let Some((kept, total)) = self.kept.get_mut(input) {
            kept.push(columns);
            *total += rows.len();
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        let mut tables = Vec::with_capacity(self.inputs.len());
        for (columns, (batches, rows)) in self.inputs.iter().zip(std::mem::take(&mut self.kept)) {
            let whole = |(i, column): (usize, &Column)| {
                let parts: Vec<&dyn Array> =
                    batches.iter().filter_map(|batch| batch.get(i)).map(AsRef::as_ref).collect();
                if parts.is_empty() { Ok(new_empty_array(&column.ktype.arrow())) } else { concat(&parts) }
            };
            let arrays = columns.iter().enumerate().map(whole).collect::<Result<Vec<_>, _>>()?;
            tables.push(Table { columns: columns.clone(), arrays, rows });
        }
        let call = PluginCall { inputs: &tables, args: &self.args, ctx: &self.ctx };
        let result = (self.run)(&call).map_err(eval_error)?;
        out.give_columns(vec![], matched(&result, &self.outputs)?, result.rows);
        Ok(false)
    }

    fn held_bytes(&self) -> usize {
        self.bytes
    }
}

/// Returns the plugin's columns that the plan expects: by place when names and types agree, else by name.
fn matched(result: &Table, outputs: &[Column]) -> EngineResult<Vec<ArrayRef>> {
    let same = |i: usize, wanted: &Column| result.columns.get(i).is_some_and(|c| c.ktype == wanted.ktype);
    if result.columns.len() == outputs.len() && outputs.iter().enumerate().all(|(i, wanted)| same(i, wanted)) {
        return Ok(result.arrays.clone());
    }
    let find = |wanted: &Column| {
        let position = result.columns.iter().position(|c| c.name == wanted.name && c.ktype == wanted.ktype);
        match position.and_then(|i| result.arrays.get(i)) {
            Some(array) => Ok(array.clone()),
            None => crate::value::null_scalar(wanted.ktype).to_array_of_size(result.rows),
        }
    };
    outputs.iter().map(find).collect()
}
