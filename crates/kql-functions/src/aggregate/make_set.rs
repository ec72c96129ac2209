use super::prelude::*;
use super::support::lists::{self, Gather};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "make_set",
    signatures: &["(expr: scalar, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("set"),
    ordered: true,
    summary: "An array of the distinct values of the group but nulls, at most `maxSize` of them (1048576, which is also the most that can be asked for). Of a dynamic array, its elements are taken.",
    examples: &[
        ("datatable(x:long)[1, 2, 1] | summarize make_set(x)", "[1,2]"),
        ("print a = dynamic([1, 2, 2, 3]) | summarize make_set(a)", "[1,2,3]"),
        ("datatable(x:long)[] | summarize make_set(x)", "[]"),
    ],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| lists::make(call, Gather::Set, lists::SIZE_MAX),
        state_types: lists::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
