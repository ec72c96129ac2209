use super::prelude::*;
use super::support::lists::{self, Gather};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "make_list_with_nulls",
    signatures: &["(expr: scalar) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("list"),
    ordered: true,
    summary: "An array of all values of the group, nulls too, in the order of the rows.",
    examples: &[("datatable(x:int)[int(null), 4, 5] | summarize make_list_with_nulls(x)", "[null,4,5]")],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| lists::make(call, Gather::ListWithNulls, lists::SIZE_MAX),
        state_types: lists::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
