use super::prelude::*;
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "string_size",
    signatures: &["(source: string|dynamic) -> long"],
    naming: Naming::NameAndFirstArgument,
    summary: "The number of bytes of a string in UTF-8.",
    examples: &[("print string_size('hello')", "5"), ("print string_size('⒦⒰⒮⒯⒪')", "15")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let source = Texts::of(args, 0);
    Ok(args.longs(|row| Some(source.get(row).len() as i64)))
}
