//! Window functions over rows in their order: `prev`, `row_number`, `row_cumsum` and their kin.
//!
//! `prev`, `next` and `row_number` need few rows at a time and stream; the others see all rows at once. With partition
//! keys, each key's rows are a row set of their own, and the rows keep their place.

use super::keys::{KeyNumbers, rows_by_group};
use super::{Collected, Kernel, Output, Rows, Run, RunContext, Sees, spread};
use crate::error::eval_error;
use crate::scalar::{Eval, checked};
use crate::value::null_scalar;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt64Array, new_empty_array};
use arrow::compute::{concat, take};
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::scalar::ScalarValue;
use kql_functions::{Arg, Args, CallContext};
use schema::{KqlType, Value};
use std::collections::VecDeque;
use std::sync::Arc;

/// A call of a window function: its code, its result's type, and which of the kernel's arguments are its own.
#[derive(Debug, Clone)]
pub struct WindowCall {
    pub function: &'static str,
    pub eval: Eval,
    pub returns: KqlType,
    pub args: std::ops::Range<usize>,
}

/// Calls of window functions over one row set, or over one per key.
#[derive(Debug)]
pub struct Window {
    pub calls: Vec<WindowCall>,
    /// Which of the kernel's arguments are partition keys.
    pub keys: std::ops::Range<usize>,
}

impl Kernel for Window {
    fn name(&self) -> &str {
        "Window"
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(WindowRun {
            calls: self.calls.clone(),
            keys: self.keys.clone(),
            ctx: ctx.call.clone(),
            mode: Mode::Unknown,
        }))
    }
}

struct WindowRun {
    calls: Vec<WindowCall>,
    keys: std::ops::Range<usize>,
    ctx: Arc<CallContext>,
    mode: Mode,
}

/// Decided by the first batch, which shows whether offsets and defaults are constants.
enum Mode {
    Unknown,
    Whole(Collected),
    Stream { calls: Vec<Streaming>, pending: VecDeque<Rows>, ahead: usize },
}

impl WindowRun {
    fn choose(&self, rows: &Rows) -> EngineResult<Mode> {
        if !self.keys.is_empty() {
            return Ok(Mode::Whole(Collected::default()));
        }
        let mut calls = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            match Streaming::new(call, rows)? {
                Some(streaming) => calls.push(streaming),
                None => return Ok(Mode::Whole(Collected::default())),
            }
        }
        let ahead = calls.iter().map(|call| if let Streaming::Next { offset, .. } = call { *offset } else { 0 }).max();
        Ok(Mode::Stream { calls, pending: VecDeque::new(), ahead: ahead.unwrap_or(0) })
    }
}

impl Run for WindowRun {
    fn push(&mut self, _input: usize, rows: Rows, out: &mut Output) -> EngineResult<()> {
        if rows.len() == 0 {
            return Ok(());
        }
        if let Mode::Unknown = self.mode {
            self.mode = self.choose(&rows)?;
        }
        match &mut self.mode {
            Mode::Unknown => Ok(()),
            Mode::Whole(collected) => {
                collected.add(rows);
                Ok(())
            }
            Mode::Stream { calls, pending, ahead } => {
                pending.push_back(rows);
                // A batch goes out when the rows that `next` looks at have come.
                let mut after: usize = pending.iter().skip(1).map(Rows::len).sum();
                while after >= *ahead && !pending.is_empty() {
                    give_first(calls, pending, out)?;
                    after = pending.iter().skip(1).map(Rows::len).sum();
                }
                Ok(())
            }
        }
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        match std::mem::replace(&mut self.mode, Mode::Unknown) {
            Mode::Unknown => Ok(false),
            Mode::Stream { mut calls, mut pending, .. } => {
                while !pending.is_empty() {
                    give_first(&mut calls, &mut pending, out)?;
                }
                Ok(false)
            }
            Mode::Whole(collected) => {
                let args = collected.args()?;
                let rows = collected.rows();
                let groups = match args.get(self.keys.clone()) {
                    Some(keys) if !keys.is_empty() => {
                        let keys = keys.iter().map(|key| spread(key, rows)).collect::<EngineResult<Vec<_>>>()?;
                        let mut numbering = KeyNumbers::new(&keys)?;
                        let numbers = numbering.number(&keys)?;
                        Some(rows_by_group(&numbers, numbering.len()))
                    }
                    _ => None,
                };
                let mut results = Vec::with_capacity(self.calls.len());
                for call in &self.calls {
                    let Some(args) = args.get(call.args.clone()) else { return internal_err!("arguments are missing") };
                    results.push(match &groups {
                        None => evaluate(call, args, rows, &self.ctx)?,
                        Some(groups) => evaluate_groups(call, args, rows, groups, &self.ctx)?,
                    });
                }
                let mut from = 0;
                for batch in &collected.batches {
                    let n = batch.num_rows();
                    out.give(batch, results.iter().map(|result| result.slice(from, n)).collect());
                    from += n;
                }
                Ok(false)
            }
        }
    }

    fn held_bytes(&self) -> usize {
        match &self.mode {
            Mode::Unknown => 0,
            Mode::Whole(collected) => collected.bytes(),
            Mode::Stream { pending, .. } => pending.iter().map(|rows| rows.passed.get_array_memory_size()).sum(),
        }
    }
}

/// Calls a window function's body over a whole row set.
fn evaluate(call: &WindowCall, args: &[Arg], rows: usize, ctx: &CallContext) -> EngineResult<ArrayRef> {
    let result = (call.eval)(&Args { args, rows, returns: call.returns, ctx }).map_err(eval_error)?;
    checked(call.function, result, call.returns, rows)
}

/// Calls a window function's body over each group's rows, and puts the results in the rows' places.
fn evaluate_groups(
    call: &WindowCall,
    args: &[Arg],
    rows: usize,
    groups: &[UInt64Array],
    ctx: &CallContext,
) -> EngineResult<ArrayRef> {
    let mut parts = Vec::with_capacity(groups.len());
    let mut places = vec![0_u64; rows];
    let mut done = 0_u64;
    for group in groups {
        let args = args.iter().map(|arg| {
            let array = if arg.constant { arg.array.clone() } else { take(&arg.array, group, None)? };
            Ok(Arg { array, ..arg.clone() })
        });
        let args = args.collect::<EngineResult<Vec<Arg>>>()?;
        parts.push(evaluate(call, &args, group.len(), ctx)?);
        for row in group.values() {
            if let Some(place) = places.get_mut(*row as usize) {
                *place = done;
            }
            done += 1;
        }
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    Ok(take(&concat(&parts)?, &UInt64Array::from(places), None)?)
}

/// A window function that needs few rows at a time.
enum Streaming {
    /// The value `offset` rows before; `before` are the last `offset` values.
    Prev {
        arg: usize,
        offset: usize,
        before: ArrayRef,
    },
    /// The value `offset` rows after, or `default`.
    Next {
        arg: usize,
        offset: usize,
        default: ScalarValue,
    },
    RowNumber {
        start: i64,
        next: i64,
        restart: Option<usize>,
    },
}

impl Streaming {
    /// Returns how the call streams, or `None` when it does not.
    fn new(call: &WindowCall, rows: &Rows) -> EngineResult<Option<Streaming>> {
        let Some(args) = rows.args.get(call.args.clone()) else { return internal_err!("arguments are missing") };
        let first = call.args.start;
        if args.iter().skip(1).any(|arg| !arg.constant) && call.function != "row_number" {
            return Ok(None);
        }
        let long = |i: usize, default: i64| match args.get(i) {
            None => Some(default),
            Some(arg) if arg.constant => match arg.value(0) {
                Value::Long(value) => Some(value),
                Value::Int(value) => Some(i64::from(value)),
                _ => None,
            },
            Some(_) => None,
        };
        /// Looking further than this is left to the code that has all rows.
        const OFFSET_MAX: i64 = 1 << 20;
        Ok(match (call.function, args) {
            ("prev" | "next", [value, ..]) => {
                let Some(offset) = long(1, 1).filter(|offset| (0..=OFFSET_MAX).contains(offset)) else {
                    return Ok(None);
                };
                let offset = offset as usize;
                let default = match args.get(2) {
                    Some(default) if default.ktype == value.ktype => ScalarValue::try_from_array(&default.array, 0)?,
                    Some(_) => return Ok(None),
                    None => null_scalar(value.ktype),
                };
                if call.function == "next" {
                    return Ok(Some(Streaming::Next { arg: first, offset, default }));
                }
                Some(Streaming::Prev { arg: first, offset, before: default.to_array_of_size(offset)? })
            }
            ("row_number", []) => Some(Streaming::RowNumber { start: 1, next: 1, restart: None }),
            ("row_number", [_, rest @ ..]) => {
                let restart = (!rest.is_empty()).then_some(first + 1);
                long(0, 1).map(|start| Streaming::RowNumber { start, next: start, restart })
            }
            _ => None,
        })
    }

    /// Computes the call over the first of the pending batches.
    fn next(&mut self, pending: &VecDeque<Rows>) -> EngineResult<ArrayRef> {
        let Some(rows) = pending.front() else { return internal_err!("no rows are pending") };
        let n = rows.len();
        match self {
            Streaming::Prev { arg, offset, before } => {
                let values = spread(&rows.args[*arg], n)?;
                let joined = concat(&[before.as_ref(), values.as_ref()])?;
                *before = detached(&joined.slice(n, *offset));
                Ok(joined.slice(0, n))
            }
            Streaming::Next { arg, offset, default } => {
                let mut parts: Vec<ArrayRef> = Vec::new();
                let (mut skip, mut wanted) = (*offset, n);
                for rows in pending {
                    let values = spread(&rows.args[*arg], rows.len())?;
                    let from = skip.min(values.len());
                    skip -= from;
                    let taken = wanted.min(values.len() - from);
                    parts.push(values.slice(from, taken));
                    wanted -= taken;
                    if wanted == 0 {
                        break;
                    }
                }
                parts.push(if wanted == 0 {
                    new_empty_array(&default.data_type())
                } else {
                    default.to_array_of_size(wanted)?
                });
                let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                Ok(concat(&parts)?)
            }
            Streaming::RowNumber { start, next, restart } => {
                let restart = restart.map(|i| rows.args[i].bools());
                let numbers: Int64Array = (0..n)
                    .map(|row| {
                        if restart.as_ref().is_some_and(|restart| restart.get(row) == Some(true)) {
                            *next = *start;
                        }
                        let number = *next;
                        *next = next.wrapping_add(1);
                        Some(number)
                    })
                    .collect();
                Ok(Arc::new(numbers))
            }
        }
    }
}

fn give_first(calls: &mut [Streaming], pending: &mut VecDeque<Rows>, out: &mut Output) -> EngineResult<()> {
    let results = calls.iter_mut().map(|call| call.next(pending)).collect::<EngineResult<Vec<_>>>()?;
    if let Some(rows) = pending.pop_front() {
        out.give(&rows.passed, results);
    }
    Ok(())
}

/// Returns a copy that does not hold the buffers of the batches that its rows came from.
fn detached(values: &ArrayRef) -> ArrayRef {
    match values.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()),
        None => values.clone(),
    }
}
