use super::prelude::*;
use arrow::datatypes::i256;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_version",
    signatures: &["(version: string) -> decimal"],
    summary: "A version of one to four numbers of up to eight digits, as a decimal that orders as versions do; missing \
              numbers count as 0. Null when the text is no version.",
    examples: &[
        ("print parse_version('0.0.7.0')", "700000000"),
        ("print parse_version('1.10') > parse_version('1.9.5')", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let version = args.str(0);
    Ok(args.values(|row| parse(version.get(row)).map_or(Value::Null(KqlType::Decimal), Value::Decimal)))
}

/// Writes each number with eight digits behind the other and reads the whole.
fn parse(version: &str) -> Option<i256> {
    let mut digits = String::with_capacity(32);
    let mut parts = version.split('.');
    for _ in 0..4 {
        let part = parts.next().unwrap_or("0");
        if part.is_empty() || part.len() > 8 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.push_str(&format!("{part:0>8}"));
    }
    if parts.next().is_some() {
        return None;
    }
    number::parse_decimal(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_become_numbers() {
        for (version, expected) in [
            ("0.0.0.5", Some("5")),
            ("0.0.7.0", Some("700000000")),
            ("0.0.3", Some("300000000")),
            ("0.2", Some("20000000000000000")),
            ("1.2.3.4", Some("1000000020000000300000004")),
            ("1", Some("1000000000000000000000000")),
            ("99999999.99999999.99999999.99999999", Some("99999999999999999999999999999999")),
            ("123456789", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("v1", None),
            ("1.", None),
            ("", None),
        ] {
            let parsed = crate::call("parse_version", KqlType::Decimal, &[Value::String(version.into())]);
            let parsed = parsed.map(|value| value.to_text());
            assert_eq!(parsed.as_deref(), Ok(expected.unwrap_or("")), "{version}");
        }
    }
}
