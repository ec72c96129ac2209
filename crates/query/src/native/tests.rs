//! What the engine's own expressions give is what the functions' bodies give.

use crate::testing::*;
use kql::plan::{Expr, Field, Node, Plan};
use kql_functions::{FUNCTIONS, call as body};
use schema::KqlType::{self, Bool, Datetime, Guid, Int, Long, Real, String, Timespan};
use schema::{Value, ticks};

fn samples(ktype: KqlType) -> Vec<Value> {
    let mut samples = match ktype {
        Bool => vec![Value::Bool(false), Value::Bool(true)],
        Int => vec![Value::Int(-1), Value::Int(0), Value::Int(7), Value::Int(i32::MAX)],
        Long => vec![Value::Long(-1), Value::Long(0), Value::Long(7), Value::Long(i64::MAX), Value::Long(i64::MIN)],
        Real => [-1.5, -0.0, 0.0, 7.0, f64::NAN, f64::INFINITY, 9e18].map(Value::Real).to_vec(),
        String => ["", "a", "A", "ab", "é"].map(|text| Value::String(text.into())).to_vec(),
        Datetime => [0, 7, 638_000_000_000_000_000].map(Value::Datetime).to_vec(),
        Timespan => [-7, 0, 7, ticks::DAY].map(Value::Timespan).to_vec(),
        Guid => ["0f0f0f0f-1234-4abc-a777-00c0ffee0001", "0f0f0f0f-1234-4abc-a777-00c0ffee0002"]
            .map(|text| Value::Guid(text.into()))
            .to_vec(),
        KqlType::Decimal | KqlType::Dynamic => vec![],
    };
    samples.push(Value::null(ktype));
    samples
}

fn table(columns: &[KqlType], rows: Vec<Vec<Value>>) -> Plan {
    let columns: Vec<Field> = columns.iter().enumerate().map(|(i, ktype)| field(i as u32, "", *ktype)).collect();
    Plan { node: Node::Values { rows }, columns }
}

fn shown(value: &Value) -> std::string::String {
    if value.is_null() { "null".into() } else { value.to_text() }
}

/// Checks a function of some argument types over all samples: with columns, and with a constant for the last argument.
fn check_function(name: &'static str, types: &[KqlType]) {
    let (function, _) = FUNCTIONS.scalar(name).unwrap_or_else(|| panic!("{name}"));
    let returns = function.returns.map_or(Bool, |returns| returns(types));
    let mut rows: Vec<Vec<Value>> = vec![vec![]];
    for ktype in types {
        rows =
            rows.iter().flat_map(|row| samples(*ktype).into_iter().map(|v| [row.clone(), vec![v]].concat())).collect();
    }
    let expected: Vec<_> = rows.iter().map(|row| body(name, returns, row).map(|v| shown(&v))).collect();
    let expected: Vec<std::string::String> = expected.into_iter().collect::<Result<_, _>>().unwrap();
    let args: Vec<Expr> = types.iter().enumerate().map(|(i, ktype)| col(i as u32, *ktype)).collect();
    let plan = project(table(types, rows.clone()), vec![(9, call(name, args.clone(), returns))]);
    let found = crate::testing::rows(&plan).unwrap_or_else(|e| panic!("{name} {types:?}: {e}"));
    for ((row, found), expected) in rows.iter().zip(&found).zip(&expected) {
        assert_eq!(found, expected, "{name} {row:?}");
    }
    let Some(last) = types.last() else { return };
    for value in samples(*last) {
        let (some, wanted): (Vec<_>, Vec<_>) =
            rows.iter().zip(&expected).filter(|(row, _)| row.last().map(shown) == Some(shown(&value))).unzip();
        let mut args = args.clone();
        if let Some(arg) = args.last_mut() {
            *arg = Expr::Literal(value.clone());
        }
        let input = || table(types, some.iter().map(|row| row.to_vec()).collect());
        let expr = call(name, args, returns);
        let found = crate::testing::rows(&project(input(), vec![(9, expr.clone())])).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{name} {types:?} with {value:?}");
        if returns == Bool {
            // As a filter: the rows for which it is true.
            let kept = crate::testing::rows(&filter(input(), expr)).unwrap().len();
            assert_eq!(kept, wanted.iter().filter(|text| **text == "True").count(), "{name} {types:?} with {value:?}");
        }
    }
}

#[test]
fn comparisons_are_kustos() {
    let numbers = [Int, Long, Real];
    for name in ["==", "!=", "<", "<=", ">", ">="] {
        for left in numbers {
            numbers.iter().for_each(|right| check_function(name, &[left, *right]));
        }
        check_function(name, &[Datetime, Datetime]);
        check_function(name, &[Timespan, Timespan]);
        check_function(name, &[Bool, Bool]);
    }
    for name in ["==", "!="] {
        check_function(name, &[String, String]);
        check_function(name, &[Guid, Guid]);
    }
}

#[test]
fn arithmetic_is_kustos() {
    let numbers = [Int, Long, Real];
    for name in ["+", "-", "*"] {
        for left in numbers {
            numbers.iter().for_each(|right| check_function(name, &[left, *right]));
        }
    }
    for types in [[Timespan, Timespan], [Datetime, Timespan]] {
        check_function("+", &types);
        check_function("-", &types);
    }
    check_function("-", &[Datetime, Datetime]);
}

#[test]
fn logic_and_conditions_are_kustos() {
    check_function("and", &[Bool, Bool]);
    check_function("or", &[Bool, Bool]);
    check_function("not", &[Bool]);
    for ktype in [Bool, Int, Long, Real, String, Datetime, Timespan, Guid] {
        for name in ["isnull", "isnotnull", "isempty", "isnotempty"] {
            check_function(name, &[ktype]);
        }
        for name in ["in", "!in"] {
            check_function(name, &[ktype, ktype]);
            check_function(name, &[ktype, ktype, ktype]);
        }
    }
    for ktype in [Int, Long, Datetime, Timespan] {
        check_function("between", &[ktype, ktype, ktype]);
        check_function("!between", &[ktype, ktype, ktype]);
    }
}

#[test]
fn conversions_are_kustos() {
    for (name, to, from) in [
        ("tolong", Long, Int),
        ("toreal", Real, Int),
        ("toreal", Real, Long),
        ("tolong", Long, Long),
        ("tostring", String, String),
    ] {
        for value in samples(from) {
            let expected = body(name, to, std::slice::from_ref(&value)).map(|v| shown(&v));
            let plan =
                project(table(&[from], vec![vec![value.clone()]]), vec![(9, call(name, vec![col(0, from)], to))]);
            assert_eq!(
                crate::testing::rows(&plan).map(|mut rows| rows.remove(0)),
                Ok(expected.unwrap()),
                "{name} {value:?}"
            );
        }
    }
    for ktype in [Int, Long, Real, String, Datetime, Timespan, Guid, Bool] {
        for a in samples(ktype) {
            for b in samples(ktype) {
                let args = [a.clone(), b.clone()];
                let expected = body("coalesce", ktype, &args).map(|v| shown(&v)).unwrap();
                let plan = project(
                    table(&[ktype, ktype], vec![args.to_vec()]),
                    vec![(9, call("coalesce", vec![col(0, ktype), col(1, ktype)], ktype))],
                );
                assert_eq!(crate::testing::rows(&plan), Ok(vec![expected]), "coalesce {a:?} {b:?}");
                for condition in samples(Bool) {
                    let args = [condition.clone(), a.clone(), b.clone()];
                    let expected = body("iff", ktype, &args).map(|v| shown(&v)).unwrap();
                    let exprs = vec![col(0, Bool), col(1, ktype), col(2, ktype)];
                    let plan = project(
                        table(&[Bool, ktype, ktype], vec![args.to_vec()]),
                        vec![(9, call("iff", exprs, ktype))],
                    );
                    assert_eq!(crate::testing::rows(&plan), Ok(vec![expected]), "iff {condition:?} {a:?} {b:?}");
                }
            }
        }
    }
}
