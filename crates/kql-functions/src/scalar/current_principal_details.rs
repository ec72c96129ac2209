use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "current_principal_details",
    signatures: &["() -> dynamic"],
    summary: "A bag with what is known of the person or program that runs the query: `UserPrincipalName`, `DisplayName` and `FQN`.",
    examples: &[("print gettype(current_principal_details())", "dictionary")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let name = || Dynamic::String(args.ctx.principal.clone());
    let details =
        Dynamic::Bag(["UserPrincipalName", "DisplayName", "FQN"].map(|key| (key.to_string(), name())).to_vec());
    let json = details.to_json();
    Ok(args.texts(|_| Some(&json)))
}
