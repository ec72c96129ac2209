use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "countif",
    signatures: &["(predicate: bool) -> long"],
    naming: Naming::PrefixAndFirstArgument("countif"),
    summary: "The number of rows for which the predicate is true.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize countif(x > 3)", "2"),
        ("datatable(name:string)['John', 'Paul', 'George', 'Ringo'] | summarize countif(strlen(name) > 4)", "2"),
    ],
    body: AggregateBody::FilterOf { name: "count", predicate: 0 },
    ..AggregateFunction::DEFAULT
};
