use super::characters;
use super::prelude::*;
use super::texts::{Texts, build_strings};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "substring",
    signatures: &["(source: scalar, start: integer, length?: integer) -> string"],
    summary: "The part of a text from a character on (from 0; a negative number counts from the end), of a number of \
              characters or to the end. Empty where there is nothing, and when a number is null.",
    examples: &[
        ("print substring('123456', 1)", "23456"),
        ("print substring('123456', 2, 2)", "34"),
        ("print substring('ABCD', 0, 2)", "AB"),
        ("print substring('123456', -2, 2)", "56"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let source = Texts::of(args, 0);
    let start = args.long(1);
    let length = args.opt(2).map(Arg::longs);
    build_strings(args, |row, out| {
        let source = source.get(row);
        let Some(start) = start.get(row) else { return Ok(()) };
        let rest = characters::from(&source, start);
        out.push_str(match &length {
            Some(length) => characters::first(rest, length.get(row).unwrap_or(0)),
            None => rest,
        });
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        let cases = [
            ("héllo", 1, None, "éllo"),
            ("héllo", -4, Some(2), "él"),
            ("héllo", -9, Some(2), "hé"),
            ("abc", 3, None, ""),
            ("abc", 9, Some(1), ""),
            ("abc", 1, Some(-1), ""),
            ("abc", i64::MIN, Some(i64::MAX), "abc"),
            ("abc", i64::MAX, Some(1), ""),
        ];
        for (text, start, length, expected) in cases {
            let mut args = vec![Value::String(text.into()), Value::Long(start)];
            args.extend(length.map(Value::Long));
            assert_eq!(
                crate::call("substring", KqlType::String, &args),
                Ok(Value::String(expected.into())),
                "{args:?}"
            );
        }
    }
}
