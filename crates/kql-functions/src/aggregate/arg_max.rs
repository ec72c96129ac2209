use super::prelude::*;
use super::support::best_row::{self, ARG_MAX};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "arg_max",
    signatures: &["(maximized: orderable, returned*: star scalar) -> custom"],
    returns: Some(best_row::returns),
    names: Some(|args| best_row::names(args, "max")),
    ordered: true,
    summary: "The row with the largest first argument: that value and those of the other arguments in the row. `*` stands for all columns. Of equal rows the first is taken. Rows where the first argument is null are taken only where the group has no other.",
    examples: &[
        ("datatable(k:string, v:int)['a', 1, 'b', int(null), 'c', 3] | summarize arg_max(v, k) | project k", "c"),
        ("print v = int(null), k = 'x' | summarize arg_max(v, *) | project k", "x"),
    ],
    body: AggregateBody::Accumulate(ARG_MAX),
    ..AggregateFunction::DEFAULT
};
