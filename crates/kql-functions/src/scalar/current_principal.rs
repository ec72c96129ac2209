use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "current_principal",
    signatures: &["() -> string"],
    summary: "The name of the person or program that runs the query; empty when nobody is signed in.",
    examples: &[("print strlen(current_principal()) >= 0", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.strings(|_| &args.ctx.principal))
}
