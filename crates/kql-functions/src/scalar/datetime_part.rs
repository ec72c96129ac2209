use super::prelude::*;
use crate::kernels::calendar::{self, PART_NAMES, Part};
use crate::kernels::{convert, spread};
use arrow::array::Int32Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "datetime_part",
    aliases: &["datepart"],
    signatures: &["(part: literal string, date: datetime) -> int"],
    summary: "A part of a date: year, quarter, month, week_of_year, day, dayofyear, hour, minute, second, or the millisecond, microsecond or nanosecond of the second.",
    examples: &[
        ("print datetime_part('dayOfYear', datetime(2017-10-30 01:02:03.7654321))", "303"),
        ("print datetime_part('nanosecond', datetime(2017-10-30 01:02:03.7654321))", "765432100"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let part = calendar::named(args, 0, Part::from_name, PART_NAMES)?;
    let column: Int32Array = convert::datetimes(&args.args[1]).map(|date| part.of(date));
    spread(Arc::new(column), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_date_has_these_parts() {
        let date = parse_as(KqlType::Datetime, "2017-10-30 01:02:03.7654321");
        let cases = [
            ("year", 2017),
            ("Quarter", 4),
            ("month", 10),
            ("week_of_year", 44),
            ("day", 30),
            ("DayOfYear", 303),
            ("hour", 1),
            ("minute", 2),
            ("second", 3),
            ("millisecond", 765),
            ("microsecond", 765_432),
            ("nanosecond", 765_432_100),
        ];
        for (part, result) in cases {
            let found = crate::call("datetime_part", KqlType::Int, &[Value::String(part.into()), date.clone()]);
            assert_eq!(found, Ok(Value::Int(result)), "{part}");
        }
        let unknown = crate::call("datetime_part", KqlType::Int, &[Value::String("era".into()), date]);
        assert!(unknown.is_err_and(|error| error.0.starts_with("`era` is none of year")));
    }
}
