use super::prelude::*;
use super::punycode::decode_domain;
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "punycode_domain_from_string",
    signatures: &["(string: string) -> string"],
    summary: "A domain name with its labels in punycode decoded; empty when one cannot be.",
    examples: &[("print punycode_domain_from_string('xn--Ge-mia.Bulg.edu')", "Gáe.Bulg.edu")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let text = Texts::of(args, 0);
    Ok(args.strings(|row| decode_domain(&text.get(row)).unwrap_or_default()))
}
