use super::prelude::*;
use super::punycode::encode_domain;
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "punycode_domain_to_string",
    signatures: &["(string: string) -> string"],
    summary: "A domain name with its labels that are no ASCII in punycode.",
    examples: &[(
        "print punycode_domain_to_string('Riðill｡Skáldskaparmál｡org')",
        "xn--Riill-jta.xn--Skldskaparml-dbbj.org",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let text = Texts::of(args, 0);
    Ok(args.strings(|row| encode_domain(&text.get(row)).unwrap_or_default()))
}
