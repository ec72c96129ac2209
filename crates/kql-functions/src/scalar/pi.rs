use super::prelude::*;
use arrow::array::Float64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "pi",
    signatures: &["() -> real"],
    summary: "The number pi.",
    examples: &[("print round(pi(), 4)", "3.1416")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(Arc::new(Float64Array::from_value(std::f64::consts::PI, args.rows)))
}
