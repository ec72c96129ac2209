use super::prelude::*;
use super::support::lists::{self, Gather};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "make_dictionary",
    signatures: &["(expr: bag, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("dictionary"),
    ordered: true,
    summary: "A property bag of the members of all property bags in the group. An old spelling of `make_bag` that keeps 128 members where it is not told how many.",
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| lists::make(call, Gather::Bag, lists::OLD_SIZE_MAX),
        state_types: lists::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
