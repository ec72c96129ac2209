use super::prelude::*;
use super::support::lists::{self, Gather};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "makeset",
    signatures: &["(expr: scalar, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("set"),
    ordered: true,
    summary: "An array of the distinct values of the group. An old spelling of `make_set` that keeps 128 values where it is not told how many.",
    examples: &[("range x from 1 to 200 step 1 | summarize a = makeset(x) | project array_length(a)", "128")],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| lists::make(call, Gather::Set, lists::OLD_SIZE_MAX),
        state_types: lists::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
