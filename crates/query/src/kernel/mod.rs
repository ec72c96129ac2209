//! Operators that the engine lacks, as one generic node: a [`Kernel`] over batches of rows.
//!
//! ```text
//! input ─► KernelExec: keeps the columns that pass through, evaluates the kernel's arguments
//!            └─► Run::push(rows) … Run::finish() ─► batches of passed and added columns
//! ```
//!
//! A kernel that looks at each row by itself runs on every partition of its input; any other sees all rows, in order, in
//! one partition.

mod exec;
pub mod keys;
pub mod make_series;
pub mod mv_expand;
mod node;
pub mod parse;
pub mod plugin;
pub mod range;
pub mod reduce;
pub mod sample;
pub mod scan;
pub mod window;

pub use exec::{KernelExec, plan_kernel};
pub use node::{KernelNode, kernel_plan};

use crate::stream::Limits;
use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result as EngineResult;
use extents::ColumnCache;
use kql_functions::{Arg, CallContext};
use schema::KqlType;
use std::fmt::Debug;
use std::sync::Arc;

/// What a kernel needs of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// Rows one at a time: runs on every partition by itself, and filters on passed columns may run before it.
    EachRow,
    /// All rows in one partition, in their order.
    AllRows,
}

/// An operator over rows.
pub trait Kernel: Debug + Send + Sync + 'static {
    /// The operator's name, for `explain`.
    fn name(&self) -> &str;
    /// What it needs of its input.
    fn sees(&self) -> Sees;
    /// Starts a run over one partition.
    fn start(&self, ctx: &RunContext) -> EngineResult<Box<dyn Run>>;
}

/// What a run knows beside its rows.
#[derive(Clone)]
pub struct RunContext {
    /// Rows of a usual batch.
    pub batch_rows: usize,
    pub call: Arc<CallContext>,
    /// Looked at between batches.
    pub limits: Limits,
    /// Partitions that run at the same time.
    pub threads: usize,
    /// Decoded columns of stored tables.
    pub cache: Arc<ColumnCache>,
}

/// Some rows of an input: the columns that pass through, and the kernel's arguments evaluated over them.
pub struct Rows {
    pub passed: RecordBatch,
    pub args: Vec<Arg>,
}

impl Rows {
    /// Returns how many rows there are.
    pub fn len(&self) -> usize {
        self.passed.num_rows()
    }
}

/// A kernel at work on one partition.
pub trait Run: Send {
    /// Takes the next rows of input `input`. Inputs come one after the other, from the last to the first.
    fn push(&mut self, input: usize, rows: Rows, out: &mut Output) -> EngineResult<()>;
    /// Ends: there are no more rows. Called again as long as it returns that there is more to give.
    fn finish(&mut self, out: &mut Output) -> EngineResult<bool>;
    /// Returns the bytes that it holds between calls.
    fn held_bytes(&self) -> usize {
        0
    }
    /// Returns whether further rows would change nothing.
    fn is_done(&self) -> bool {
        false
    }
}

/// Where a run puts its results.
#[derive(Default)]
pub struct Output {
    /// (passed columns, added columns, number of rows).
    batches: Vec<(Vec<ArrayRef>, Vec<ArrayRef>, usize)>,
}

impl Output {
    /// Gives rows: all columns that pass through, then the added columns.
    pub fn give(&mut self, passed: &RecordBatch, added: Vec<ArrayRef>) {
        self.give_columns(passed.columns().to_vec(), added, passed.num_rows());
    }

    /// Gives rows as columns.
    pub fn give_columns(&mut self, passed: Vec<ArrayRef>, added: Vec<ArrayRef>, rows: usize) {
        if rows > 0 {
            self.batches.push((passed, added, rows));
        }
    }
}

/// A column that a kernel adds: its engine name and type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Added {
    pub name: String,
    pub ktype: KqlType,
}

/// Rows kept until all have come.
#[derive(Default)]
pub struct Collected {
    pub batches: Vec<RecordBatch>,
    /// Per batch, its arguments.
    args: Vec<Vec<Arg>>,
    bytes: usize,
}

impl Collected {
    /// Keeps rows.
    pub fn add(&mut self, rows: Rows) {
        let args: usize = rows.args.iter().map(|arg| arg.array.get_array_memory_size()).sum();
        self.bytes += rows.passed.get_array_memory_size() + args;
        self.batches.push(rows.passed);
        self.args.push(rows.args);
    }

    /// Returns the bytes kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of rows kept.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Returns each argument over all rows.
    pub fn args(&self) -> EngineResult<Vec<Arg>> {
        let Some(first) = self.args.first() else { return Ok(vec![]) };
        let mut whole = Vec::with_capacity(first.len());
        for (i, arg) in first.iter().enumerate() {
            let same = arg.constant
                && self.args.iter().all(|batch| batch[i].constant && batch[i].array.as_ref() == arg.array.as_ref());
            if same {
                whole.push(arg.clone());
                continue;
            }
            let parts = self.args.iter().zip(&self.batches).map(|(batch, rows)| spread(&batch[i], rows.num_rows()));
            let parts = parts.collect::<EngineResult<Vec<ArrayRef>>>()?;
            let parts: Vec<&dyn arrow::array::Array> = parts.iter().map(AsRef::as_ref).collect();
            whole.push(Arg { array: arrow::compute::concat(&parts)?, ktype: arg.ktype, constant: false });
        }
        Ok(whole)
    }
}

/// Returns an argument as a column of `rows` values.
pub fn spread(arg: &Arg, rows: usize) -> EngineResult<ArrayRef> {
    if arg.constant {
        return datafusion::scalar::ScalarValue::try_from_array(&arg.array, 0)?.to_array_of_size(rows);
    }
    Ok(arg.array.clone())
}
