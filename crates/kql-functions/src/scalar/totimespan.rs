use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "totimespan",
    aliases: &["totime"],
    signatures: &["(value: scalar) -> timespan"],
    naming: Naming::FirstArgument,
    summary: "Converts to timespan: texts like `1.02:03:04.5`, `90s` or a whole number of days; whole numbers as ticks of 100 ns. Null for anything else.",
    examples: &[("print totimespan('0.00:03:00')", "00:03:00"), ("print totimespan('90s')", "00:01:30")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::Timespan), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_ticks() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::Timespan);
        let cases = [
            (text("1.02:03:04.5"), Value::Timespan(937_845_000_000)),
            (text("-00:30:00"), Value::Timespan(-18_000_000_000)),
            (text("1.5"), null.clone()),
            (Value::Long(7), Value::Timespan(7)),
            (json("\"1d\""), Value::Timespan(864_000_000_000)),
        ];
        for (value, result) in cases {
            assert_eq!(
                crate::call("totimespan", KqlType::Timespan, std::slice::from_ref(&value)),
                Ok(result),
                "{value:?}"
            );
        }
    }
}
