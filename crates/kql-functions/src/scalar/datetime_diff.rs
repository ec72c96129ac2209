use super::prelude::*;
use crate::kernels::calendar::{self, PERIOD_NAMES, Period};
use crate::kernels::{binary_opt, convert, spread};
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "datetime_diff",
    signatures: &["(part: literal string, datetime1: datetime, datetime2: datetime) -> long"],
    summary: "How many starts of a period (year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond) lie between two dates, the first minus the second. Weeks begin on Sundays.",
    examples: &[
        ("print datetime_diff('year', datetime(2017-01-01), datetime(2000-12-31))", "17"),
        ("print datetime_diff('day', datetime(2020-01-01), datetime(2020-01-01 23:59))", "0"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let period = calendar::named(args, 0, Period::from_name, PERIOD_NAMES)?;
    let (left, right) = (convert::datetimes(&args.args[1]), convert::datetimes(&args.args[2]));
    let column: Int64Array = binary_opt(&left, &right, |left, right| period.difference(left, right));
    spread(Arc::new(column), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_differences() {
        let cases = [
            ("year", "2017-01-01", "2000-12-31", 17),
            ("quarter", "2017-07-01", "2017-03-30", 2),
            ("month", "2017-01-01", "2015-12-30", 13),
            ("week", "2017-10-29 00:00", "2017-09-30 23:59", 5),
            ("day", "2017-10-29 00:00", "2017-09-30 23:59", 29),
            ("hour", "2017-10-31 01:00", "2017-10-30 23:59", 2),
            ("minute", "2017-10-30 23:05:01", "2017-10-30 23:00:59", 5),
            ("second", "2017-10-30 23:00:10.100", "2017-10-30 23:00:00.900", 10),
            ("millisecond", "2017-10-30 23:00:00.200100", "2017-10-30 23:00:00.100900", 100),
            ("microsecond", "2017-10-30 23:00:00.1009001", "2017-10-30 23:00:00.1008009", 100),
            ("nanosecond", "2017-10-30 23:00:00.0000000", "2017-10-30 23:00:00.0000007", -700),
            ("YEAR", "2020-12-31", "2021-01-01", -1),
        ];
        for (period, left, right, result) in cases {
            let [left, right] = [left, right].map(|text| parse_as(KqlType::Datetime, text));
            let args = [Value::String(period.into()), left, right];
            assert_eq!(crate::call("datetime_diff", KqlType::Long, &args), Ok(Value::Long(result)), "{args:?}");
        }
    }
}
