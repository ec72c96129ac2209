use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "make_bag_if",
    signatures: &["(expr: bag, predicate: bool, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("bag"),
    ordered: true,
    summary: "A property bag of the members of the property bags in the rows for which the predicate is true.",
    examples: &[(
        "datatable(p:string, v:string, ok:bool)['a', 'x', true, 'b', 'y', false] | summarize make_bag_if(bag_pack(p, v), ok)",
        "{\"a\":\"x\"}",
    )],
    body: AggregateBody::FilterOf { name: "make_bag", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
