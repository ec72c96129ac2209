use super::prelude::*;
use super::support::lists::{self, Gather};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "make_bag",
    signatures: &["(expr: bag, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("bag"),
    ordered: true,
    summary: "A property bag of the members of all property bags in the group; other values are skipped. Of members of the same name the first is taken. At most `maxSize` members (1048576, which is also the most that can be asked for).",
    examples: &[(
        "datatable(p:string, v:string)['a', 'x', 'b', 'y'] | summarize make_bag(bag_pack(p, v))",
        "{\"a\":\"x\",\"b\":\"y\"}",
    )],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| lists::make(call, Gather::Bag, lists::SIZE_MAX),
        state_types: lists::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
