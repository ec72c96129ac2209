use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "make_list_if",
    signatures: &["(expr: scalar, predicate: bool, maxSize?: constant integer) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("list"),
    ordered: true,
    summary: "An array of the values in the rows for which the predicate is true; nulls are left out.",
    examples: &[(
        "datatable(name:string)['John', 'Paul', 'George', 'Ringo'] | summarize make_list_if(name, strlen(name) > 4)",
        "[\"George\",\"Ringo\"]",
    )],
    body: AggregateBody::FilterOf { name: "make_list", predicate: 1 },
    ..AggregateFunction::DEFAULT
};
