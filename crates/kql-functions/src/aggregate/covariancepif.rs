use super::prelude::*;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "covariancepif",
    signatures: &["(expr1: summable, expr2: summable, predicate: bool) -> real"],
    summary: "The covariance, as of the population, of two values in the rows for which the predicate is true.",
    examples: &[(
        "range x from 1 to 100 step 1 | extend y = iff(x % 2 == 0, x * 2, x * 3) | summarize round(covariancepif(x, y, x % 3 == 0), 6)",
        "2077.090909",
    )],
    body: AggregateBody::FilterOf { name: "covariancep", predicate: 2 },
    ..AggregateFunction::DEFAULT
};
