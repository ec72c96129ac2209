use super::prelude::*;
use crate::kernels::{convert, spread};
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "make_timespan",
    signatures: &[
        "(days: integer, hours: integer, minutes: integer, seconds: number) -> timespan",
        "(hours: integer, minutes: integer, seconds?: number) -> timespan",
        "(value: scalar) -> timespan",
    ],
    summary: "The timespan of hours, minutes and, when given, seconds, or of days, hours, minutes and seconds; with one argument the same as `totimespan()`. Null unless hours are below 24, minutes and seconds below 60.",
    examples: &[
        ("print make_timespan(1, 12, 30, 55.123)", "1.12:30:55.1230000"),
        ("print make_timespan(2, 30)", "02:30:00"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    if let [value] = args.args {
        return spread(convert::convert(value, KqlType::Timespan), args.rows);
    }
    // Days come first, but only when all four are given.
    let (days, clock) = if args.len() == 4 { args.args.split_at(1) } else { args.args.split_at(0) };
    let days = days.first().map(convert::longs);
    let (hours, minutes) = (convert::longs(&clock[0]), convert::longs(&clock[1]));
    let seconds = clock.get(2).map(convert::reals);
    let rows = if args.args.iter().all(|arg| arg.constant) { 1 } else { args.rows };
    let span = |row: usize| {
        let days = days.as_ref().map_or(Some(0), |days| days.get(row))?;
        let seconds = seconds.as_ref().map_or(Some(0.0), |seconds| seconds.get(row))?;
        let clock = ticks::time_of_day(hours.get(row)?, minutes.get(row)?, seconds)?;
        if days < 0 { None } else { days.checked_mul(ticks::DAY)?.checked_add(clock) }
    };
    spread(Arc::new((0..rows).map(span).collect::<Int64Array>()), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_in_range() {
        let cases: [(&[f64], &str); 7] = [
            (&[1.0, 12.0, 30.0, 55.123], "1.12:30:55.123"),
            (&[1.0, 2.0, 3.0], "01:02:03"),
            (&[2.0, 30.0], "02:30:00"),
            (&[0.0, 0.0, 0.0, 0.000_000_1], "00:00:00.0000001"),
            (&[25.0, 70.0], ""),
            (&[-1.0, -2.0], ""),
            (&[0.0, 25.0, 61.0, 61.5], ""),
        ];
        for (parts, result) in cases {
            let args: Vec<Value> = parts.iter().copied().map(Value::Real).collect();
            let result = parse_as(KqlType::Timespan, result);
            assert_eq!(crate::call("make_timespan", KqlType::Timespan, &args), Ok(result), "{parts:?}");
        }
    }
}
