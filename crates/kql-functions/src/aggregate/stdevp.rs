use super::prelude::*;
use super::support::moments::{self, Wanted};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "stdevp",
    signatures: &["(expr: summable) -> real"],
    summary: "The standard deviation of the values, taken as the population (divided by n). Nulls are skipped; no values give null.",
    examples: &[("range x from 1 to 5 step 1 | summarize stdevp(x)", "1.4142135623730951")],
    body: AggregateBody::Accumulate(Accumulate { make, state_types: moments::state_types }),
    ..AggregateFunction::DEFAULT
};

fn make(call: &AggregateCall) -> Result<Box<dyn Accumulator>, EvalError> {
    moments::make(call, false, Wanted { is_sample: false, is_root: true, nothing: None })
}
