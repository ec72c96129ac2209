use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_concat",
    signatures: &["(array+: array) -> dynamic"],
    summary: "One array of the elements of all the arrays. A value that is no array is left out; null when none is one.",
    examples: &[("print array_concat(dynamic([1, 2]), dynamic([\"a\"]))", "[1,2,\"a\"]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let arrays: Vec<&str> = args
            .args
            .iter()
            .filter_map(|arg| dynamics::dynamic(arg, row))
            .filter(|json| raw::kind(json) == raw::Kind::Array)
            .collect();
        dynamics::write_array(out, arrays.iter().flat_map(|json| raw::items(json)));
        !arrays.is_empty()
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn joins_arrays() {
        for (arrays, expected) in [
            (vec!["[1,2,4]", "[1,2]"], "[1,2,4,1,2]"),
            (vec!["[1]", "[]", r#"[{"a":[2]}]"#], r#"[1,{"a":[2]}]"#),
            (vec!["[]", "[]"], "[]"),
            (vec!["null", "[1]"], "[1]"),
            (vec!["null", "2"], "null"),
        ] {
            assert_eq!(json_of("array_concat", &arrays.iter().map(|json| d(json)).collect::<Vec<_>>()), expected);
        }
    }
}
