use super::rows::{changes, restarts};
use crate::scalar::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "row_rank_dense",
    signatures: &["(term: notdynamic, restart?: bool) -> long"],
    summary: "The rank of the row in a serialized row set: 1 for the first, and one more where the term differs from that of the \
              row before. Where restart is true the ranking starts anew.",
    examples: &[("datatable(d:long) [2, 3, 3, 100] | serialize r=row_rank_dense(d) | where d == 100 | project r", "3")],
    body: Body::Window(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let Some(term) = args.opt(0) else { return Err(EvalError::new("a term is needed")) };
    let (changes, restarts) = (changes(term, args.rows)?, restarts(args, 1));
    let mut rank = 0;
    Ok(args.longs(|row| {
        if restarts(row) {
            rank = 1;
        } else {
            rank += i64::from(changes.get(row).copied().unwrap_or(false));
        }
        Some(rank)
    }))
}
