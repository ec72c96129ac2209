use super::percent_encoding::decode;
use super::prelude::*;
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "url_decode",
    signatures: &["(encoded_url: string) -> string"],
    summary: "A percent-encoded text decoded; `+` is a blank. What is no encoded character stays as it is.",
    examples: &[("print url_decode('https%3a%2f%2fwww.bing.com%2f')", "https://www.bing.com/")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let url = Texts::of(args, 0);
    Ok(args.strings(|row| decode(&url.get(row))))
}
