use super::prelude::*;
use super::support::moments::{self, Wanted};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "variance",
    signatures: &["(expr: summable) -> real"],
    summary: "The variance of the values, taken as a sample (divided by n - 1). Nulls are skipped; one value or none give 0.",
    examples: &[
        ("range x from 1 to 5 step 1 | summarize variance(x)", "2.5"),
        ("datatable(x:long)[] | summarize variance(x)", "0.0"),
    ],
    body: AggregateBody::Accumulate(Accumulate { make, state_types: moments::state_types }),
    ..AggregateFunction::DEFAULT
};

fn make(call: &AggregateCall) -> Result<Box<dyn Accumulator>, EvalError> {
    moments::make(call, false, Wanted { is_sample: true, is_root: false, nothing: Some(0.0) })
}
