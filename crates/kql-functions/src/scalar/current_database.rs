use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "current_database",
    signatures: &["() -> string"],
    summary: "The database (workspace) that the query runs in.",
    examples: &[("print strlen(current_database()) >= 0", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.strings(|_| &args.ctx.database))
}
