//! `scan`: a state machine of steps over rows in their order.
//!
//! What conditions and assignments compute from the current row alone comes as the kernel's arguments, a column at a time;
//! only what looks at the state of a step is evaluated row by row.
//!
//! # Source
//! Kusto reference, "scan operator", scan logic.

use super::keys::KeyNumbers;
use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{concat, interleave};
use arrow::datatypes::SchemaRef;
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::physical_expr::PhysicalExpr;
use kql::plan::ScanOutput;
use std::ops::Range;
use std::sync::Arc;

/// A condition or an assigned value: over the row's arguments and the state, whose columns are those of [`Scan::cells`].
pub type StateExpr = Arc<dyn PhysicalExpr>;

/// A step.
#[derive(Debug)]
pub struct Step {
    pub optional: bool,
    pub output: ScanOutput,
    /// Arguments, all of which must be true: the conditions that look at the row alone.
    pub row_conditions: Vec<usize>,
    /// Further conditions.
    pub conditions: Vec<StateExpr>,
    /// (index of the declared column, value).
    pub assignments: Vec<(usize, StateExpr)>,
}

/// A value of a step's state that some expression reads: where it comes from, and what it is before the step matches.
#[derive(Debug)]
pub struct StateCell {
    pub step: usize,
    pub source: CellSource,
    pub empty: ArrayRef,
}

#[derive(Debug, Clone, Copy)]
pub enum CellSource {
    /// An argument of the row that matched.
    Argument(usize),
    /// A declared column.
    Declared(usize),
}

#[derive(Debug)]
pub struct Scan {
    pub steps: Vec<Step>,
    /// Which arguments are seen by the expressions: their first columns. Then come the cells.
    pub row_args: Range<usize>,
    pub cells: Vec<StateCell>,
    /// Arguments and cells, as the expressions see them.
    pub schema: SchemaRef,
    /// Declared columns' defaults, one row each.
    pub defaults: Vec<ArrayRef>,
    pub keys: Range<usize>,
    pub match_id: bool,
}

impl Kernel for Arc<Scan> {
    fn name(&self) -> &str {
        "Scan"
    }

    fn sees(&self) -> Sees {
        Sees::AllRows
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(ScanRun { scan: self.clone(), keys: None, machines: Vec::new() }))
    }
}

/// The state machine of one key.
struct Machine {
    /// Per step: its state while it has an active sequence.
    states: Vec<Option<State>>,
    next_match: i64,
}

#[derive(Clone)]
struct State {
    match_id: i64,
    /// The values of [`Scan::cells`], one row each; those of later steps are empty.
    cells: Vec<ArrayRef>,
    /// The last row that matched, when the step gives out only that.
    last: Option<Given>,
}

/// A row that is given out.
#[derive(Clone)]
struct Given {
    row: Source,
    declared: Vec<ArrayRef>,
    match_id: i64,
}

#[derive(Clone)]
enum Source {
    /// A row of the batch at hand.
    Here(usize),
    /// A row of a batch that is gone.
    Kept(RecordBatch),
}

struct ScanRun {
    scan: Arc<Scan>,
    keys: Option<KeyNumbers>,
    machines: Vec<Machine>,
}

impl Run for ScanRun {
    fn push(&mut self, _input: usize, rows: Rows, out: &mut Output) -> EngineResult<()> {
        let n = rows.len();
        let numbers = match rows.args.get(self.scan.keys.clone()) {
            Some(keys) if !keys.is_empty() => {
                let keys = keys.iter().map(|key| spread(key, n)).collect::<EngineResult<Vec<ArrayRef>>>()?;
                let numbering = match &mut self.keys {
                    Some(numbering) => numbering,
                    none => none.insert(KeyNumbers::new(&keys)?),
                };
                numbering.number(&keys)?
            }
            _ => vec![0; n],
        };
        let args = rows.args.iter().map(|arg| spread(arg, n)).collect::<EngineResult<Vec<ArrayRef>>>()?;
        let mut given = Vec::new();
        for (row, number) in numbers.into_iter().enumerate() {
            while self.machines.len() <= number {
                self.machines.push(Machine { states: vec![None; self.scan.steps.len()], next_match: 0 });
            }
            self.machines[number].take(&self.scan, &args, row, &mut given)?;
        }
        // Rows that wait for the end of their series must outlive the batch.
        for state in self.machines.iter_mut().flat_map(|machine| &mut machine.states).flatten() {
            if let Some(Given { row, .. }) = &mut state.last
                && let Source::Here(at) = row
            {
                *row = Source::Kept(rows.passed.slice(*at, 1));
            }
        }
        self.give(&rows.passed, given, out)
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        let states = self.machines.drain(..).flat_map(|machine| machine.states).flatten();
        let given: Vec<Given> = states.filter_map(|state| state.last).collect();
        let Some(Source::Kept(first)) = given.first().map(|given| &given.row) else { return Ok(false) };
        let none = first.slice(0, 0);
        self.give(&none, given, out)?;
        Ok(false)
    }

    fn held_bytes(&self) -> usize {
        let per_machine = self.scan.steps.len() * self.scan.cells.len() * size_of::<ArrayRef>() * 4;
        self.machines.len() * per_machine + self.keys.as_ref().map_or(0, KeyNumbers::held_bytes)
    }
}

impl ScanRun {
    /// Gives rows out, of the batch at hand or of earlier ones.
    fn give(&self, here: &RecordBatch, given: Vec<Given>, out: &mut Output) -> EngineResult<()> {
        if given.is_empty() {
            return Ok(());
        }
        let mut sources = vec![here.clone()];
        let mut places = Vec::with_capacity(given.len());
        for given in &given {
            match &given.row {
                Source::Here(row) => places.push((0, *row)),
                Source::Kept(row) => {
                    places.push((sources.len(), 0));
                    sources.push(row.clone());
                }
            }
        }
        let passed = (0..here.num_columns()).map(|i| {
            let columns: Vec<&dyn Array> = sources.iter().map(|source| source.column(i).as_ref()).collect();
            Ok(interleave(&columns, &places)?)
        });
        let passed = passed.collect::<EngineResult<Vec<ArrayRef>>>()?;
        let mut added = Vec::with_capacity(self.scan.defaults.len() + 1);
        for i in 0..self.scan.defaults.len() {
            let values: Vec<&dyn Array> =
                given.iter().filter_map(|given| given.declared.get(i)).map(AsRef::as_ref).collect();
            added.push(concat(&values)?);
        }
        if self.scan.match_id {
            added.push(Arc::new(Int64Array::from_iter_values(given.iter().map(|given| given.match_id))));
        }
        out.give_columns(passed, added, given.len());
        Ok(())
    }
}

impl Machine {
    /// Takes the next row: looks at every step, from the last to the first.
    fn take(&mut self, scan: &Scan, args: &[ArrayRef], row: usize, given: &mut Vec<Given>) -> EngineResult<()> {
        for k in (0..scan.steps.len()).rev() {
            let step = &scan.steps[k];
            let fits = step
                .row_conditions
                .iter()
                .all(|arg| args[*arg].as_boolean_opt().is_some_and(|values| values.is_valid(row) && values.value(row)));
            if !fits {
                continue;
            }
            if let Some(before) = self.step_before(scan, k)
                && let Some(state) = &self.states[before]
                && scan.holds(step, &state.cells, args, row)?
            {
                let Some(mut promoted) = self.states[before].take() else { continue };
                given.extend(promoted.last.take());
                given.extend(self.states[k].as_mut().and_then(|replaced| replaced.last.take()));
                self.states[k] = Some(scan.matched(k, promoted, args, row, given)?);
                continue;
            }
            let state = match &self.states[k] {
                Some(state) => state.clone(),
                None if k == 0 => {
                    let cells = scan.cells.iter().map(|cell| cell.empty.clone()).collect();
                    State { match_id: self.next_match, cells, last: None }
                }
                None => continue,
            };
            if scan.holds(step, &state.cells, args, row)? {
                if self.states[k].is_none() {
                    self.next_match += 1;
                }
                self.states[k] = Some(scan.matched(k, state, args, row, given)?);
            }
        }
        Ok(())
    }

    /// Returns the step whose sequence step `k` may continue: the one before it, or one further up past optional ones.
    fn step_before(&self, scan: &Scan, k: usize) -> Option<usize> {
        for before in (0..k).rev() {
            if self.states[before].is_some() {
                return Some(before);
            }
            if !scan.steps[before].optional {
                return None;
            }
        }
        None
    }
}

impl Scan {
    /// Returns the row and the state as one row for the expressions.
    fn one_row(&self, cells: &[ArrayRef], args: &[ArrayRef], row: usize) -> EngineResult<RecordBatch> {
        let args = args.get(self.row_args.clone()).unwrap_or_default().iter().map(|arg| arg.slice(row, 1));
        let columns: Vec<ArrayRef> = args.chain(cells.iter().cloned()).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }

    /// Returns whether the step's conditions on the state hold.
    fn holds(&self, step: &Step, cells: &[ArrayRef], args: &[ArrayRef], row: usize) -> EngineResult<bool> {
        if step.conditions.is_empty() {
            return Ok(true);
        }
        let batch = self.one_row(cells, args, row)?;
        for condition in &step.conditions {
            let value = condition.evaluate(&batch)?.into_array(1)?;
            let Some(value) = value.as_boolean_opt() else {
                return internal_err!("a condition is {}", value.data_type());
            };
            if !value.is_valid(0) || !value.value(0) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns a step's state after a row has matched it, and gives the row out.
    fn matched(
        &self,
        k: usize,
        before: State,
        args: &[ArrayRef],
        row: usize,
        given: &mut Vec<Given>,
    ) -> EngineResult<State> {
        let step = &self.steps[k];
        let mut declared = self.defaults.clone();
        if !step.assignments.is_empty() {
            let batch = self.one_row(&before.cells, args, row)?;
            for (column, value) in &step.assignments {
                if let Some(slot) = declared.get_mut(*column) {
                    *slot = value.evaluate(&batch)?.into_array(1)?;
                }
            }
        }
        let mut cells = before.cells;
        for (value, cell) in cells.iter_mut().zip(&self.cells).filter(|(_, cell)| cell.step == k) {
            *value = match cell.source {
                CellSource::Argument(arg) => args[arg].slice(row, 1),
                CellSource::Declared(column) => declared[column].clone(),
            };
        }
        let matched = Given { row: Source::Here(row), declared, match_id: before.match_id };
        let last = match step.output {
            ScanOutput::All => {
                given.push(matched);
                None
            }
            ScanOutput::Last => Some(matched),
            ScanOutput::None => None,
        };
        Ok(State { match_id: before.match_id, cells, last })
    }
}
