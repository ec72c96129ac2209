use super::prelude::*;
use super::support::bits;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "binary_all_or",
    signatures: &["(expr: summable) -> same(0)"],
    naming: Naming::FirstArgument,
    summary: "The values of the group joined bit by bit by `or`. Nulls are skipped; no values give null.",
    examples: &[(
        "datatable(num:long)[0x88888008, 0x42000000, 0x00767000, 0x00000005] | summarize toupper(tohex(binary_all_or(num)))",
        "CAFEF00D",
    )],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| bits::make(call, |a, b| a | b),
        state_types: bits::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
