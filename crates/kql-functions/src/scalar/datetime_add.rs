use super::prelude::*;
use crate::kernels::calendar::{self, PERIOD_NAMES, Period};
use crate::kernels::{binary_opt, convert, spread};
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "datetime_add",
    signatures: &["(part: literal string, value: integer, datetime: datetime) -> datetime"],
    summary: "A date so many periods later: year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond. A day that the month does not have becomes its last; null where no datetime can hold the result.",
    examples: &[
        ("print datetime_add('month', 1, datetime(2020-01-31))", "2020-02-29T00:00:00.0000000Z"),
        ("print datetime_add('week', 100, make_datetime(2017, 1, 1))", "2018-12-02T00:00:00.0000000Z"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let period = calendar::named(args, 0, Period::from_name, PERIOD_NAMES)?;
    let (count, date) = (convert::longs(&args.args[1]), convert::datetimes(&args.args[2]));
    let column: Int64Array = binary_opt(&date, &count, |date, count| period.add(date, count));
    spread(Arc::new(column), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_clamped_and_the_ends_of_time_kept() {
        let cases = [
            ("year", 1, "2020-02-29", "2021-02-28"),
            ("month", -1, "2020-03-31 00:00:00.0000001", "2020-02-29 00:00:00.0000001"),
            ("month", 13, "2019-01-31", "2020-02-29"),
            ("quarter", -5, "2020-05-31", "2019-02-28"),
            ("quarter", 1, "2020-11-30", "2021-02-28"),
            ("week", -53, "2021-03-15 12:00", "2020-03-09 12:00"),
            ("Day", 400, "2020-01-01", "2021-02-04"),
            ("second", -90_061, "2020-01-01", "2019-12-30 22:58:59"),
            ("millisecond", 1500, "2020-01-01", "2020-01-01 00:00:01.5"),
            ("nanosecond", 299, "2020-01-01", "2020-01-01 00:00:00.0000002"),
            ("day", -1, "0001-01-01 12:00", ""),
            ("year", 8000, "2020-01-01", ""),
            ("year", i64::MAX, "2020-01-01", ""),
        ];
        for (period, count, date, result) in cases {
            let [date, result] = [date, result].map(|text| parse_as(KqlType::Datetime, text));
            let args = [Value::String(period.into()), Value::Long(count), date];
            assert_eq!(crate::call("datetime_add", KqlType::Datetime, &args), Ok(result), "{args:?}");
        }
    }
}
