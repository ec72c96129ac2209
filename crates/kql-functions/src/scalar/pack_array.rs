use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "pack_array",
    signatures: &["(value+: star scalar) -> dynamic"],
    summary: "An array of the values; `pack_array(*)` packs all columns of the row.",
    examples: &[
        ("print pack_array(1, 'a', 2 * 1s)", "[1,\"a\",\"00:00:02\"]"),
        ("print pack_array(dynamic([1]), int(null))", "[[1],null]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        out.push('[');
        for (i, value) in args.args.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(&dynamics::json(value, row));
        }
        out.push(']');
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};
    use schema::{KqlType, Value};

    #[test]
    fn packs_values_in_order() {
        let args = [Value::Long(1), s("2"), Value::Timespan(60_000_000), Value::Null(KqlType::Real), d("[1,{}]")];
        assert_eq!(json_of("pack_array", &args), r#"[1,"2","00:00:06",null,[1,{}]]"#);
    }
}
