use super::prelude::*;
use crate::series;
use std::cmp::Ordering;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_less",
    signatures: series::BINARY,
    summary: "Whether each element of the first series is less than that of the second. One of the two may be a number, which then stands for every element. An element that is no number, or that only one of the series has, gives null.",
    examples: &[("print series_less(dynamic([1,2,4]), dynamic([4,2,1]))", "[true,false,false]")],
    body: Body::Eval(|args| Ok(series::compare(args, |order| matches!(order, Some(Ordering::Less))))),
    ..ScalarFunction::DEFAULT
};
