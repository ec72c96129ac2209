use super::prelude::*;
use super::support::any_row;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "any",
    signatures: &[
        "(expr: scalar) -> same(0)",
        "(expr: scalar, more+: scalar) -> custom",
        "(expr: star scalar) -> custom",
    ],
    returns: Some(any_row::returns),
    names: Some(any_row::old_names),
    ordered: true,
    summary: "The arguments' values in one row of the group. An old spelling of `take_any`, which names its results otherwise: `any_x`.",
    examples: &[("datatable(x:long, s:string)[1, '', 2, 'b'] | summarize any(s) | project any_s", "b")],
    body: AggregateBody::Accumulate(any_row::ANY),
    ..AggregateFunction::DEFAULT
};
