use super::prelude::*;
use crate::kernels::convert;
use crate::kernels::patterns::{Pattern, Subject};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "format_datetime",
    signatures: &["(date: datetime, format: literal string) -> string"],
    naming: Naming::FirstArgument,
    summary: "A date in a format of the specifiers `d`, `dd`, `f` to `fffffff`, `F` to `FFFFFFF`, `h`, `hh`, `H`, `HH`, `m`, `mm`, `M`, `MM`, `s`, `ss`, `y`, `yy`, `yyyy`, `tt` and the delimiters ` /-:,._[]`. Empty for null.",
    examples: &[(
        "print format_datetime(datetime(2017-01-29 09:00:05), 'yy-MM-dd [hh:mm:ss tt]')",
        "17-01-29 [09:00:05 AM]",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (values, format) = (convert::datetimes(&args.args[0]), args.str(1));
    let constant = args.args[1].constant.then(|| Pattern::parse(format.get(0), Subject::Datetime)).transpose()?;
    let mut builder = arrow::array::StringViewBuilder::with_capacity(args.rows);
    let mut text = String::new();
    for row in 0..args.rows {
        text.clear();
        if let Some(value) = values.get(row) {
            match &constant {
                Some(pattern) => pattern.write(&mut text, value),
                None => Pattern::parse(format.get(row), Subject::Datetime)?.write(&mut text, value),
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
            ("2020-06-15 13:45:09.1234567", "yyyy-MM-dd HH:mm:ss.fffffff", "2020-06-15 13:45:09.1234567"),
            ("2020-06-15 13:45:09", "M/d/yyyy h:mm:ss tt", "6/15/2020 1:45:09 PM"),
            ("2007-03-09 05:04:03", "dddd, MMMM d, yyyy", "0909, 0303 9, 2007"),
            ("2007-03-09 05:04:03", "ddd MMM", "099 033"),
            ("2007-03-09 00:30", "hh:mm tt", "12:30 AM"),
            ("2009-06-15", "y yy yyy", "9 09 099"),
            ("0900-01-01", "yyyy_M_d", "0900_1_1"),
            ("2020-06-15 13:45:09", "ss.FFFFFFF", "09."),
            ("2020-06-15 13:45:09.000115", "FFFFFFF", "000115"),
            ("2020-06-15 13:45:09.05", "F", ""),
        ];
        for (value, format, result) in cases {
            let args = [parse_as(KqlType::Datetime, value), Value::String(format.into())];
            let result = Value::String(result.into());
            assert_eq!(crate::call("format_datetime", KqlType::String, &args), Ok(result), "{value} {format}");
        }
        assert_eq!(
            crate::call(
                "format_datetime",
                KqlType::String,
                &[Value::Null(KqlType::Datetime), Value::String("ss".into())]
            ),
            Ok(Value::String(String::new()))
        );
        for format in ["ssT", "K", "é", "%d"] {
            let args = [parse_as(KqlType::Datetime, "1"), Value::String(format.into())];
            assert!(crate::call("format_datetime", KqlType::String, &args).is_err(), "{format}");
        }
    }
}
