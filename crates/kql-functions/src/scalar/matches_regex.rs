use super::prelude::*;
use super::regexes::{Patterns, compile};
use super::texts::{Texts, constant_text, test_texts};
use arrow::array::BooleanBuilder;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "matches regex",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether a regular expression matches anywhere in a text. Letters match in the same case unless the \
              expression begins with `(?i)`.",
    examples: &[
        ("print 'Fabrikam' matches regex 'b.*k'", "true"),
        ("print 'Fabrikam' matches regex '^rik'", "false"),
        ("print 'Fabrikam' matches regex '(?i)FAB'", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    if let Some(pattern) = constant_text(args, 1) {
        let regex = compile(&pattern)?;
        return Ok(test_texts(args, 0, |text| regex.is_match(text)));
    }
    let left = Texts::of(args, 0);
    let mut patterns = Patterns::of(args, 1);
    let mut found = BooleanBuilder::with_capacity(args.rows);
    for row in 0..args.rows {
        found.append_value(patterns.at(row)?.regex.is_match(&left.get(row)));
    }
    Ok(Arc::new(found.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_pattern_is_an_error() {
        let text = |text: &str| Value::String(text.into());
        assert_eq!(
            crate::call("matches regex", KqlType::Bool, &[text("x"), text("[")]),
            Err(EvalError::new("`[` is not a regular expression: unclosed character class"))
        );
        assert_eq!(
            crate::call("matches regex", KqlType::Bool, &[text("a\nb"), text("(?m)^b$")]),
            Ok(Value::Bool(true))
        );
        let dynamic = parse_as(KqlType::Dynamic, r#"{"a":"xyz"}"#);
        assert_eq!(
            crate::call("matches regex", KqlType::Bool, &[dynamic, text(r#""a":"x.z""#)]),
            Ok(Value::Bool(true))
        );
    }
}
