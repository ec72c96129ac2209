use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "extent_id",
    aliases: &["extentid"],
    signatures: &["() -> guid"],
    summary: "The identifier of the extent that holds the record; all zeros for a record that no extent holds, as every calculated one.",
    examples: &[("print extent_id()", "00000000-0000-0000-0000-000000000000")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.texts(|_| Some("00000000-0000-0000-0000-000000000000")))
}
