use super::prelude::*;
use crate::series::{self, Number};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_abs",
    signatures: series::UNARY,
    summary: "The absolute value of each element of a series. An element that is null or no number gives null.",
    examples: &[("print series_abs(dynamic([-6.5,0,8.2]))", "[6.5,0,8.2]")],
    body: Body::Eval(|args| {
        Ok(series::map(args, |number| match number {
            Number::Long(value) => Number::Long(value.wrapping_abs()),
            Number::Real(value) => Number::Real(value.abs()),
        }))
    }),
    ..ScalarFunction::DEFAULT
};
