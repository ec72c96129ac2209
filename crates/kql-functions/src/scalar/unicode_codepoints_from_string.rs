use super::prelude::*;
use super::texts::{Texts, build_texts};
use std::fmt::Write as _;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "unicode_codepoints_from_string",
    aliases: &["to_utf8"],
    signatures: &["(value: scalar) -> dynamic"],
    summary: "The Unicode code points of a text's characters, as an array of numbers.",
    examples: &[
        ("print unicode_codepoints_from_string('⒦⒰⒮⒯⒪')", "[9382,9392,9390,9391,9386]"),
        ("print unicode_codepoints_from_string('')", "[]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let value = Texts::of(args, 0);
    build_texts(args, |row, out| {
        out.push('[');
        for (i, character) in value.get(row).chars().enumerate() {
            let separator = if i > 0 { "," } else { "" };
            // Writing to a string does not fail.
            let _ = write!(out, "{separator}{}", u32::from(character));
        }
        out.push(']');
        Ok(true)
    })
}
