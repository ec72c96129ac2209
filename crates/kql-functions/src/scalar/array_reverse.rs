use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_reverse",
    signatures: &["(value: array) -> dynamic"],
    summary: "An array's elements, last one first; null when the value is no array.",
    examples: &[("print array_reverse(dynamic([1, 2, 3]))", "[3,2,1]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(items) = dynamics::array(&args.args[0], row) else { return false };
        dynamics::write_array(out, items.into_iter().rev());
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn turns_arrays_round() {
        for (json, expected) in [
            (r#"["this","is","an","example"]"#, r#"["example","an","is","this"]"#),
            ("[]", "[]"),
            ("[[1,2],3]", "[3,[1,2]]"),
            (r#""abc""#, "null"),
        ] {
            assert_eq!(json_of("array_reverse", &[d(json)]), expected);
        }
    }
}
