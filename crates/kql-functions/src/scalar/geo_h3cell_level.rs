use super::h3;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_h3cell_level",
    signatures: &["(h3cell: string) -> int"],
    summary: "The resolution of an H3 cell, 0 to 15. Null when the token is no cell.",
    examples: &[("print geo_h3cell_level('862a1072fffffff')", "6"), ("print isnull(geo_h3cell_level('abc'))", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let tokens = args.str(0);
    Ok(args.ints(|row| Some(i32::from(u8::from(h3::cell(tokens.get(row))?.resolution())))))
}
