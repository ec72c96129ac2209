use super::prelude::*;
use super::texts::{Texts, build_strings, push};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "strcat",
    signatures: &["(arg+: scalar) -> string"],
    summary: "The arguments, each as its text, one after another. Null adds nothing.",
    examples: &[
        ("print strcat('hello', ' ', 'world')", "hello world"),
        ("print strcat('a', 1, 1s)", "a100:00:01"),
        ("print strcat('a', long(null), 'b')", "ab"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let parts: Vec<Texts> = args.args.iter().map(Texts::from).collect();
    build_strings(args, |row, out| parts.iter().try_for_each(|part| push(out, &part.get(row))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamics_and_numbers_are_their_text() {
        let args = [
            parse_as(KqlType::Dynamic, "\"a\\nb\""),
            parse_as(KqlType::Dynamic, "[1,2]"),
            Value::Null(KqlType::Dynamic),
            Value::Real(1.5),
            Value::Int(-3),
        ];
        assert_eq!(crate::call("strcat", KqlType::String, &args), Ok(Value::String("a\nb[1,2]1.5-3".into())));
    }
}
