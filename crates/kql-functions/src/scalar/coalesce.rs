use super::prelude::*;
use crate::kernels::choose;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "coalesce",
    signatures: &["(arg: commonscalar, others+: commonscalar) -> common"],
    summary: "The first argument that is not null; of strings, the first that is not empty.",
    examples: &[("print coalesce(tolong('not a number'), tolong('42'), 33)", "42"), ("print coalesce('', 'b')", "b")],
    body: Body::Eval(choose::first_present),
    ..ScalarFunction::DEFAULT
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_empty_strings_are_passed_over() {
        let (none, text) = (Value::Null(KqlType::Int), |text: &str| Value::String(text.to_string()));
        let cases = [
            (vec![none.clone(), Value::Int(5), Value::Int(7)], Value::Int(5)),
            (vec![none.clone(), none.clone()], none.clone()),
            (vec![none.clone(), Value::Real(1.5)], Value::Real(1.5)),
            (vec![text(""), text("b"), text("c")], text("b")),
            (vec![text(""), text("")], text("")),
            (
                vec![Value::Null(KqlType::Dynamic), Value::Dynamic(Dynamic::Bool(true))],
                Value::Dynamic(Dynamic::Bool(true)),
            ),
        ];
        for (args, result) in cases {
            assert_eq!(crate::call("coalesce", result.ktype(), &args), Ok(result), "{args:?}");
        }
    }
}
