use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_sum",
    signatures: &["(array: array) -> real"],
    summary: "The sum of an array's elements. Nulls count as nothing; null when the value is no array or an element is \
              neither a number nor null.",
    examples: &[("print array_sum(dynamic([1, 2, 3, 4]))", "10.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.reals(|row| sum(dynamics::dynamic(&args.args[0], row)?)))
}

fn sum(json: &str) -> Option<f64> {
    if raw::kind(json) != raw::Kind::Array {
        return None;
    }
    raw::items(json).filter(|item| raw::kind(item) != raw::Kind::Null).map(number).sum()
}

/// Reads a number; NaN and the infinities stand in JSON as texts.
fn number(json: &str) -> Option<f64> {
    dynamics::real(json).or_else(|| Dynamic::String(raw::string(json)?.into_owned()).as_real())
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::d;
    use schema::{KqlType, Value};

    #[test]
    fn adds_numbers() {
        let null = || Value::Null(KqlType::Real);
        for (json, expected) in [
            ("[1,2,3,4]", Value::Real(10.0)),
            ("[2.5,null,5.5]", Value::Real(8.0)),
            ("[]", Value::Real(0.0)),
            (r#"[1,"Infinity"]"#, Value::Real(f64::INFINITY)),
            (r#"[1,"2"]"#, null()),
            ("[1,true]", null()),
            ("7", null()),
        ] {
            assert_eq!(crate::call("array_sum", KqlType::Real, &[d(json)]), Ok(expected), "{json}");
        }
    }
}
