//! `arg_max` and `arg_min`: per group the row with the best first argument, and the other arguments' values in it.

use super::constants::first_type;
use super::extremes::Side;
use super::per_group::take_first;
use super::rows::Rows;
use crate::args::EvalError;
use crate::cells::{primitive, text};
use crate::registry::{Accumulate, Accumulator, AggregateCall, NamedArg};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal256Type, Float64Type, Int32Type, Int64Type};
use schema::KqlType;
use std::sync::Arc;

/// Accumulators of `arg_max`.
pub const ARG_MAX: Accumulate = Accumulate { make: |call| make(call, Side::Max), state_types };
/// Accumulators of `arg_min`.
pub const ARG_MIN: Accumulate = Accumulate { make: |call| make(call, Side::Min), state_types };

/// Returns the types of the results: those of the arguments.
pub fn returns(args: &[KqlType]) -> Vec<KqlType> {
    args.to_vec()
}

/// Returns the names of the results: the arguments' own; without one, `max_` for the first and `max_x_arg2` for others.
pub fn names(args: &[NamedArg], prefix: &str) -> Vec<String> {
    let first = args.first().and_then(|arg| arg.name).unwrap_or_default();
    let name = |(i, arg): (usize, &NamedArg)| match (arg.name, i) {
        (Some(name), _) => name.to_string(),
        (None, 0) => format!("{prefix}_"),
        (None, i) => format!("{prefix}_{first}_arg{i}"),
    };
    args.iter().enumerate().map(name).collect()
}

/// Returns the names of the results of the old spelling, `argmax`: `max_x`, and after it `max_x_y` for each other.
pub fn old_names(args: &[NamedArg], prefix: &str) -> Vec<String> {
    let first = args.first().and_then(|arg| arg.name).unwrap_or_default();
    let name = |(i, arg): (usize, &NamedArg)| match (i, arg.name) {
        (0, _) => format!("{prefix}_{first}"),
        (_, Some(name)) => format!("{prefix}_{first}_{name}"),
        (i, None) => format!("{prefix}_{first}_arg{i}"),
    };
    args.iter().enumerate().map(name).collect()
}

fn make(call: &AggregateCall, side: Side) -> Result<Box<dyn Accumulator>, EvalError> {
    let ktypes: Vec<KqlType> = call.args.iter().map(|(ktype, _)| *ktype).collect();
    Ok(match first_type(call) {
        KqlType::Int => BestRow::boxed(side, ktypes, Keys::<Int32Type>::default()),
        KqlType::Long | KqlType::Datetime | KqlType::Timespan => {
            BestRow::boxed(side, ktypes, Keys::<Int64Type>::default())
        }
        KqlType::Real => BestRow::boxed(side, ktypes, Keys::<Float64Type>::default()),
        KqlType::Decimal => BestRow::boxed(side, ktypes, Keys::<Decimal256Type>::default()),
        KqlType::Bool => BestRow::boxed(side, ktypes, BoolKeys),
        KqlType::String | KqlType::Guid => BestRow::boxed(side, ktypes, TextKeys),
        KqlType::Dynamic => {
            return Err(EvalError::new("values of type dynamic have no order; convert the value first"));
        }
    })
}

/// The columns themselves, and whether the group has a row at all.
fn state_types(call: &AggregateCall) -> Vec<DataType> {
    call.args.iter().map(|(ktype, _)| ktype.arrow()).chain([DataType::Boolean]).collect()
}

/// How keys are compared; it may remember the best key of each group.
trait Best: Send + 'static {
    fn grow(&mut self, _n_groups: usize) {}
    fn take_out(&mut self, _n: Option<usize>) {}
    fn size(&self) -> usize {
        0
    }
    /// Offers the rows for which `is_row` to the groups.
    fn offer(
        &mut self,
        rows: &mut Rows,
        side: Side,
        columns: &[ArrayRef],
        groups: &[usize],
        is_row: &dyn Fn(usize) -> bool,
    ) -> Result<(), EvalError>;
}

/// Primitive keys: the best of each group in one vector.
struct Keys<T: ArrowPrimitiveType>(Vec<Option<T::Native>>);

impl<T: ArrowPrimitiveType> Default for Keys<T> {
    fn default() -> Keys<T> {
        Keys(Vec::new())
    }
}

impl<T: ArrowPrimitiveType> Best for Keys<T>
where
    T::Native: PartialOrd,
{
    fn grow(&mut self, n_groups: usize) {
        if n_groups > self.0.len() {
            self.0.resize(n_groups, None);
        }
    }

    fn take_out(&mut self, n: Option<usize>) {
        take_first(&mut self.0, n);
    }

    fn size(&self) -> usize {
        self.0.capacity() * size_of::<Option<T::Native>>()
    }

    fn offer(
        &mut self,
        rows: &mut Rows,
        side: Side,
        columns: &[ArrayRef],
        groups: &[usize],
        is_row: &dyn Fn(usize) -> bool,
    ) -> Result<(), EvalError> {
        let keys = primitive::<T>(&columns[0], KqlType::Long)?;
        rows.offer(columns, groups, |group, row, held| {
            if !is_row(row) || keys.is_null(row) {
                return held.is_none() && is_row(row);
            }
            let key = keys.value(row);
            let best = &mut self.0[group];
            let wins = best.is_none_or(|best| side.takes(&key, &best));
            if wins {
                *best = Some(key);
            }
            wins
        })
    }
}

/// Keys that are texts are compared where they are kept: the first column of the group's row.
struct TextKeys;

impl Best for TextKeys {
    fn offer(
        &mut self,
        rows: &mut Rows,
        side: Side,
        columns: &[ArrayRef],
        groups: &[usize],
        is_row: &dyn Fn(usize) -> bool,
    ) -> Result<(), EvalError> {
        let keys = text(&columns[0], KqlType::String)?;
        rows.offer(columns, groups, |_, row, held| {
            let best = held.map(|(columns, row)| (columns[0].as_string_view(), row));
            match best {
                None => is_row(row),
                Some(_) if !is_row(row) || keys.is_null(row) => false,
                Some((best, held)) => best.is_null(held) || side.takes(keys.value(row), best.value(held)),
            }
        })
    }
}

struct BoolKeys;

impl Best for BoolKeys {
    fn offer(
        &mut self,
        rows: &mut Rows,
        side: Side,
        columns: &[ArrayRef],
        groups: &[usize],
        is_row: &dyn Fn(usize) -> bool,
    ) -> Result<(), EvalError> {
        let keys =
            columns[0].as_boolean_opt().ok_or_else(|| EvalError::new("a column of type bool holds other values"))?;
        rows.offer(columns, groups, |_, row, held| {
            let best = held.map(|(columns, row)| (columns[0].as_boolean(), row));
            match best {
                None => is_row(row),
                Some(_) if !is_row(row) || keys.is_null(row) => false,
                Some((best, held)) => best.is_null(held) || side.takes(&keys.value(row), &best.value(held)),
            }
        })
    }
}

struct BestRow<B> {
    side: Side,
    rows: Rows,
    best: B,
}

impl<B: Best> BestRow<B> {
    fn boxed(side: Side, ktypes: Vec<KqlType>, best: B) -> Box<dyn Accumulator> {
        Box::new(BestRow { side, rows: Rows::new(ktypes), best })
    }
}

impl<B: Best> Accumulator for BestRow<B> {
    fn update(&mut self, args: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.rows.grow(n_groups);
        self.best.grow(n_groups);
        self.best.offer(&mut self.rows, self.side, args, groups, &|_| true)
    }

    fn merge(&mut self, state: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.rows.grow(n_groups);
        self.best.grow(n_groups);
        let (has_row, columns) =
            state.split_last().ok_or_else(|| EvalError::new("a partial result without columns"))?;
        let has_row =
            has_row.as_boolean_opt().ok_or_else(|| EvalError::new("a column of type bool holds other values"))?;
        self.best.offer(&mut self.rows, self.side, columns, groups, &|row| has_row.value(row))
    }

    fn state(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let n_out = n.unwrap_or(usize::MAX).min(self.rows.n_groups());
        let has_row: BooleanArray = (0..n_out).map(|group| Some(self.rows.holds(group))).collect();
        let mut columns = self.evaluate(n)?;
        columns.push(Arc::new(has_row));
        Ok(columns)
    }

    fn evaluate(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        self.best.take_out(n);
        self.rows.take_out(n)
    }

    fn size(&self) -> usize {
        self.rows.size() + self.best.size()
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, WAYS, run, run_way};
    use super::*;
    use crate::CallContext;
    use crate::args::array_of;
    use crate::registry::{AggregateBody, FUNCTIONS};
    use schema::Value;

    fn rows(keys: &[Option<i64>]) -> Rows {
        let row = |(i, key): (usize, &Option<i64>)| {
            vec![
                key.map_or(Value::Null(KqlType::Long), Value::Long),
                Value::String(format!("row {i}, longer than a view")),
            ]
        };
        Rows {
            args: vec![(KqlType::Long, None), (KqlType::String, None)],
            rows: keys.iter().enumerate().map(row).collect(),
            groups: vec![0; keys.len()],
            n_groups: 2,
        }
    }

    #[test]
    fn nulls_and_ties() {
        let cases = [
            (vec![Some(1), Some(3), Some(2)], Some(1), Some(0)),
            (vec![None, Some(3), None], Some(1), Some(1)),
            (vec![None, None], Some(0), Some(0)),
            (vec![Some(2), Some(2), Some(2)], Some(0), Some(0)),
            (vec![], None, None),
        ];
        let text = |row: Option<usize>| row.map_or(String::new(), |i| format!("row {i}, longer than a view"));
        for (keys, largest, smallest) in cases {
            for (name, row) in [("arg_max", largest), ("arg_min", smallest)] {
                let result = run(name, &rows(&keys));
                let key = row.and_then(|row| keys[row]).map_or(Value::Null(KqlType::Long), Value::Long);
                assert_eq!(result[0], [key, Value::Null(KqlType::Long)], "{name} {keys:?}");
                // The second group has no rows: its strings are empty, not null.
                assert_eq!(result[1], [Value::String(text(row)), Value::String(String::new())], "{name} {keys:?}");
            }
        }
    }

    #[test]
    fn a_key_without_order_is_refused() {
        let rows = Rows::of_one(KqlType::Dynamic, []);
        assert!(run_way("arg_max", &rows, WAYS[0]).is_err());
    }

    #[test]
    fn what_is_held_is_bounded_by_the_groups() {
        let (function, _) = FUNCTIONS.aggregate("arg_max").expect("there is one");
        let AggregateBody::Accumulate(accumulate) = function.body else { panic!("it accumulates") };
        let ctx = CallContext::default();
        let args = vec![(KqlType::Long, None), (KqlType::String, None)];
        let returns = vec![KqlType::Long, KqlType::String];
        let mut best = (accumulate.make)(&AggregateCall { args, returns, ctx: &ctx }).expect("long has an order");
        let n_groups = 1000;
        let groups: Vec<usize> = (0..8000).map(|row| row % n_groups).collect();
        let mut largest = 0;
        for batch in 0..100 {
            // Every row is better than all before it, so that every batch brings a new row for every group.
            let keys = array_of(KqlType::Long, (0..8000).map(|row| Value::Long(batch * 8000 + row)));
            let texts =
                array_of(KqlType::String, (0..8000).map(|row| Value::String(format!("batch {batch}, row {row:06}"))));
            best.update(&[keys, texts], &groups, n_groups).expect("rows of the types");
            largest = largest.max(best.size());
        }
        assert!(largest < 8_000_000, "{largest} bytes held for {n_groups} rows");
        let result = best.evaluate(None).expect("results");
        assert_eq!(result[0].as_primitive::<Int64Type>().value(0), 99 * 8000 + 7000);
        assert_eq!(result[1].as_string_view().value(999), "batch 99, row 007999");
    }

    #[test]
    fn names_of_results() {
        let arg = |name| NamedArg { name, value: None };
        let args = [arg(Some("x")), arg(Some("y")), arg(None)];
        assert_eq!(names(&args, "max"), ["x", "y", "max_x_arg2"]);
        assert_eq!(old_names(&args, "max"), ["max_x", "max_x_y", "max_x_arg2"]);
        assert_eq!(names(&[arg(None), arg(None)], "min"), ["min_", "min__arg1"]);
        assert_eq!(old_names(&[arg(None), arg(None)], "min"), ["min_", "min__arg1"]);
    }
}
