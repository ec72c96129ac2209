use super::dynamics::ELEMENTS_MAX;
use super::prelude::*;
use arrow::datatypes::i256;
use schema::dynamic::write_json_string;
use std::fmt::Write as _;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "range",
    signatures: &["(start: summable, stop: summable, step?: summable) -> dynamic"],
    summary: "An array of `start`, `start + step` and so on, up to and including `stop`. The step is 1, or 1 hour for \
              datetimes and timespans, when it is left out; a negative one counts down. At most 1,048,576 elements are \
              made; null when an argument is null or the step is 0.",
    examples: &[
        ("print range(1, 8, 3)", "[1,4,7]"),
        ("print range(1h, 3h)", "[\"01:00:00\",\"02:00:00\",\"03:00:00\"]"),
        ("print range(datetime(2007-01-01), datetime(2007-01-02), 1d)[1]", "2007-01-02T00:00:00.0000000Z"),
        ("print range(3, 1, -1)", "[3,2,1]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let constant = args.args.iter().all(|arg| arg.constant).then(|| {
        let mut text = String::new();
        write_range(args, 0, &mut text).then_some(text)
    });
    Ok(args.written(|row, out| match &constant {
        Some(text) => text.as_ref().is_some_and(|text| {
            out.push_str(text);
            true
        }),
        None => write_range(args, row, out),
    }))
}

/// Appends the range of a row; says whether there is one.
fn write_range(args: &Args, row: usize, out: &mut String) -> bool {
    let (start, stop) = (args.args[0].value(row), args.args[1].value(row));
    let step = args.opt(2).map(|step| step.value(row));
    if start.is_null() || stop.is_null() || step.as_ref().is_some_and(Value::is_null) {
        return false;
    }
    let values = [Some(start), Some(stop), step];
    let types = || values.iter().flatten().map(Value::ktype);
    let first = types().next().unwrap_or(KqlType::Long);
    if matches!(first, KqlType::Datetime | KqlType::Timespan) {
        // Ticks.
        let numbers = values.map(|value| value.map(|value| whole(&value)));
        let [Some(Some(start)), Some(Some(stop)), step] = numbers else { return false };
        let Some(step) = step.unwrap_or(Some(ticks::HOUR)) else { return false };
        let mut text = String::new();
        return write_steps(out, start, stop, step, |out, value| {
            text.clear();
            if first == KqlType::Datetime {
                ticks::write_datetime(&mut text, value);
            } else {
                text.push_str(&ticks::timespan_text(value));
            }
            write_json_string(out, &text);
        });
    }
    if types().any(|ktype| ktype == KqlType::Real) {
        let numbers = values.map(|value| value.map(|value| real(&value)));
        let [Some(Some(start)), Some(Some(stop)), step] = numbers else { return false };
        let Some(step) = step.unwrap_or(Some(1.0)) else { return false };
        return write_reals(out, start, stop, step);
    }
    if types().any(|ktype| ktype == KqlType::Decimal) {
        let numbers = values.map(|value| value.map(|value| decimal(&value)));
        let [Some(Some(start)), Some(Some(stop)), step] = numbers else { return false };
        let Some(step) = step.unwrap_or_else(|| number::parse_decimal("1")) else { return false };
        return write_decimals(out, start, stop, step);
    }
    let numbers = values.map(|value| value.map(|value| whole(&value)));
    let [Some(Some(start)), Some(Some(stop)), step] = numbers else { return false };
    let Some(step) = step.unwrap_or(Some(1)) else { return false };
    write_steps(out, start, stop, step, |out, value| {
        let _ = write!(out, "{value}");
    })
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) => Some(i64::from(*value)),
        Value::Long(value) | Value::Datetime(value) | Value::Timespan(value) => Some(*value),
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Real(value) => Some(*value),
        Value::Decimal(value) => number::decimal_text(*value).parse().ok(),
        other => whole(other).map(|value| value as f64),
    }
}

fn decimal(value: &Value) -> Option<i256> {
    match value {
        Value::Decimal(value) => Some(*value),
        other => number::parse_decimal(&whole(other)?.to_string()),
    }
}

fn write_steps(out: &mut String, start: i64, stop: i64, step: i64, mut write: impl FnMut(&mut String, i64)) -> bool {
    if step == 0 {
        return false;
    }
    out.push('[');
    let mut next = Some(start);
    let mut n = 0;
    while let Some(value) = next.filter(|value| if step > 0 { *value <= stop } else { *value >= stop }) {
        if n == ELEMENTS_MAX {
            break;
        }
        if n > 0 {
            out.push(',');
        }
        write(out, value);
        n += 1;
        next = value.checked_add(step);
    }
    out.push(']');
    true
}

fn write_reals(out: &mut String, start: f64, stop: f64, step: f64) -> bool {
    if step == 0.0 || !(start.is_finite() && stop.is_finite() && step.is_finite()) {
        return false;
    }
    out.push('[');
    for n in 0..ELEMENTS_MAX {
        // Multiplied, not added up, so that errors do not add up either.
        let value = start + n as f64 * step;
        if if step > 0.0 { value > stop } else { value < stop } {
            break;
        }
        if n > 0 {
            out.push(',');
        }
        Dynamic::from_real(value).write_json(out);
    }
    out.push(']');
    true
}

fn write_decimals(out: &mut String, start: i256, stop: i256, step: i256) -> bool {
    if step == i256::ZERO {
        return false;
    }
    out.push('[');
    let mut next = Some(start);
    let mut n = 0;
    while let Some(value) = next.filter(|value| if step > i256::ZERO { *value <= stop } else { *value >= stop }) {
        if n == ELEMENTS_MAX {
            break;
        }
        if n > 0 {
            out.push(',');
        }
        Value::Decimal(value).to_dynamic().write_json(out);
        n += 1;
        next = value.checked_add(step);
    }
    out.push(']');
    true
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::json_of;
    use schema::{KqlType, Value, number, ticks};

    #[test]
    fn counts_in_every_type() {
        let day = ticks::DAY;
        let date = |text: &str| Value::Datetime(ticks::parse_datetime(text).unwrap_or(0));
        let decimal = |text: &str| number::parse_decimal(text).map_or(Value::Null(KqlType::Decimal), Value::Decimal);
        for (args, expected) in [
            (vec![Value::Long(1), Value::Long(8), Value::Long(3)], "[1,4,7]"),
            (vec![Value::Int(1), Value::Long(3)], "[1,2,3]"),
            (vec![Value::Long(5), Value::Long(1), Value::Long(-2)], "[5,3,1]"),
            (vec![Value::Long(5), Value::Long(1)], "[]"),
            (vec![Value::Long(1), Value::Long(2), Value::Long(0)], "null"),
            (vec![Value::Long(i64::MAX - 1), Value::Long(i64::MAX)], "[9223372036854775806,9223372036854775807]"),
            (vec![Value::Real(0.0), Value::Long(1), Value::Real(0.25)], "[0.0,0.25,0.5,0.75,1.0]"),
            (vec![Value::Real(f64::NAN), Value::Long(1)], "null"),
            (vec![decimal("0.1"), decimal("0.3"), decimal("0.1")], r#"["0.1","0.2","0.3"]"#),
            (
                vec![Value::Timespan(ticks::HOUR), Value::Timespan(3 * ticks::HOUR)],
                r#"["01:00:00","02:00:00","03:00:00"]"#,
            ),
            (
                vec![date("2007-01-01"), date("2007-01-02"), Value::Timespan(day)],
                r#"["2007-01-01T00:00:00.0000000Z","2007-01-02T00:00:00.0000000Z"]"#,
            ),
            (vec![Value::Null(KqlType::Long), Value::Long(1)], "null"),
            (vec![Value::Long(1), Value::Long(2), Value::Null(KqlType::Long)], "null"),
        ] {
            assert_eq!(json_of("range", &args), expected, "{args:?}");
        }
    }

    #[test]
    fn stops_at_the_largest_array() {
        let json = json_of("range", &[Value::Long(1), Value::Long(1_000_000_000)]);
        assert_eq!(json.matches(',').count() + 1, 1_048_576);
    }
}
