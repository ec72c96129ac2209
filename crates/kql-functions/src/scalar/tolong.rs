use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "tolong",
    signatures: &["(value: scalar) -> long"],
    naming: Naming::FirstArgument,
    summary: "Converts to long: reals are cut to their whole part, dates and timespans give their ticks of 100 ns, a text must be a whole number (`0x` for hexadecimal). Null for anything else.",
    examples: &[("print tolong('123')", "123"), ("print tolong(1d)", "864000000000")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::Long), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_texts_and_ends() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::Long);
        let cases = [
            (Value::Datetime(637_134_336_000_000_000), Value::Long(637_134_336_000_000_000)),
            (text("9223372036854775808"), null.clone()),
            (text("0xFFFFFFFFFFFFFFFF"), Value::Long(-1)),
            (Value::Real(1e19), Value::Long(i64::MAX)),
            (Value::Real(-9.99), Value::Long(-9)),
            (Value::Real(f64::INFINITY), null.clone()),
            (json("\"9223372036854775807\""), Value::Long(i64::MAX)),
            (json("1.7976931348623157e308"), Value::Long(i64::MAX)),
            (Value::Guid("01234567-89ab-cdef-0123-456789abcdef".to_string()), null.clone()),
        ];
        for (value, result) in cases {
            assert_eq!(crate::call("tolong", KqlType::Long, std::slice::from_ref(&value)), Ok(result), "{value:?}");
        }
    }
}
