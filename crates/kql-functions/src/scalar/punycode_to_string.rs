use super::prelude::*;
use super::punycode::decode;
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "punycode_to_string",
    signatures: &["(string: string) -> string"],
    summary: "The text that is given in punycode; empty when it is none.",
    examples: &[("print punycode_to_string('acadmie-franaise-npb1a')", "académie-française")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let text = Texts::of(args, 0);
    Ok(args.strings(|row| decode(&text.get(row)).unwrap_or_default()))
}
