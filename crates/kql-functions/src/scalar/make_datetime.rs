use super::prelude::*;
use crate::kernels::{convert, spread};
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "make_datetime",
    signatures: &[
        "(year: number, month: number, day: number, hour?: number, minute?: number, second?: number) -> datetime",
        "(value: scalar) -> datetime",
    ],
    summary: "The datetime of a year, month, day and, when given, hour, minute and second; with one argument the same as `todatetime()`. Null when there is no such date.",
    examples: &[
        ("print make_datetime(2017, 10, 1)", "2017-10-01T00:00:00.0000000Z"),
        ("print make_datetime(2017, 10, 1, 12, 11, 0.1234567)", "2017-10-01T12:11:00.1234567Z"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    if let [value] = args.args {
        return spread(convert::convert(value, KqlType::Datetime), args.rows);
    }
    let [year, month, day] = [0, 1, 2].map(|i| convert::longs(&args.args[i]));
    let [hour, minute] = [3, 4].map(|i| args.opt(i).map(convert::longs));
    let second = args.opt(5).map(convert::reals);
    let rows = if args.args.iter().all(|arg| arg.constant) { 1 } else { args.rows };
    let instant = |row: usize| {
        let hour = hour.as_ref().map_or(Some(0), |hour| hour.get(row))?;
        let minute = minute.as_ref().map_or(Some(0), |minute| minute.get(row))?;
        let second = second.as_ref().map_or(Some(0.0), |second| second.get(row))?;
        let time = ticks::time_of_day(hour, minute, second)?;
        let (year, month) = (i32::try_from(year.get(row)?).ok()?, u32::try_from(month.get(row)?).ok()?);
        ticks::from_civil(year, month, u32::try_from(day.get(row)?).ok()?, time)
    };
    spread(Arc::new((0..rows).map(instant).collect::<Int64Array>()), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_dates_are_made() {
        let cases: [(&[f64], &str); 8] = [
            (&[2017.0, 10.0, 1.0], "2017-10-01"),
            (&[2020.0, 2.0, 29.0, 23.0, 59.0, 59.9999999], "2020-02-29 23:59:59.9999999"),
            (&[2017.0, 10.0, 1.0, 12.0], "2017-10-01 12:00"),
            (&[2020.0, 13.0, 1.0], ""),
            (&[2021.0, 2.0, 29.0], ""),
            (&[0.0, 1.0, 1.0], ""),
            (&[2020.0, 1.0, 1.0, 24.0, 0.0], ""),
            (&[2020.0, 1.0, 1.0, 0.0, 0.0, 60.0], ""),
        ];
        for (parts, result) in cases {
            let args: Vec<Value> = parts.iter().copied().map(Value::Real).collect();
            let result = parse_as(KqlType::Datetime, result);
            assert_eq!(crate::call("make_datetime", KqlType::Datetime, &args), Ok(result), "{parts:?}");
        }
    }
}
