use super::prelude::*;
use crate::series::{self, Number};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_sign",
    signatures: series::UNARY,
    summary: "The sign of each element of a series: -1, 0 or 1. An element that is null or no number gives null.",
    examples: &[("print series_sign(dynamic([-6,0,8]))", "[-1,0,1]")],
    body: Body::Eval(|args| {
        Ok(series::map(args, |number| match number {
            Number::Long(value) => Number::Long(value.signum()),
            Number::Real(value) if value == 0.0 || value.is_nan() => Number::Real(value),
            Number::Real(value) => Number::Real(value.signum()),
        }))
    }),
    ..ScalarFunction::DEFAULT
};
