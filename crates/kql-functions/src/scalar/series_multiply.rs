use super::prelude::*;
use crate::series::{self, Number};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_multiply",
    signatures: series::BINARY,
    summary: "The product of two series, element by element. One of the two may be a number, which then stands for every element. An element that is no number, or that only one of the series has, gives null. Whole numbers stay whole and wrap around on overflow.",
    examples: &[("print series_multiply(dynamic([1,2,4]), dynamic([4,2,1]))", "[4,4,4]")],
    body: Body::Eval(|args| {
        Ok(series::zip(args, |a, b| match (a, b) {
            (Number::Long(a), Number::Long(b)) => Number::Long(a.wrapping_mul(b)),
            (a, b) => Number::Real(a.real() * b.real()),
        }))
    }),
    ..ScalarFunction::DEFAULT
};
