use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "make_set_if",
    signatures: &["(expr: scalar, predicate: bool, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("set"),
    ordered: true,
    summary: "An array of the distinct values in the rows for which the predicate is true; nulls are left out.",
    examples: &[(
        "datatable(name:string)['John', 'Paul', 'George', 'Ringo'] | summarize make_set_if(name, strlen(name) > 4)",
        "[\"George\",\"Ringo\"]",
    )],
    body: AggregateBody::FilterOf { name: "make_set", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
