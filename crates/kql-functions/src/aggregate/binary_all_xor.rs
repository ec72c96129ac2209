use super::prelude::*;
use super::support::bits;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "binary_all_xor",
    signatures: &["(expr: summable) -> same(0)"],
    naming: Naming::FirstArgument,
    summary: "The values of the group joined bit by bit by `xor`. Nulls are skipped; no values give null.",
    examples: &[(
        "datatable(num:long)[0x44404440, 0x1E1E1E1E, 0x90ABBA09, 0x000B105A] | summarize toupper(tohex(binary_all_xor(num)))",
        "CAFEF00D",
    )],
    body: AggregateBody::Accumulate(Accumulate {
        make: |call| bits::make(call, |a, b| a ^ b),
        state_types: bits::state_types,
    }),
    ..AggregateFunction::DEFAULT
};
