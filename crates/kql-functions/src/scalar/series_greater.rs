use super::prelude::*;
use crate::series;
use std::cmp::Ordering;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_greater",
    signatures: series::BINARY,
    summary: "Whether each element of the first series is greater than that of the second. One of the two may be a number, which then stands for every element. An element that is no number, or that only one of the series has, gives null.",
    examples: &[("print series_greater(dynamic([1,2,4]), dynamic([4,2,1]))", "[false,false,true]")],
    body: Body::Eval(|args| Ok(series::compare(args, |order| matches!(order, Some(Ordering::Greater))))),
    ..ScalarFunction::DEFAULT
};
