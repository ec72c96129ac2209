use super::prelude::*;
use super::support::lists::{self, Gather};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "makelist",
    signatures: &["(expr: scalar, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("list"),
    ordered: true,
    summary: "An array of all values of the group but nulls. An old spelling of `make_list` that keeps 128 values where it is not told how many.",
    examples: &[("range x from 1 to 200 step 1 | summarize a = makelist(x) | project array_length(a)", "128")],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| lists::make(call, Gather::List, lists::OLD_SIZE_MAX),
        state_types: lists::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
