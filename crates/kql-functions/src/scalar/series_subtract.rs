use super::prelude::*;
use crate::series::{self, Number};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_subtract",
    signatures: series::BINARY,
    summary: "The difference of two series, element by element. One of the two may be a number, which then stands for every element. An element that is no number, or that only one of the series has, gives null. Whole numbers stay whole and wrap around on overflow.",
    examples: &[("print series_subtract(dynamic([1,2,4]), dynamic([4,2,1]))", "[-3,0,3]")],
    body: Body::Eval(|args| {
        Ok(series::zip(args, |a, b| match (a, b) {
            (Number::Long(a), Number::Long(b)) => Number::Long(a.wrapping_sub(b)),
            (a, b) => Number::Real(a.real() - b.real()),
        }))
    }),
    ..ScalarFunction::DEFAULT
};
