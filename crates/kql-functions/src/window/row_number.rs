use super::rows::restarts;
use crate::scalar::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "row_number",
    signatures: &["(starting_index?: long, restart?: bool) -> long"],
    summary: "The number of the row in a serialized row set, from starting_index (1 when not given) on. Where restart is \
              true the counting starts anew.",
    examples: &[
        ("range a from 10 to 12 step 1 | serialize rn=row_number() | project rn", "1"),
        ("range a from 10 to 12 step 1 | serialize rn=row_number(7, a == 12) | where a == 12 | project rn", "7"),
    ],
    body: Body::Window(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let start = args.opt(0).map(|arg| arg.longs());
    let restarts = restarts(args, 1);
    let mut number = None;
    Ok(args.longs(|row| {
        let first = start.as_ref().and_then(|start| start.get(row)).unwrap_or(1);
        let this = match number {
            Some(last) if !restarts(row) => i64::wrapping_add(last, 1),
            _ => first,
        };
        number = Some(this);
        number
    }))
}
