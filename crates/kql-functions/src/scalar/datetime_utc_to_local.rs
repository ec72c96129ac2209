use super::prelude::*;
use crate::kernels::zones;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "datetime_utc_to_local",
    signatures: &["(from: datetime, timezone: string) -> datetime"],
    summary: "A date in UTC as the local time of a time zone of the IANA database. Null for an unknown zone in a column.",
    examples: &[(
        "print datetime_utc_to_local(datetime(2022-07-11 22:18:48), 'US/Pacific')",
        "2022-07-11T15:18:48.0000000Z",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    zones::eval(args, zones::utc_to_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_and_unknown_zones() {
        let date = parse_as(KqlType::Datetime, "2022-07-11 22:18:48.4678620");
        let local = |zone: &str| {
            crate::call("datetime_utc_to_local", KqlType::Datetime, &[date.clone(), Value::String(zone.into())])
        };
        assert_eq!(local("US/Pacific"), Ok(parse_as(KqlType::Datetime, "2022-07-11 15:18:48.4678620")));
        assert_eq!(local("Australia/Canberra"), Ok(parse_as(KqlType::Datetime, "2022-07-12 08:18:48.4678620")));
        assert!(local("Mars/Olympus").is_err_and(|error| error.0 == "`Mars/Olympus` is no time zone"));
    }
}
