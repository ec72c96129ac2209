use super::rows::{changes, restarts};
use crate::scalar::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "row_rank_min",
    signatures: &["(term: notdynamic, restart?: bool) -> long"],
    summary: "The rank of the row in a serialized row set: the number of the first of the rows, up to this one, that have its term. \
              Where restart is true the ranking starts anew.",
    examples: &[("datatable(d:long) [2, 3, 3, 100] | serialize r=row_rank_min(d) | where d == 100 | project r", "4")],
    body: Body::Window(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let Some(term) = args.opt(0) else { return Err(EvalError::new("a term is needed")) };
    let (changes, restarts) = (changes(term, args.rows)?, restarts(args, 1));
    let (mut number, mut rank) = (0, 0);
    Ok(args.longs(|row| {
        let is_new = restarts(row);
        number = if is_new { 1 } else { number + 1 };
        if is_new || changes.get(row).copied().unwrap_or(false) {
            rank = number;
        }
        Some(rank)
    }))
}
