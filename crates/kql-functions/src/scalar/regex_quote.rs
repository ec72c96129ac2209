use super::prelude::*;
use super::texts::{Texts, build_strings};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "regex_quote",
    signatures: &["(string: scalar) -> string"],
    summary: "A regular expression that matches exactly the given text: its special characters with a backslash before \
              them.",
    examples: &[("print regex_quote('(so$me.Te^xt)')", r"\(so\$me\.Te\^xt\)")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let text = Texts::of(args, 0);
    build_strings(args, |row, out| {
        for character in text.get(row).chars() {
            if regex_syntax::is_meta_character(character) {
                out.push('\\');
            }
            out.push(character);
        }
        Ok(())
    })
}
