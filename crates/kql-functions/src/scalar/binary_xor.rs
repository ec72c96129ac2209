use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_xor",
    signatures: &["(value1: integer, value2: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The bits that exactly one of the values has; null when one is null.",
    examples: &[("print binary_xor(1, 2)", "3")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (a, b) = (args.long(0), args.long(1));
    Ok(args.longs(|row| Some(a.get(row)? ^ b.get(row)?)))
}
