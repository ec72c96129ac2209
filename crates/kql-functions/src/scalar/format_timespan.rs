use super::prelude::*;
use crate::kernels::convert;
use crate::kernels::patterns::{Pattern, Subject};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "format_timespan",
    signatures: &["(timespan: timespan, format: literal string) -> string"],
    naming: Naming::FirstArgument,
    summary: "A timespan in a format of the specifiers `d` to `dddddddd` for days, `H`, `HH`, `h`, `hh`, `m`, `mm`, `s`, `ss`, `f` to `fffffff`, `F` to `FFFFFFF` and the delimiters ` /-:,._[]`. Empty for null.",
    examples: &[("print format_timespan(time(29.09:00:05.12345), 'dd.hh:mm:ss:FF')", "29.09:00:05:12")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (values, format) = (convert::timespans(&args.args[0]), args.str(1));
    let constant = args.args[1].constant.then(|| Pattern::parse(format.get(0), Subject::Timespan)).transpose()?;
    let mut builder = arrow::array::StringViewBuilder::with_capacity(args.rows);
    let mut text = String::new();
    for row in 0..args.rows {
        text.clear();
        if let Some(value) = values.get(row) {
            match &constant {
                Some(pattern) => pattern.write(&mut text, value),
                None => Pattern::parse(format.get(row), Subject::Timespan)?.write(&mut text, value),
            }
        }
        builder.append_value(&text);
    }
    Ok(Arc::new(builder.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let cases = [
            ("29.09:00:05.12345", "ddd.h:mm:ss [fffffff]", "029.9:00:05 [1234500]"),
            ("-02:30:00", "hh:mm", "-02:30"),
            ("-00:01:30", "mm:ss", "-01:30"),
            ("1.00:00:00", "dddd", "0001"),
            ("2.05:00:00", "d.h", "2.5"),
            ("1.02:01:00", "hh:mm", "02:01"),
            ("10675199.02:48:05.4775807", "d.hh:mm:ss", "10675199.02:48:05"),
        ];
        for (value, format, result) in cases {
            let args = [parse_as(KqlType::Timespan, value), Value::String(format.into())];
            let result = Value::String(result.into());
            assert_eq!(crate::call("format_timespan", KqlType::String, &args), Ok(result), "{value} {format}");
        }
        assert_eq!(
            crate::call(
                "format_timespan",
                KqlType::String,
                &[Value::Null(KqlType::Timespan), Value::String("ss".into())]
            ),
            Ok(Value::String(String::new()))
        );
        for format in ["ssT", "K", "é", "%d"] {
            let args = [parse_as(KqlType::Timespan, "1"), Value::String(format.into())];
            assert!(crate::call("format_timespan", KqlType::String, &args).is_err(), "{format}");
        }
    }
}
