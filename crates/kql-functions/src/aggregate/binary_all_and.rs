use super::prelude::*;
use super::support::bits;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "binary_all_and",
    signatures: &["(expr: summable) -> same(0)"],
    naming: Naming::FirstArgument,
    summary: "The values of the group joined bit by bit by `and`. Nulls are skipped; no values give null.",
    examples: &[(
        "datatable(num:long)[0xFFFFFFFF, 0xFFFFF00F, 0xCFFFFFFD, 0xFAFEFFFF] | summarize toupper(tohex(binary_all_and(num)))",
        "CAFEF00D",
    )],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| bits::make(call, |a, b| a & b),
        state_types: bits::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
