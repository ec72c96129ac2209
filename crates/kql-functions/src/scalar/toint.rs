use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "toint",
    signatures: &["(value: scalar) -> int"],
    naming: Naming::FirstArgument,
    summary: "Converts to int: reals are cut to their whole part, a larger whole number wraps, a text must be a whole number in range (`0x` for hexadecimal). Null for anything else.",
    examples: &[("print toint('123')", "123"), ("print toint(2.9)", "2"), ("print isnull(toint('3.14'))", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::Int), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_stops_or_has_none() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::Int);
        let cases = [
            (text("  45  "), Value::Int(45)),
            (text("0xFF"), Value::Int(255)),
            (text("2147483648"), null.clone()),
            (text("3.14"), null.clone()),
            (text("1e3"), null.clone()),
            (Value::Long(2_147_483_648), Value::Int(-2_147_483_648)),
            (Value::Timespan(36_000_000_000), Value::Int(1_640_261_632)),
            (Value::Real(1e30), Value::Int(i32::MAX)),
            (Value::Real(-2.9), Value::Int(-2)),
            (Value::Real(f64::NAN), null.clone()),
            (Value::Bool(true), Value::Int(1)),
            (json("2147483648"), Value::Int(-2_147_483_648)),
            (json("9.99"), Value::Int(9)),
            (json("\"0x10\""), Value::Int(16)),
            (json("{\"a\":1}"), null.clone()),
        ];
        for (value, result) in cases {
            assert_eq!(crate::call("toint", KqlType::Int, std::slice::from_ref(&value)), Ok(result), "{value:?}");
        }
    }
}
