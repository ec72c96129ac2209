use super::prelude::*;
use crate::kernels::zones;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "datetime_local_to_utc",
    signatures: &["(from: datetime, timezone: string) -> datetime"],
    summary: "The UTC date of a local time in a time zone of the IANA database. A local time that the zone has twice is the first of the two. Null for an unknown zone in a column.",
    examples: &[(
        "print datetime_local_to_utc(datetime(2020-02-02 20:02:20), 'Europe/Paris')",
        "2020-02-02T19:02:20.0000000Z",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    zones::eval(args, zones::local_to_utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_become_utc() {
        let cases = [
            ("2020-02-02 20:02:20", "US/Pacific", "2020-02-03 04:02:20"),
            ("2020-02-02 20:02:20", "America/Chicago", "2020-02-03 02:02:20"),
            ("2022-03-27 01:00", "Europe/Brussels", "2022-03-27 00:00"),
            ("2022-03-27 02:00", "Europe/Brussels", "2022-03-27 00:00"),
            ("2022-03-27 03:00", "Europe/Brussels", "2022-03-27 01:00"),
            ("2022-10-30 02:30:00.0000001", "Europe/Brussels", "2022-10-30 00:30:00.0000001"),
            ("0001-01-01", "Asia/Tokyo", ""),
        ];
        for (local, zone, utc) in cases {
            let [local, utc] = [local, utc].map(|text| parse_as(KqlType::Datetime, text));
            let args = [local, Value::String(zone.into())];
            assert_eq!(crate::call("datetime_local_to_utc", KqlType::Datetime, &args), Ok(utc), "{args:?}");
        }
    }
}
