use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "strlen",
    signatures: &["(source: string) -> long"],
    summary: "The number of characters (Unicode code points) of a string.",
    examples: &[("print strlen('hello')", "5"), ("print strlen('')", "0"), ("print strlen('⒦⒰⒮⒯⒪')", "5")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let source = args.str(0);
    Ok(args.longs(|row| Some(source.get(row).chars().count() as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(crate::call("strlen", KqlType::Long, &[Value::String("⒦é".into())]), Ok(Value::Long(2)));
    }
}
