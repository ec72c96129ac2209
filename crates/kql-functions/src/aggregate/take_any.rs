use super::prelude::*;
use super::support::any_row;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "take_any",
    signatures: &["(expr+: star scalar) -> custom"],
    returns: Some(any_row::returns),
    names: Some(|args| any_row::names(args, "any_")),
    ordered: true,
    summary: "The arguments' values in one row of the group, the first. `*` stands for all columns. A single argument is taken from the first row where it is neither null nor empty, if there is one.",
    examples: &[
        ("datatable(x:long, s:string)[1, '', 2, 'b'] | summarize take_any(s)", "b"),
        ("datatable(x:long, s:string)[1, '', 2, 'b'] | summarize take_any(s, x) | project x", "1"),
    ],
    body: AggregateBody::Accumulate(any_row::ANY),
    ..AggregateFunction::DEFAULT
};
