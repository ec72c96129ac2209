use super::prelude::*;
use super::support::lists::{self, Gather};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "make_list",
    signatures: &["(expr: scalar, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("list"),
    ordered: true,
    summary: "An array of all values of the group but nulls, in the order of the rows, at most `maxSize` of them (1048576, which is also the most that can be asked for).",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize make_list(x)", "[1,2,3,4,5]"),
        ("range x from 1 to 5 step 1 | summarize make_list(x, 2)", "[1,2]"),
        ("datatable(x:long)[] | summarize make_list(x)", "[]"),
    ],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| lists::make(call, Gather::List, lists::SIZE_MAX),
        state_types: lists::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
