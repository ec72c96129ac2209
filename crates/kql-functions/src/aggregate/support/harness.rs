//! Runs accumulators as an engine does: in one pass, in batches, in parts that are merged, and group by group.

use crate::args::{CallContext, array_of, value_at};
use crate::registry::{Accumulate, Accumulator, AggregateBody, AggregateCall, FUNCTIONS};
use crate::{EvalError, registry::AggregateFunction};
use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use kql::signature::Returns;
use schema::{KqlType, Value};

/// The rows of one call and the group of each.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The type of each argument, and its value when it is a constant.
    pub args: Vec<(KqlType, Option<Value>)>,
    /// The values of the arguments that are not constants, by row.
    pub rows: Vec<Vec<Value>>,
    pub groups: Vec<usize>,
    pub n_groups: usize,
}

impl Rows {
    /// Makes rows of one group with one column.
    pub fn of_one(ktype: KqlType, values: impl IntoIterator<Item = Value>) -> Rows {
        let rows: Vec<Vec<Value>> = values.into_iter().map(|value| vec![value]).collect();
        Rows { args: vec![(ktype, None)], groups: vec![0; rows.len()], rows, n_groups: 1 }
    }

    /// Adds a constant argument.
    pub fn with(mut self, value: Value) -> Rows {
        self.args.push((value.ktype(), Some(value)));
        self
    }

    fn columns(&self, from: usize, to: usize) -> Vec<ArrayRef> {
        let mut column = 0;
        let columns = self.args.iter().map(|(ktype, constant)| match constant {
            Some(value) => array_of(*ktype, std::iter::repeat_n(value.clone(), to - from)),
            None => {
                column += 1;
                array_of(*ktype, self.rows[from..to].iter().map(|row| row[column - 1].clone()))
            }
        });
        columns.collect()
    }
}

/// Ways of running that must give the same results.
pub const WAYS: [Way; 4] = [
    Way { batch: usize::MAX, parts: 1, emit: usize::MAX },
    Way { batch: 3, parts: 1, emit: 1 },
    Way { batch: 4, parts: 2, emit: usize::MAX },
    Way { batch: 1, parts: 3, emit: 2 },
];

/// A way of running: rows per batch, partitions that are merged, groups taken out at a time.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub batch: usize,
    pub parts: usize,
    pub emit: usize,
}

/// Returns an aggregation's results, one column per result, after checking that all ways of running give them.
pub fn run(name: &str, rows: &Rows) -> Vec<Vec<Value>> {
    let [first, others @ ..] = WAYS;
    let expected = run_way(name, rows, first).unwrap_or_else(|error| panic!("{name}: {error}"));
    for way in others {
        let got = run_way(name, rows, way).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(same(&expected, &got), "{name} {way:?}\n one pass: {expected:?}\n got: {got:?}\n of {rows:?}");
    }
    expected
}

/// Returns the only result of one group.
pub fn run_one(name: &str, rows: &Rows) -> Value {
    let columns = run(name, rows);
    columns.first().and_then(|column| column.first()).cloned().unwrap_or_else(|| panic!("{name} gave nothing"))
}

/// Returns whether results are equal; reals may differ in the last digits, as sums in another order do.
fn same(a: &[Vec<Value>], b: &[Vec<Value>]) -> bool {
    let same_value = |a: &Value, b: &Value| match (a, b) {
        (Value::Real(a), Value::Real(b)) => {
            a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-6)
        }
        (a, b) => a == b,
    };
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b)))
}

/// Runs an aggregation in one way.
///
/// # Errors
/// Those of the accumulator.
pub fn run_way(name: &str, rows: &Rows, way: Way) -> Result<Vec<Vec<Value>>, EvalError> {
    let (function, returns) = resolve(name, rows);
    let ctx = CallContext::default();
    let call = AggregateCall { args: rows.args.clone(), returns: returns.clone(), ctx: &ctx };
    let (AggregateBody::Accumulate(accumulate) | AggregateBody::EngineFor { accumulate, .. }) = function.body else {
        panic!("{name} has no accumulator of its own");
    };
    let mut columns: Vec<Vec<Value>> = vec![Vec::new(); returns.len()];
    let mut total = if way.parts == 1 {
        fill(&accumulate, &call, rows, way, 0, rows.rows.len())?
    } else {
        let mut total = (accumulate.make)(&call)?;
        let len = rows.rows.len().div_ceil(way.parts).max(1);
        for part in 0..way.parts {
            let (from, to) = ((part * len).min(rows.rows.len()), ((part + 1) * len).min(rows.rows.len()));
            let mut partial = fill(&accumulate, &call, rows, way, from, to)?;
            let state = take_all(rows.n_groups, way, |n| partial.state(n))?;
            let types: Vec<_> = state.iter().map(|array| array.data_type().clone()).collect();
            assert_eq!(types, (accumulate.state_types)(&call), "{name}: types of partial results");
            // Merged backwards group by group, as partial results come in any order of groups.
            let groups: Vec<usize> = (0..rows.n_groups).collect();
            total.merge(&state, &groups, rows.n_groups)?;
        }
        total
    };
    let results = take_all(rows.n_groups, way, |n| total.evaluate(n))?;
    assert_eq!(results.len(), returns.len(), "{name}: number of results");
    for ((column, array), ktype) in columns.iter_mut().zip(&results).zip(&returns) {
        assert_eq!(array.data_type(), &ktype.arrow(), "{name}: type of the result");
        assert!(*ktype != KqlType::String || array.null_count() == 0, "{name}: a string is null");
        column.extend((0..array.len()).map(|row| value_at(array, *ktype, row)));
    }
    Ok(columns)
}

fn fill(
    accumulate: &Accumulate,
    call: &AggregateCall,
    rows: &Rows,
    way: Way,
    from: usize,
    to: usize,
) -> Result<Box<dyn Accumulator>, EvalError> {
    let mut accumulator = (accumulate.make)(call)?;
    // Groups come into being before rows do, as when another partition has them.
    accumulator.update(&rows.columns(from, from), &[], rows.n_groups)?;
    let mut start = from;
    while start < to {
        let end = start.saturating_add(way.batch).min(to);
        accumulator.update(&rows.columns(start, end), &rows.groups[start..end], rows.n_groups)?;
        start = end;
    }
    let _ = accumulator.size();
    Ok(accumulator)
}

/// Takes all groups out, some at a time.
fn take_all(
    n_groups: usize,
    way: Way,
    mut take: impl FnMut(Option<usize>) -> Result<Vec<ArrayRef>, EvalError>,
) -> Result<Vec<ArrayRef>, EvalError> {
    let mut batches = Vec::new();
    let mut left = n_groups;
    while left > way.emit {
        batches.push(take(Some(way.emit))?);
        left -= way.emit;
    }
    batches.push(take(None)?);
    let n_columns = batches[0].len();
    let column = |i: usize| {
        let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch[i].as_ref()).collect();
        concat(&parts).map_err(|error| EvalError::new(error.to_string()))
    };
    (0..n_columns).map(column).collect()
}

/// Returns the function and the types of its results for these arguments.
fn resolve(name: &str, rows: &Rows) -> (&'static AggregateFunction, Vec<KqlType>) {
    let (function, signatures) = FUNCTIONS.aggregate(name).unwrap_or_else(|| panic!("no aggregation `{name}`"));
    let types: Vec<KqlType> = rows.args.iter().map(|(ktype, _)| *ktype).collect();
    let first = types.first().copied().unwrap_or(KqlType::Long);
    let fits = |signature: &&kql::signature::Signature| {
        signature.assign(types.len()).is_some_and(|params| {
            use kql::signature::ParamKind;
            params.iter().zip(&types).all(|(param, ktype)| match param.kind {
                ParamKind::Type(wanted) => wanted == *ktype,
                ParamKind::Integer => ktype.is_integer(),
                ParamKind::Number => ktype.is_numeric(),
                ParamKind::Array => *ktype == KqlType::Dynamic,
                _ => true,
            })
        })
    };
    let signature = signatures.iter().find(fits).unwrap_or_else(|| panic!("{name} does not take {types:?}"));
    let returns = match signature.returns {
        Returns::Type(ktype) => vec![ktype],
        Returns::Same(_) => vec![first],
        Returns::Promoted(_) => vec![if first == KqlType::Int { KqlType::Long } else { first }],
        _ => function.returns.map(|returns| returns(&types)).unwrap_or_else(|| panic!("{name} says no types")),
    };
    (function, returns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::AggregateFunction;
    use proptest::prelude::*;
    use schema::{Dynamic, number};

    /// Values of a type, few enough to repeat, nulls among them.
    fn value_of(ktype: KqlType) -> BoxedStrategy<Value> {
        let not_null = match ktype {
            KqlType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
            KqlType::Int => (-3i32..4).prop_map(Value::Int).boxed(),
            KqlType::Long => (-3i64..4).prop_map(Value::Long).boxed(),
            KqlType::Datetime => (0i64..5).prop_map(Value::Datetime).boxed(),
            KqlType::Timespan => (-3i64..4).prop_map(Value::Timespan).boxed(),
            KqlType::Real => {
                prop_oneof![(-3i32..4).prop_map(|x| f64::from(x) / 2.0), Just(-0.0)].prop_map(Value::Real).boxed()
            }
            KqlType::Decimal => (-3i32..4)
                .prop_map(|x| Value::Decimal(number::parse_decimal(&format!("{x}.25")).unwrap_or_default()))
                .boxed(),
            KqlType::String => "[ab]{0,2}|a long text that no view holds inline [ab]".prop_map(Value::String).boxed(),
            KqlType::Guid => {
                "[ab]".prop_map(|c| Value::Guid(format!("74be27de-1e4e-49d9-b579-fe0b331d364{c}"))).boxed()
            }
            KqlType::Dynamic => prop_oneof![
                Just(r#"{"a":1,"b":[true,"x"]}"#),
                Just(r#"{"b":{"c":1.5},"q\"":2}"#),
                Just("[1,2,1,null]"),
                Just("7"),
                Just("\"x\"")
            ]
            .prop_map(|json| Value::Dynamic(Dynamic::parse(json).unwrap_or(Dynamic::Null)))
            .boxed(),
        };
        prop_oneof![5 => not_null, 1 => Just(Value::null(ktype))].boxed()
    }

    /// Rows for a function: the types of its arguments that are not constants, and its constants.
    fn rows(types: Vec<KqlType>, constants: Vec<Value>) -> impl Strategy<Value = Rows> {
        let n_groups = 4usize;
        let row = types.iter().map(|ktype| value_of(*ktype)).collect::<Vec<_>>();
        proptest::collection::vec((row, 0..n_groups), 0..40).prop_map(move |rows| {
            let args = types.iter().map(|ktype| (*ktype, None));
            let constants = constants.iter().map(|value| (value.ktype(), Some(value.clone())));
            let (rows, groups) = rows.into_iter().unzip();
            Rows { args: args.chain(constants).collect(), rows, groups, n_groups }
        })
    }

    const SUMMABLE: [KqlType; 6] =
        [KqlType::Int, KqlType::Long, KqlType::Real, KqlType::Decimal, KqlType::Datetime, KqlType::Timespan];

    /// Every function with an accumulator of its own, with types of arguments and constants that it takes.
    fn calls() -> Vec<(&'static str, Vec<KqlType>, Vec<Value>)> {
        let mut calls = Vec::new();
        let scalars = KqlType::ALL;
        let orderable = scalars.iter().filter(|ktype| **ktype != KqlType::Dynamic);
        for ktype in orderable.clone() {
            for name in ["min", "max", "count_distinct"] {
                calls.push((name, vec![*ktype], vec![]));
            }
            calls.push(("arg_max", vec![*ktype, KqlType::String, KqlType::Dynamic], vec![]));
            calls.push(("arg_min", vec![*ktype, KqlType::Real], vec![]));
            calls.push(("argmax", vec![*ktype], vec![]));
            calls.push(("argmin", vec![*ktype, KqlType::Bool], vec![]));
        }
        for ktype in scalars {
            for name in [
                "make_list",
                "makelist",
                "make_set",
                "makeset",
                "dcount",
                "hll",
                "take_any",
                "any",
                "passthrough",
                "count",
            ] {
                calls.push((name, vec![ktype], vec![]));
            }
            calls.push(("make_list_with_nulls", vec![ktype], vec![]));
            calls.push(("make_list", vec![ktype], vec![Value::Long(2)]));
            calls.push(("make_set", vec![ktype], vec![Value::Int(3)]));
            calls.push(("dcount", vec![ktype], vec![Value::Long(0)]));
            calls.push(("take_any", vec![ktype, KqlType::Long], vec![]));
        }
        for ktype in SUMMABLE {
            for name in ["sum", "avg", "variance", "variancep", "stdev", "stdevp", "tdigest"] {
                calls.push((name, vec![ktype], vec![]));
            }
            calls.push(("covariance", vec![ktype, KqlType::Real], vec![]));
            calls.push(("covariancep", vec![ktype, KqlType::Int], vec![]));
            calls.push(("tdigest", vec![ktype, KqlType::Int], vec![]));
            calls.push(("percentile", vec![ktype], vec![Value::Long(30)]));
            calls.push(("percentiles", vec![ktype], vec![Value::Real(5.0), Value::Long(50)]));
            calls.push(("percentiles_array", vec![ktype], vec![Value::Real(5.0), Value::Long(50)]));
            calls.push(("percentilew", vec![ktype, KqlType::Long], vec![Value::Int(50)]));
            calls.push(("percentilesw", vec![ktype, KqlType::Int], vec![Value::Int(50), Value::Int(75)]));
            calls.push(("percentilesw_array", vec![ktype, KqlType::Int], vec![Value::Int(50), Value::Int(75)]));
        }
        for ktype in [KqlType::Int, KqlType::Long, KqlType::Timespan] {
            for name in ["binary_all_and", "binary_all_or", "binary_all_xor"] {
                calls.push((name, vec![ktype], vec![]));
            }
        }
        for name in ["make_bag", "make_dictionary", "buildschema"] {
            calls.push((name, vec![KqlType::Dynamic], vec![]));
        }
        calls.push(("cnt", vec![], vec![]));
        calls
    }

    #[test]
    fn every_function_is_run() {
        let run: Vec<&str> = calls().iter().map(|(name, ..)| *name).collect();
        let own = |function: &&&AggregateFunction| !matches!(function.body, AggregateBody::FilterOf { .. });
        for function in crate::aggregate::ALL.iter().filter(own) {
            // Values for these two are made by other functions; `merges_of_stored_values` runs them.
            let is_merge = ["hll_merge", "tdigest_merge"].contains(&function.name);
            assert!(is_merge || run.contains(&function.name), "{} is not run", function.name);
        }
    }

    #[test]
    fn parts_merged_equal_one_pass() {
        for (name, types, constants) in calls() {
            let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
                cases: 10,
                failure_persistence: None,
                ..ProptestConfig::default()
            });
            let result = runner.run(&rows(types.clone(), constants), |rows| {
                run(name, &rows);
                Ok(())
            });
            if let Err(error) = result {
                panic!("{name} of {types:?}: {error}");
            }
        }
    }

    #[test]
    fn merges_of_stored_values() {
        let longs = |range: std::ops::Range<i64>| Rows::of_one(KqlType::Long, range.map(Value::Long));
        for (make, merge, read) in [("hll", "hll_merge", "dcount_hll"), ("tdigest", "tdigest_merge", "rank_tdigest")] {
            let parts = [0..40, 20..60, 60..61].map(|range| run_one(make, &longs(range)));
            let stored = parts.into_iter().chain([Value::Null(KqlType::Dynamic)]);
            let merged = run_one(merge, &Rows::of_one(KqlType::Dynamic, stored));
            let got = match read {
                "dcount_hll" => crate::call(read, KqlType::Long, &[merged]),
                _ => crate::call(read, KqlType::Real, &[merged, Value::Long(19)]),
            };
            assert_eq!(got, Ok(if read == "dcount_hll" { Value::Long(61) } else { Value::Real(20.0) }));
            assert_eq!(run_one(merge, &Rows::of_one(KqlType::Dynamic, [])), Value::Null(KqlType::Dynamic));
            let no_sketch = Rows::of_one(KqlType::Dynamic, [Value::Dynamic(Dynamic::from_long(1))]);
            assert!(run_way(merge, &no_sketch, WAYS[0]).is_err());
        }
    }

    #[test]
    fn predicates_of_filters_are_bools() {
        for function in crate::aggregate::ALL {
            if let AggregateBody::FilterOf { name, .. } = function.body {
                let of = crate::aggregate::ALL.iter().find(|of| of.name == name);
                let is_filter = of.is_none_or(|of| matches!(of.body, AggregateBody::FilterOf { .. }));
                assert!(!is_filter, "{} filters `{name}`, which has no accumulator", function.name);
            }
        }
    }
}
