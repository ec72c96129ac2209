use super::prelude::*;
use super::support::moments::{self, Wanted};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "covariancep",
    signatures: &["(expr1: summable, expr2: summable) -> real"],
    summary: "The covariance of two values, taken as the population (divided by n). Rows where one is null are skipped; no rows give null.",
    examples: &[(
        "datatable(x:real, y:real)[1.0, 14.0, 2.0, 10.0, 3.0, 17.0, 4.0, 20.0, 5.0, 50.0] | summarize covariancep(x, y)",
        "16.4",
    )],
    body: AggregateBody::Accumulate(Accumulate { make, state_types: moments::state_types }),
    ..AggregateFunction::DEFAULT
};

fn make(call: &AggregateCall) -> Result<Box<dyn Accumulator>, EvalError> {
    moments::make(call, true, Wanted { is_sample: false, is_root: false, nothing: None })
}
