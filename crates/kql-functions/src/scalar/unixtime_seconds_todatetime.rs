use super::prelude::*;
use crate::kernels::unix_time;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "unixtime_seconds_todatetime",
    signatures: &["(number: number) -> datetime"],
    summary: "The datetime that is so many seconds after 1970-01-01 (before it when negative). Null where no datetime can hold it.",
    examples: &[("print unixtime_seconds_todatetime(1546300800)", "2019-01-01T00:00:00.0000000Z")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    unix_time(args, ticks::SECOND, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_ends() {
        let cases = [
            (Value::Long(-1), "1969-12-31 23:59:59"),
            (Value::Real(1_546_300_800.25), "2019-01-01 00:00:00.25"),
            (Value::Long(i64::MAX), ""),
            (Value::Real(f64::NAN), ""),
        ];
        for (number, result) in cases {
            let result = parse_as(KqlType::Datetime, result);
            assert_eq!(crate::call("unixtime_seconds_todatetime", KqlType::Datetime, &[number]), Ok(result));
        }
    }
}
