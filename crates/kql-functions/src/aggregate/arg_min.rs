use super::prelude::*;
use super::support::best_row::{self, ARG_MIN};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "arg_min",
    signatures: &["(minimized: orderable, returned*: star scalar) -> custom"],
    returns: Some(best_row::returns),
    names: Some(|args| best_row::names(args, "min")),
    ordered: true,
    summary: "The row with the smallest first argument: that value and those of the other arguments in the row. `*` stands for all columns. Of equal rows the first is taken. Rows where the first argument is null are taken only where the group has no other.",
    examples: &[
        ("datatable(k:string, v:int)['a', 1, 'b', int(null), 'c', 3] | summarize arg_min(v, k) | project k", "a"),
        ("print v = int(null), k = 'x' | summarize arg_min(v, *) | project k", "x"),
    ],
    body: AggregateBody::Accumulate(ARG_MIN),
    ..AggregateFunction::DEFAULT
};
