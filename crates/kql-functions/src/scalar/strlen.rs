use super::prelude::*;
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "strlen",
    signatures: &["(source: string|dynamic) -> long"],
    naming: Naming::NameAndFirstArgument,
    summary: "The number of characters (Unicode code points) of a string.",
    examples: &[("print strlen('hello')", "5"), ("print strlen('')", "0"), ("print strlen('⒦⒰⒮⒯⒪')", "5")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let source = Texts::of(args, 0);
    Ok(args.longs(|row| Some(source.get(row).chars().count() as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(crate::call("strlen", KqlType::Long, &[Value::String("⒦é".into())]), Ok(Value::Long(2)));
        assert_eq!(crate::call("strlen", KqlType::Long, &[parse_as(KqlType::Dynamic, "\"a\\n\"")]), Ok(Value::Long(2)));
    }
}
