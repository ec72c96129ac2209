//! `take_any`: per group one row, the first; of one argument, the first that is neither null nor empty.

use super::rows::Rows;
use crate::args::EvalError;
use crate::cells::Cells;
use crate::registry::{Accumulate, Accumulator, AggregateCall, NamedArg};
use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use schema::KqlType;
use std::sync::Arc;

/// Accumulators of `take_any`.
pub const ANY: Accumulate = Accumulate { make, state_types };

/// Returns the types of the results: those of the arguments.
pub fn returns(args: &[KqlType]) -> Vec<KqlType> {
    args.to_vec()
}

/// Returns the names of the results: the arguments' own; without one, the prefix and `arg0`.
pub fn names(args: &[NamedArg], prefix: &str) -> Vec<String> {
    let name = |(i, arg): (usize, &NamedArg)| arg.name.map_or_else(|| format!("{prefix}arg{i}"), str::to_string);
    args.iter().enumerate().map(name).collect()
}

/// Returns the names of the results of the old spelling, `any`: all after `any_`.
pub fn old_names(args: &[NamedArg]) -> Vec<String> {
    match args {
        [arg] => vec![format!("any_{}", arg.name.unwrap_or_default())],
        _ => names(args, "").iter().map(|name| format!("any_{name}")).collect(),
    }
}

fn make(call: &AggregateCall) -> Result<Box<dyn Accumulator>, EvalError> {
    let ktypes: Vec<KqlType> = call.args.iter().map(|(ktype, _)| *ktype).collect();
    Ok(Box::new(AnyRow { rows: Rows::new(ktypes.clone()), ktypes }))
}

/// The columns themselves, and whether the group has a row at all.
fn state_types(call: &AggregateCall) -> Vec<DataType> {
    call.args.iter().map(|(ktype, _)| ktype.arrow()).chain([DataType::Boolean]).collect()
}

struct AnyRow {
    ktypes: Vec<KqlType>,
    rows: Rows,
}

impl AnyRow {
    fn offer(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        is_row: impl Fn(usize) -> bool,
    ) -> Result<(), EvalError> {
        let [ktype] = self.ktypes[..] else {
            return self.rows.offer(columns, groups, |_, row, held| held.is_none() && is_row(row));
        };
        let cells = Cells::new(&columns[0], ktype)?;
        self.rows.offer(columns, groups, |_, row, held| match held {
            None => is_row(row),
            Some((columns, held)) => {
                is_row(row)
                    && !cells.is_empty(row)
                    && Cells::new(&columns[0], ktype).is_ok_and(|cells| cells.is_empty(held))
            }
        })
    }
}

impl Accumulator for AnyRow {
    fn update(&mut self, args: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.rows.grow(n_groups);
        self.offer(args, groups, |_| true)
    }

    fn merge(&mut self, state: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.rows.grow(n_groups);
        let (has_row, columns) =
            state.split_last().ok_or_else(|| EvalError::new("a partial result without columns"))?;
        let has_row =
            has_row.as_boolean_opt().ok_or_else(|| EvalError::new("a column of type bool holds other values"))?;
        self.offer(columns, groups, |row| has_row.value(row))
    }

    fn state(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let n_out = n.unwrap_or(usize::MAX).min(self.rows.n_groups());
        let has_row: BooleanArray = (0..n_out).map(|group| Some(self.rows.holds(group))).collect();
        let mut columns = self.evaluate(n)?;
        columns.push(Arc::new(has_row));
        Ok(columns)
    }

    fn evaluate(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        self.rows.take_out(n)
    }

    fn size(&self) -> usize {
        self.rows.size()
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, run, run_one};
    use super::*;
    use schema::Value;

    #[test]
    fn one_argument_prefers_a_value_and_several_take_one_row() {
        let strings = ["", "b", "c"].map(|s| Value::String(s.into()));
        assert_eq!(run_one("take_any", &Rows::of_one(KqlType::String, strings.clone())), Value::String("b".into()));
        let two = Rows {
            args: vec![(KqlType::String, None), (KqlType::Long, None)],
            rows: strings.into_iter().enumerate().map(|(i, s)| vec![s, Value::Long(i as i64)]).collect(),
            groups: vec![0; 3],
            n_groups: 1,
        };
        assert_eq!(run("take_any", &two), [vec![Value::String(String::new())], vec![Value::Long(0)]]);
    }

    #[test]
    fn names_of_results() {
        let arg = |name| NamedArg { name, value: None };
        assert_eq!(names(&[arg(None), arg(Some("y"))], "any_"), ["any_arg0", "y"]);
        assert_eq!(old_names(&[arg(Some("x"))]), ["any_x"]);
        assert_eq!(old_names(&[arg(Some("x")), arg(None)]), ["any_x", "any_arg1"]);
    }
}
