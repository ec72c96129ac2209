use super::prelude::*;
use crate::kernels::calendar::{Period, day_of_week};
use crate::kernels::{convert, spread};
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "dayofweek",
    signatures: &["(date: datetime) -> timespan"],
    summary: "The time since the last Sunday in whole days, as a timespan. Null in the last days of 9999, whose week no datetime can end.",
    examples: &[
        ("print dayofweek(datetime(1970-05-11))", "1.00:00:00"),
        ("print toint(dayofweek(datetime(1970-05-12)) / 1d)", "2"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    // Kusto's engine has no answer where the week does not end within 9999.
    let days = |date: i64| Period::Week.end(date, 0).map(|_| day_of_week(date) * ticks::DAY);
    let column: Int64Array = convert::datetimes(&args.args[0]).map_opt(days);
    spread(Arc::new(column), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_sundays() {
        let cases = [
            ("1947-11-30 10:00:05", Some(0)),
            ("0001-01-01", Some(1)),
            ("2024-02-29", Some(4)),
            ("9999-12-25", Some(6)),
            ("9999-12-31", None),
        ];
        for (date, days) in cases {
            let result = days.map_or(Value::Null(KqlType::Timespan), |days| Value::Timespan(days * ticks::DAY));
            let date = parse_as(KqlType::Datetime, date);
            assert_eq!(crate::call("dayofweek", KqlType::Timespan, &[date]), Ok(result));
        }
    }
}
