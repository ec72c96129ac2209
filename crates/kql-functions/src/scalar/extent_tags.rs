use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "extent_tags",
    signatures: &["() -> dynamic"],
    summary: "The tags of the extent that holds the record; null, as extents have none.",
    examples: &[("print isnull(extent_tags())", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.texts(|_| None::<&str>))
}
