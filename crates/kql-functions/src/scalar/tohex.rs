use super::prelude::*;
use super::texts::build_strings;
use std::fmt::Write as _;

/// A long has 16 hexadecimal digits.
const DIGITS_MAX: i64 = 16;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "tohex",
    signatures: &["(value: integer, minLength?: integer) -> string"],
    naming: Naming::FirstArgument,
    summary: "A whole number in hexadecimal digits, with zeros before it up to a length of at most 16. A negative number \
              is the two's complement of its type: 8 digits for int, 16 for long. Empty for null.",
    examples: &[
        ("print tohex(256)", "100"),
        ("print tohex(-256)", "ffffffffffffff00"),
        ("print tohex(toint(-256), 8)", "ffffff00"),
        ("print tohex(256, 8)", "00000100"),
        ("print tohex(256, 2)", "100"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let value = args.long(0);
    let is_int = args.args[0].ktype == KqlType::Int;
    let min_length = args.opt(1).map(Arg::longs);
    build_strings(args, |row, out| {
        let Some(value) = value.get(row) else { return Ok(()) };
        let bits = if is_int { u64::from(value as u32) } else { value as u64 };
        let width = min_length.as_ref().and_then(|length| length.get(row)).unwrap_or(0).clamp(0, DIGITS_MAX) as usize;
        // Writing to a string does not fail.
        let _ = write!(out, "{bits:0width$x}");
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_lengths() {
        let cases = [
            (vec![Value::Long(-1)], "ffffffffffffffff"),
            (vec![Value::Int(-1)], "ffffffff"),
            (vec![Value::Int(-256), Value::Long(10)], "00ffffff00"),
            (vec![Value::Long(0)], "0"),
            (vec![Value::Long(255), Value::Long(99)], "00000000000000ff"),
            (vec![Value::Long(255), Value::Long(-5)], "ff"),
            (vec![Value::Null(KqlType::Long)], ""),
        ];
        for (args, expected) in cases {
            assert_eq!(crate::call("tohex", KqlType::String, &args), Ok(Value::String(expected.into())), "{args:?}");
        }
    }
}
