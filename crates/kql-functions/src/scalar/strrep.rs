use super::prelude::*;
use super::texts::{Texts, build_strings, push};

/// A text is repeated this often at most (Kusto reference, "strrep()").
const REPEATS_MAX: i64 = 1024;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "strrep",
    signatures: &["(value: scalar, multiplier: long, delimiter?: scalar) -> string"],
    summary: "A text repeated a number of times, at most 1024, with the delimiter between; empty when the number is null or \
              less than 1.",
    examples: &[
        ("print strrep('ABC', 2)", "ABCABC"),
        ("print strrep(123, 3, '.')", "123.123.123"),
        ("print strrep(3s, 2, ' ')", "00:00:03 00:00:03"),
        ("print strlen(strrep('a', 5000))", "1024"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let value = Texts::of(args, 0);
    let multiplier = args.long(1);
    let delimiter = args.opt(2).map(Texts::from);
    build_strings(args, |row, out| {
        let value = value.get(row);
        let times = multiplier.get(row).unwrap_or(0).min(REPEATS_MAX);
        for i in 0..times {
            if i > 0
                && let Some(delimiter) = &delimiter
            {
                push(out, &delimiter.get(row))?;
            }
            push(out, &value)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_bounded() {
        let repeat = |text: Value| crate::call("strrep", KqlType::String, &[text, Value::Long(1024)]);
        let long = repeat(Value::String("ab".into())).and_then(repeat);
        assert_eq!(long.clone().map(|text| text.to_text().len()), Ok(2 << 20));
        assert_eq!(long.and_then(repeat), Err(EvalError::new("a text would be longer than 64 MB")));
        assert_eq!(
            crate::call("strrep", KqlType::String, &[Value::Long(1), Value::Long(-1)]),
            Ok(Value::String("".into()))
        );
    }
}
