use super::prelude::*;
use super::punycode::encode;
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "punycode_from_string",
    signatures: &["(string: string) -> string"],
    summary: "A text in punycode, without the `xn--` that a domain name has before it; empty when it cannot be encoded.",
    examples: &[("print punycode_from_string('académie-française')", "acadmie-franaise-npb1a")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let text = Texts::of(args, 0);
    Ok(args.strings(|row| encode(&text.get(row)).unwrap_or_default()))
}
